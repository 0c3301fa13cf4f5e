package weights

import (
	"bytes"
	"strings"
	"testing"
)

// Each line breaks one rule; the message must name the tensor or the byte.
func TestReadRefuses(t *testing.T) {
	// tensor returns a header with one tensor of the given members.
	tensor := func(members string) string { return `{"w":{` + members + `}}` }
	shape := func(s string) string { return tensor(`"dtype":"F32","shape":` + s + `,"data_offsets":[0,4]`) }
	offsets := func(s string) string { return tensor(`"dtype":"F32","shape":[1],"data_offsets":` + s) }
	two := func(a, b string) string {
		return `{"a":{"dtype":"F32","shape":[2],"data_offsets":` + a + `},"b":{"dtype":"F32","shape":[2],"data_offsets":` + b + `}}`
	}
	const good = `{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`

	for _, c := range []struct {
		name, header string
		data         int
		want         []string
	}{
		// The text.
		{"no header", ``, 0, []string{"byte 8", "'{'"}},
		{"leading space", ` {}`, 0, []string{"byte 8", "'{'"}},
		{"byte order mark", "\ufeff{}", 0, []string{"byte 8", "'{'"}},
		{"array", `[]`, 0, []string{"byte 8", "'{'"}},
		{"not UTF-8", "{\"a\xff\":" + good + "}", 4, []string{"byte 11", "UTF-8"}},
		{"overlong UTF-8", "{\"a\xc0\xaf\":" + good + "}", 4, []string{"byte 11", "UTF-8"}},
		{"surrogate in UTF-8", "{\"\xed\xa0\x80\":" + good + "}", 4, []string{"byte 10", "UTF-8"}},
		{"UTF-8 cut", "{}\xc3", 0, []string{"byte 10", "UTF-8"}},
		{"text behind", `{} x`, 0, []string{"byte 11", "unexpected"}},
		{"second object", `{}{}`, 0, []string{"byte 10", "unexpected"}},
		{"zero byte padding", "{}\x00", 0, []string{"byte 10", "unexpected"}},
		{"not closed", `{`, 0, []string{"byte 9", "ends"}},
		{"comment", `{/**/}`, 0, []string{"byte 9", "key"}},
		{"bare key", `{w:` + good + `}`, 4, []string{"byte 9", "key"}},
		{"single quotes", `{'w':` + good + `}`, 4, []string{"byte 9", "key"}},
		{"trailing comma", `{"w":` + good + `,}`, 4, []string{"key"}},
		{"leading comma", `{,"w":` + good + `}`, 4, []string{"byte 9", "key"}},
		{"no comma", `{"a":` + good + `"b":` + good + `}`, 4, []string{"','"}},
		{"no colon", `{"w"` + good + `}`, 4, []string{"byte 12", "':'"}},
		{"key only", `{"w"}`, 0, []string{"byte 12", "':'"}},
		{"colon last", `{"w":`, 0, []string{`"w"`, "byte 13", "'{'"}},
		{"string not closed", `{"w`, 0, []string{"byte 11", "'\"'"}},
		{"escape not closed", `{"w\`, 0, []string{"byte 12", "escape"}},
		{"escaped quote last", `{"w\"`, 0, []string{"byte 13", "'\"'"}},
		{"control character", "{\"w\n\":" + good + "}", 4, []string{"byte 11", "control"}},
		{"control after escape", "{\"\\n\n\":" + good + "}", 4, []string{"byte 12", "control"}},
		{"unknown escape", `{"\x41":` + good + `}`, 4, []string{"byte 11", "backslash"}},
		{"short \\u", `{"\u12":` + good + `}`, 4, []string{"byte 14", "hexadecimal"}},
		{"\\u at the end", `{"\u12`, 4, []string{"byte 14", "hexadecimal"}},
		{"high surrogate", `{"\ud800":` + good + `}`, 4, []string{"surrogate"}},
		{"low surrogate", `{"\udc00":` + good + `}`, 4, []string{"surrogate"}},
		{"two high", `{"\ud800\ud800":` + good + `}`, 4, []string{"surrogate"}},
		{"high and other escape", `{"\ud800\n":` + good + `}`, 4, []string{"surrogate"}},
		{"high and bad \\u", `{"\ud800\uzz":` + good + `}`, 4, []string{"hexadecimal"}},

		// Names and keys.
		{"duplicate name", `{"w":` + good + `,"w":` + good + `}`, 4, []string{`"w"`, "twice"}},
		{"duplicate name, zero size", `{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0, []string{`"w"`, "twice"}},
		{"duplicate by escape", `{"w":` + good + `,"\u0077":` + good + `}`, 4, []string{`"w"`, "twice"}},
		{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, 0, []string{"__metadata__", "twice"}},
		{"metadata key twice", `{"__metadata__":{"k":"","\u006b":"v"}}`, 0, []string{`"k"`, "twice"}},
		{"metadata null", `{"__metadata__":null}`, 0, []string{"byte 24", "'{'"}},
		{"metadata array", `{"__metadata__":["k"]}`, 0, []string{"byte 24", "'{'"}},
		{"metadata number", `{"__metadata__":{"k":1}}`, 0, []string{`"k"`, "string"}},
		{"metadata null value", `{"__metadata__":{"k":null}}`, 0, []string{`"k"`, "string"}},
		{"metadata nested", `{"__metadata__":{"k":{}}}`, 0, []string{`"k"`, "string"}},
		{"tensor null", `{"w":null}`, 0, []string{`"w"`, "'{'"}},
		{"tensor empty", tensor(``), 4, []string{`"w"`, "no dtype"}},
		{"no dtype", tensor(`"shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, "no dtype"}},
		{"no shape", tensor(`"dtype":"F32","data_offsets":[0,4]`), 4, []string{`"w"`, "no shape"}},
		{"no offsets", tensor(`"dtype":"F32","shape":[1]`), 4, []string{`"w"`, "no data_offsets"}},
		{"dtype twice", tensor(`"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, `"dtype"`, "twice"}},
		{"shape twice", tensor(`"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, `"shape"`, "twice"}},
		{"offsets twice", tensor(`"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]`), 4, []string{`"w"`, `"data_offsets"`, "twice"}},
		{"unknown key", tensor(`"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]`), 4, []string{`"w"`, `"stride"`, "unknown"}},
		{"key case", tensor(`"Dtype":"F32","shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, `"Dtype"`, "unknown"}},

		// The dtype.
		{"F16", tensor(`"dtype":"F16","shape":[2],"data_offsets":[0,4]`), 4, []string{`"w"`, `"F16"`, "only F32"}},
		{"F64", tensor(`"dtype":"F64","shape":[1],"data_offsets":[0,8]`), 8, []string{`"w"`, `"F64"`}},
		{"I32", tensor(`"dtype":"I32","shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, `"I32"`}},
		{"f32", tensor(`"dtype":"f32","shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, `"f32"`}},
		{"dtype number", tensor(`"dtype":32,"shape":[1],"data_offsets":[0,4]`), 4, []string{`"w"`, "string"}},

		// Numbers.
		{"negative dimension", shape(`[-1]`), 4, []string{`"w"`, "sign", "shape"}},
		{"two negative", shape(`[-1,-1]`), 4, []string{`"w"`, "sign"}},
		{"minus zero", shape(`[-0]`), 4, []string{`"w"`, "sign"}},
		{"plus", shape(`[+1]`), 4, []string{`"w"`, "sign"}},
		{"float", shape(`[1.0]`), 4, []string{`"w"`, "point"}},
		{"exponent", shape(`[1e0]`), 4, []string{`"w"`, "exponent"}},
		{"Exponent", shape(`[1E0]`), 4, []string{`"w"`, "exponent"}},
		{"leading zero", shape(`[01]`), 4, []string{`"w"`, "leading zero"}},
		{"hexadecimal", shape(`[0x1]`), 4, []string{`"w"`, "','"}},
		{"string number", shape(`["1"]`), 4, []string{`"w"`, "whole number"}},
		{"null number", shape(`[null]`), 4, []string{`"w"`, "whole number"}},
		{"NaN", shape(`[NaN]`), 4, []string{`"w"`, "whole number"}},
		{"nested", shape(`[[1]]`), 4, []string{`"w"`, "whole number"}},
		{"trailing comma in shape", shape(`[1,]`), 4, []string{`"w"`, "whole number"}},
		{"shape number", shape(`1`), 4, []string{`"w"`, "'['"}},
		{"shape null", shape(`null`), 4, []string{`"w"`, "'['"}},
		{"two numbers without comma", shape(`[1 1]`), 4, []string{`"w"`, "','"}},
		{"2^64 wraps to 0", shape(`[18446744073709551616]`), 0, []string{`"w"`, "exceeds"}},
		{"2^64+1 wraps to 1", shape(`[18446744073709551617]`), 4, []string{`"w"`, "exceeds"}},
		{"2^32+1 wraps to 1", shape(`[4294967297]`), 4, []string{`"w"`, "exceeds"}},
		{"forty digits", shape(`[` + strings.Repeat("9", 40) + `]`), 4, []string{`"w"`, "exceeds"}},
		{"2^63", offsets(`[0,9223372036854775808]`), 4, []string{`"w"`, "exceeds", "data_offsets"}},

		// Shapes.
		{"rank 9", shape(`[1,1,1,1,1,1,1,1,1]`), 4, []string{`"w"`, "more than 8"}},
		{"2^33 x 2^33", shape(`[8589934592,8589934592]`), 4, []string{`"w"`, "8589934592", "exceeds"}},
		{"2^31 x 2^33", shape(`[2147483647,8589934592]`), 4, []string{`"w"`, "exceeds"}},
		{"2^64 elements wrap to 0", shape(`[65536,65536,65536,65536]`), 0, []string{`"w"`, "overflow"}},
		{"2^62 elements wrap to 0 bytes", tensor(`"dtype":"F32","shape":[2097152,2097152,1048576],"data_offsets":[0,0]`), 0, []string{`"w"`, "overflow"}},
		{"overflow, zero first", tensor(`"dtype":"F32","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,0]`), 0, []string{`"w"`, "overflow"}},
		{"overflow, zero last", tensor(`"dtype":"F32","shape":[2147483647,2147483647,2147483647,0],"data_offsets":[0,0]`), 0, []string{`"w"`, "overflow"}},

		// Offsets.
		{"one offset", offsets(`[4]`), 4, []string{`"w"`, "begin and end"}},
		{"no offset", offsets(`[]`), 4, []string{`"w"`, "begin and end"}},
		{"three offsets", offsets(`[0,2,4]`), 4, []string{`"w"`, "more than 2"}},
		{"end before begin", offsets(`[4,0]`), 4, []string{`"w"`, "before"}},
		{"negative begin", offsets(`[-4,0]`), 4, []string{`"w"`, "sign"}},
		{"too few bytes", offsets(`[0,3]`), 3, []string{`"w"`, "3 bytes", "takes 4"}},
		{"too many bytes", offsets(`[0,8]`), 8, []string{`"w"`, "8 bytes", "takes 4"}},
		{"zero size with bytes", tensor(`"dtype":"F32","shape":[0],"data_offsets":[0,4]`), 4, []string{`"w"`, "takes 0"}},
		{"hole in front", offsets(`[4,8]`), 8, []string{`"w"`, "hole", "byte 4"}},
		{"hole between", two(`[0,8]`, `[12,20]`), 20, []string{`"b"`, "hole", "12"}},
		{"overlap", two(`[0,8]`, `[4,12]`), 12, []string{`"b"`, "overlap"}},
		{"same bytes", two(`[0,8]`, `[0,8]`), 8, []string{`"b"`, "overlap"}},
		{"overlap, other order", two(`[4,12]`, `[0,8]`), 12, []string{`"a"`, "overlap"}},
		{"hole behind zero size", `{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}`, 4, []string{`"a"`, "hole"}},
		{"data missing", two(`[0,8]`, `[8,16]`), 15, []string{`"b"`, "ends early"}},
		{"no data", offsets(`[0,4]`), 0, []string{`"w"`, "ends early"}},
		{"data left over", offsets(`[0,4]`), 5, []string{"goes on"}},
		{"data without tensor", `{}`, 1, []string{"byte 10", "goes on"}},
	} {
		for how, r := range readers(raw(c.header, c.data)) {
			f, err := Read(r, noLimit)
			if f != nil || err == nil {
				t.Errorf("%s, %s: Read = %v, %v; want an error", c.name, how, f, err)
				continue
			}
			t.Run(c.name, func(t *testing.T) { wantErr(t, err, ErrFormat, c.want...) })
		}
	}
}

// Offsets at the end of the 64-bit range must not wrap when the header is added.
func TestReadOffsetsNearOverflow(t *testing.T) {
	header := `{"a":{"dtype":"F32","shape":[2147483647,1073741824],"data_offsets":[0,9223372032559808512]},` +
		`"b":{"dtype":"F32","shape":[1073741823],"data_offsets":[9223372032559808512,9223372036854775804]}}`
	f, err := Read(bytes.NewReader(raw(header, 64)), noLimit)
	wantErr(t, err, ErrTooLarge, "beyond byte")
	if f != nil {
		t.Errorf("Read = %v, want nil", f)
	}
}

func TestReadHeaderCap(t *testing.T) {
	_, err := Read(bytes.NewReader(raw("{}"+strings.Repeat(" ", MaxHeader-2), 0)), noLimit)
	if err != nil {
		t.Errorf("a header of MaxHeader bytes: %v", err)
	}
	_, err = Read(bytes.NewReader(raw("{}"+strings.Repeat(" ", MaxHeader-1), 0)), noLimit)
	wantErr(t, err, ErrFormat, "byte 0", "16777217", "16777216")
}
