package torchfile

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/testkit"
)

// check opens b, reads all tensors, and holds both to the promises: an error that wraps
// ErrFormat or a consistent File, memory, and time.
func check(t testing.TB, b []byte) (*File, error) {
	t.Helper()
	var f *File
	var err error
	var data [][]float32
	start := time.Now()
	used := testkit.Allocated(func() {
		if f, err = open(b); err != nil {
			return
		}
		for _, x := range f.Tensors() {
			var list []float32
			if list, err = x.Float32s(); err != nil {
				return
			}
			data = append(data, list)
		}
	})
	if most := uint64(4*len(b) + 1<<20); used > most && !testkit.RaceEnabled { // the detector allocates too
		t.Errorf("%d bytes allocated for a file of %d, want at most %d (%v)", used, len(b), most, err)
	}
	// A hang takes forever; the rest is for emulators on busy machines.
	if d := time.Since(start); d > time.Minute {
		t.Errorf("%v for a file of %d bytes", d, len(b))
	}
	if err != nil {
		if err2 := fmt.Sprint(err); len(err2) > 2000 {
			t.Errorf("an error of %d bytes", len(err2))
		}
		wantErr(t, "file", err)
		return nil, err
	}
	names := make(map[string]bool)
	for i, x := range f.Tensors() {
		n := 1
		for _, d := range x.Shape {
			n *= d
		}
		if n != len(data[i]) || names[x.Name] {
			t.Errorf("tensor %q of shape %v has %d numbers; its name is taken: %v", x.Name, x.Shape, len(data[i]), names[x.Name])
		}
		names[x.Name] = true
	}
	return f, nil
}

// one is a file with one tensor of four numbers.
func one(tensor string) []byte {
	return archiveOf(pickled(dictOf("w", tensor)), floats(4)).bytes()
}

func plain() string { return tensorOf(stored(floatStorage, "0", 4), 0, []int{4}, []int{1}) }

// The builders of these tests build what is read.
func TestBuilt(t *testing.T) {
	z := archiveOf(pickled(dictOf("w", plain())), floats(4))
	for _, zip64 := range []bool{false, true} {
		z.zip64 = zip64
		f, err := check(t, z.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := f.Tensors()[0].Float32s(); len(data) != 4 || data[3] != math.Float32frombits(0x3f800003) {
			t.Errorf("got %v", data)
		}
	}
	older := olderOf(pickled(dictOf("w", tensorOf(stored(floatStorage, "5", 4, "N"), 1, []int{3}, []int{1}), "v", tensorOf(stored(floatStorage, "5", 4, tuple(str("6"), num(2), num(2))), 1, []int{1}, []int{1}))),
		pickled("]("+str("5")+"e"), counted(4, floats(4)))
	f, err := check(t, older)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := f.Tensors()[1].Float32s(); len(data) != 1 || data[0] != math.Float32frombits(0x3f800003) {
		t.Errorf("a view of a view is %v", data)
	}
}

// Big-endian storages, and tensors with a dtype of an untyped storage, as PyTorch 2 has them.
func TestPyTorch2(t *testing.T) {
	v3 := func(dtype string, n int) string {
		return call(class("torch._utils", "_rebuild_tensor_v3"), stored(class("torch.storage", "UntypedStorage"), "0", 4), num(0), tuple(num(n)), tuple(num(1)),
			"\x89", call(class("collections", "OrderedDict")), class("torch", dtype))
	}
	for _, c := range []struct {
		pickle, data, order string
		want                []float32
	}{
		{plain1(class("torch", "ShortStorage"), 2), "\x01\x02\x03\x04", "big", []float32{0x102, 0x304}},
		{plain1(class("torch", "ShortStorage"), 2), "\x01\x02\x03\x04", "little", []float32{0x201, 0x403}},
		{v3("uint16", 2), "\x01\xff\x03\x04", "little", []float32{0xff01, 0x403}},
		{v3("uint32", 1), "\x01\x00\x00\xff", "little", []float32{0xff000001}},
		{v3("bool", 4), "\x01\x00\x00\xff", "little", []float32{1, 0, 0, 1}},
	} {
		z := archiveOf(pickled(dictOf("w", c.pickle)), c.data)
		z.add("m/byteorder", c.order)
		z.add("m/.data/serialization_id", "12345")
		f, err := check(t, z.bytes())
		if err != nil {
			t.Error(err)
			continue
		}
		if got, _ := f.Tensors()[0].Float32s(); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("got %v, want %v", got, c.want)
		}
	}
	_, err := check(t, archiveOf(pickled(dictOf("w", v3("float8_e4m3fn", 4))), "1234").bytes())
	wantErr(t, "float8", err, `"torch.float8_e4m3fn" ("w")`)
	z := archiveOf(pickled(dictOf("w", plain())), floats(4))
	z.add("m/byteorder", "middle")
	_, err = check(t, z.bytes())
	wantErr(t, "byteorder", err, `byteorder, byte 6: found "middle"`)
}

// plain1 is a tensor of all n numbers of a storage of a class.
func plain1(class_ string, n int) string {
	return tensorOf(stored(class_, "0", n), 0, []int{n}, []int{1})
}

// Pickles that lie, repeat themselves or want more than there is.
func TestHostilePickles(t *testing.T) {
	const most = 1<<31 - 1
	bomb := "}" // each level has the one below twice: 2^40 values
	list := "]q\x00"
	for i := range 40 {
		list += fmt.Sprintf("0](h%ch%ceq%c", i, i, i+1)
	}
	for name, c := range map[string]struct {
		pickle string
		words  []string
	}{
		"protocol 0":          {"(dp0\n.", []string{"protocol 2"}},
		"protocol 6":          {"\x80\x06}.", []string{"protocol 6"}},
		"no STOP":             {"\x80\x02}", []string{"ends early"}},
		"left over":           {"\x80\x02}}.", []string{"left on the stack"}},
		"two pickles":         {"\x80\x02}.\x80\x02}.", []string{"more than one pickle"}},
		"empty stack":         {"\x80\x02.", []string{"nothing on the stack"}},
		"pop below a mark":    {"\x80\x02N(R.", []string{"nothing on the stack"}},
		"no mark":             {"\x80\x02Nt.", []string{"no mark"}},
		"frame":               {"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff}.", []string{"frame of 18446744073709551615 bytes"}},
		"long frame":          {"\x80\x04\x95\x00\x00\x01\x00\x00\x00\x00\x00}.", []string{"frame of 65536 bytes, but 2 are left"}},
		"LONG4":               {pickled("\x8b\xff\xff\xff\x7f"), []string{"integer of 2147483647 bytes"}},
		"LONG4, negative":     {pickled("\x8b\xff\xff\xff\xff"), []string{"integer of 4294967295 bytes"}},
		"LONG1":               {pickled("\x8a\xff"), []string{"255 bytes, but 1 are left"}},
		"BINUNICODE":          {pickled("X\xff\xff\xff\xff"), []string{"4294967295 bytes, but 1 are left"}},
		"BINUNICODE8":         {pickled("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), []string{"18446744073709551615 bytes, but 1 are left"}},
		"BINUNICODE8, 2^63":   {pickled("\x8d\x00\x00\x00\x00\x00\x00\x00\x80"), []string{"9223372036854775808 bytes"}},
		"BINBYTES8":           {pickled("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"), []string{"9223372036854775807 bytes"}},
		"BYTEARRAY8":          {pickled("\x96\x00\x00\x00\x00\x01\x00\x00\x00"), []string{"4294967296 bytes"}},
		"memo index":          {pickled("}r\xff\xff\xff\xff"), []string{"memo index 4294967295"}},
		"memo, not set":       {pickled("h\x05"), []string{"memo index 5 is not set"}},
		"memo, a gap":         {pickled("}q\x05h\x04"), []string{"memo index 4 is not set"}},
		"opcode":              {pickled("\x97"), []string{"data.pkl, byte 2: opcode 0x97"}},
		"INST":                {pickled("(ios\nsystem\n"), []string{"opcode 0x69"}},
		"EXT1":                {pickled("\x82\x01"), []string{"opcode 0x82"}},
		"long line":           {pickled("c" + strings.Repeat("x", 300) + "\ny\n"), []string{"a line of more than 255"}},
		"many values":         {"\x80\x02(" + strings.Repeat("N", 1<<20) + "t.", []string{"more memory than a file"}},
		"many marks":          {"\x80\x02" + strings.Repeat("(", 1<<20) + "t.", []string{"more memory"}},
		"many memos":          {"\x80\x04N" + strings.Repeat("\x94", 1<<20) + ".", []string{"more memory"}},
		"many dicts":          {"\x80\x04(" + strings.Repeat("}", 1<<19) + "t.", []string{"more memory"}},
		"deep":                {"\x80\x04" + strings.Repeat("]", 1000) + strings.Repeat("a", 999) + ".", []string{"64 deep"}},
		"deep tuple":          {pickled(dictOf("a", ")"+strings.Repeat("\x85", 1000))), []string{"64 deep"}},
		"itself":              {pickled("]q\x00h\x00a"), []string{"64 deep"}},
		"itself, dict":        {pickled("}q\x00" + str("a") + "h\x00s"), []string{"64 deep"}},
		"itself, beside":      {pickled(dictOf("state_dict", dictOf("w", plain()), "x", "]q\x00h\x00a")), []string{"64 deep"}},
		"bomb":                {pickled(dictOf("a", list)), []string{"more memory"}},
		"bomb, beside":        {pickled(dictOf("state_dict", dictOf("w", plain()), "x", list)), []string{"more memory"}},
		"bomb, object":        {pickled(dictOf("x", call(class("a", "B"), list))), []string{"more memory"}},
		"bomb of dicts":       {pickled(strings.ReplaceAll(bomb, "]", "}")), []string{"no tensors"}},
		"call of a call":      {pickled(call(call(class("a", "b")))), []string{`class "a.b"`}},
		"call of a number":    {pickled("K\x01)R"), []string{"a call of what is no class"}},
		"arguments":           {pickled(class("a", "b") + "]" + "NR"), []string{"no tuple"}},
		"OrderedDict":         {pickled(call(class("collections", "OrderedDict"), num(1))), []string{"OrderedDict"}},
		"os.system":           {pickled(call(class("os", "system"), str("id"))), []string{`"os.system"`, "hostile"}},
		"nested name":         {"\x80\x04" + str("torch.serialization") + str("os.system") + "\x93" + str("id") + "\x85R.", []string{`"torch.serialization.os.system"`, "hostile"}},
		"NEWOBJ":              {pickled(class("subprocess", "Popen") + tuple(str("id")) + "\x81"), []string{`"subprocess.Popen"`, "hostile"}},
		"NEWOBJ_EX":           {"\x80\x04" + class("subprocess", "Popen") + tuple(str("id")) + "}\x92.", []string{`"subprocess.Popen"`, "hostile"}},
		"hostile beside":      {pickled(dictOf("state_dict", dictOf("w", plain()), "x", call(class("__builtin__", "exec"), str("1")))), []string{`"__builtin__.exec"`, "hostile"}},
		"BUILD":               {pickled(class("os", "environ") + "}b"), []string{"a state for what is no object"}},
		"items of a tensor":   {pickled(dictOf("w", plain()+str("a")+"Ns")), []string{"items set in what is no dict"}},
		"appended to a dict":  {pickled("}Na"), []string{"no list"}},
		"key without a value": {pickled("}(Nu"), []string{"a key without a value"}},
		"persistent id":       {pickled("NQ"), []string{"no storage's"}},
		"storage, no class":   {pickled(stored(str("x"), "0", 4)), []string{"without a class"}},
		"storage key":         {pickled(stored(floatStorage, "../0", 4)), []string{`"../0" is no name`}},
		"storage missing":     {pickled(stored(floatStorage, "1", 4)), []string{`storage "1" is not in the archive`}},
		"storage too long":    {pickled(stored(floatStorage, "0", 5)), []string{"16 bytes in the archive, but 5 numbers"}},
		"storage huge":        {pickled(stored(floatStorage, "0", most)), []string{"more numbers than the file has"}},
		"storage negative":    {pickled(stored(floatStorage, "0", -1)), []string{"or less than none"}},
		"two types":           {pickled(dictOf("w", plain(), "v", plain1(class("torch", "IntStorage"), 4))), []string{"4 numbers of I32, but of another class"}},
		"two classes":         {pickled(dictOf("w", plain(), "v", plain1(class("torch", "QInt32Storage"), 4))), []string{"of another class"}},
		"two classes, other":  {pickled(dictOf("v", plain1(class("torch", "QInt32Storage"), 4), "w", plain())), []string{"class torch.QInt32Storage before"}},
		"a view's own class":  {pickled(dictOf("w", plain1(class("numpy", "FloatStorage"), 4))), []string{`"numpy.FloatStorage" ("w")`}},
		"no storage":          {pickled(tensorOf(num(1), 0, []int{1}, []int{1})), []string{"no storage"}},
		"beyond":              {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{5}, []int{1})), []string{"ends beyond its storage"}},
		"beyond by offset":    {pickled(tensorOf(stored(floatStorage, "0", 4), 1, []int{4}, []int{1})), []string{"ends beyond its storage"}},
		"beyond by stride":    {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{2}, []int{4})), []string{"ends beyond its storage"}},
		"offset":              {pickled(tensorOf(stored(floatStorage, "0", 4), 5, []int{1}, []int{1})), []string{"at number 5"}},
		"offset negative":     {pickled(tensorOf(stored(floatStorage, "0", 4), -1, []int{1}, []int{1})), []string{"at number -1"}},
		"stride negative":     {pickled(tensorOf(stored(floatStorage, "0", 4), 3, []int{2}, []int{-1})), []string{"out of range"}},
		"size negative":       {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{-1}, []int{1})), []string{"out of range"}},
		"size overflows":      {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{most, most, most}, []int{0, 0, 0})), []string{"overflows"}},
		"size wraps to 0":     {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{1 << 30, 1 << 30, 16}, []int{0, 0, 0})), []string{"overflows"}},
		"stride wraps":        {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{5, 2}, []int{most, most})), []string{"ends beyond"}},
		"expanded":            {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{1 << 20}, []int{0})), []string{"more numbers than a file"}},
		"overlaps":            {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{2, 2}, []int{1, 1})), []string{"overlaps itself"}},
		"rank":                {pickled(tensorOf(stored(floatStorage, "0", 4), 0, make([]int, 9), make([]int, 9))), []string{"9 dimensions"}},
		"rank differs":        {pickled(tensorOf(stored(floatStorage, "0", 4), 0, []int{4}, nil)), []string{"other arguments"}},
		"two names":           {pickled(dictOf("w", plain(), "w", plain())), []string{`two values are called "w"`}},
		"two names, joined":   {pickled(dictOf("a.b", plain(), "a", dictOf("b", plain()))), []string{`two values are called "a.b"`}},
		"a key":               {pickled("}(" + tuple() + plain() + "u"), []string{"a key that is no string"}},
		"a name":              {pickled(dictOf("\xff", plain())), []string{"UTF-8"}},
		"not in the pickle":   {pickled(dictOf("w", num(1))), []string{`storage "0" is in the archive, but not in the pickle`}},
	} {
		z := archiveOf(c.pickle, floats(4))
		if !strings.Contains(c.pickle, "torage") && !strings.Contains(name, "not in") {
			z.members = slices.Delete(z.members, 1, 2)
		}
		_, err := check(t, z.bytes())
		wantErr(t, name, err, c.words...)
	}
	// Many views of one storage are more than the file warrants together.
	storage := floats(1 << 20)
	var views []string
	for i := range 5 {
		views = append(views, fmt.Sprint(i), tensorOf(stored(floatStorage, "0", 1<<20), 0, []int{1 << 20}, []int{1}))
	}
	_, err := check(t, archiveOf(pickled(dictOf(views...)), storage).bytes())
	wantErr(t, "views", err, `tensor "4"`, "more memory")
}

// Archives that lie.
func TestHostileArchives(t *testing.T) {
	for name, c := range map[string]struct {
		change func(z *zipSpec)
		words  []string
	}{
		"absolute":        {func(z *zipSpec) { z.add("/etc/passwd", "x") }, []string{`"/etc/passwd"`, "no path within"}},
		"dotted":          {func(z *zipSpec) { z.add("m/../x", "x") }, []string{`"m/../x"`, "no path within"}},
		"dot":             {func(z *zipSpec) { z.add("m/./x", "x") }, []string{"no path within"}},
		"backslash":       {func(z *zipSpec) { z.add(`m\x`, "x") }, []string{"no path within"}},
		"no name":         {func(z *zipSpec) { z.add("", "x") }, []string{"no path within"}},
		"outside":         {func(z *zipSpec) { z.add("n/data/1", "x") }, []string{`"n/data/1"`, "outside of"}},
		"twice":           {func(z *zipSpec) { z.add("m/data/0", "x") }, []string{`"m/data/0" is twice`}},
		"two pickles":     {func(z *zipSpec) { z.add("n/data.pkl", pickled("}")) }, []string{"outside of"}},
		"deflated":        {func(z *zipSpec) { z.members[1].method = 8 }, []string{`"data/0"`, "compressed"}},
		"encrypted":       {func(z *zipSpec) { z.members[1].flags = 1 }, []string{"encrypted"}},
		"TorchScript":     {func(z *zipSpec) { z.add("m/constants.pkl", "x"); z.members[1].method = 8 }, []string{"TorchScript"}},
		"no pickle":       {func(z *zipSpec) { z.members = z.members[1:] }, []string{"no NAME/data.pkl"}},
		"other name":      {func(z *zipSpec) { z.members[1].local = "m/data/1" }, []string{"another name"}},
		"other length":    {func(z *zipSpec) { z.members[1].local = "m/data/10" }, []string{"not the one of the directory"}},
		"overlap":         {func(z *zipSpec) { z.members[0].packed += 20; z.members[0].size += 20; z.members[0].crc = 0 }, []string{"overlap at byte"}},
		"too long":        {func(z *zipSpec) { z.members[2].packed += 50; z.members[2].size += 50 }, []string{"but the directory begins at"}},
		"sizes":           {func(z *zipSpec) { z.members[1].packed = 15 }, []string{"of 16 and 15 bytes"}},
		"storage cut":     {func(z *zipSpec) { z.members[1].packed, z.members[1].size = 15, 15 }, []string{`storage "0" has 15 bytes`}},
		"place":           {func(z *zipSpec) { z.members[1].at = 1 }, []string{"not the one of the directory"}},
		"place beyond":    {func(z *zipSpec) { z.members[1].at = 1 << 20 }, []string{"beyond the archive's members"}},
		"place huge":      {func(z *zipSpec) { z.zip64, z.members[1].at = true, math.MinInt64 }, []string{"beyond all files"}},
		"size huge":       {func(z *zipSpec) { z.zip64 = true; z.members[1].packed = 1 << 63; z.members[1].size = 1 << 63 }, []string{"beyond all files"}},
		"size wraps":      {func(z *zipSpec) { z.zip64 = true; z.members[1].packed = 1 << 61; z.members[1].size = 1 << 61 }, []string{"but the directory begins at"}},
		"checksum":        {func(z *zipSpec) { z.members[1].crc ^= 4 }, []string{"checksum", "damaged"}},
		"pickle checksum": {func(z *zipSpec) { z.members[0].crc ^= 4 }, []string{"data.pkl: its bytes have checksum"}},
		"count":           {func(z *zipSpec) { z.count = 1 }, []string{"ends early"}},
		"count, less":     {func(z *zipSpec) { z.count-- }, []string{"more than the 2 members"}},
		"count, huge":     {func(z *zipSpec) { z.zip64, z.count = true, 1<<63 }, []string{"ends early"}},
		"directory":       {func(z *zipSpec) { z.start = 1 }, []string{"directory of the zip archive is said"}},
		"directory, huge": {func(z *zipSpec) { z.zip64, z.start = true, 1<<63 }, []string{"directory of the zip archive is said"}},
		"comment":         {func(z *zipSpec) { z.end = "x" }, []string{"followed by something"}},
	} {
		z := archiveOf(pickled(dictOf("w", plain())), floats(4))
		c.change(z)
		_, err := check(t, z.bytes())
		wantErr(t, name, err, c.words...)
	}
	// torch.save may leave checksums out.
	z := archiveOf(pickled(dictOf("w", plain())), floats(4))
	z.members[0].crc, z.members[1].crc = 0, 0
	if _, err := check(t, z.bytes()); err != nil {
		t.Error(err)
	}
	z = new(zipSpec)
	for i := range 1 << 14 {
		z.add(fmt.Sprint(i), "")
	}
	_, err := check(t, z.bytes())
	wantErr(t, "many members", err, "")
}

// Files of the older form that lie.
func TestHostileOlder(t *testing.T) {
	w := func(storage string) string {
		return pickled(dictOf("w", tensorOf(storage, 0, []int{2}, []int{1})))
	}
	good := stored(floatStorage, "5", 4, "N")
	keys := pickled("](" + str("5") + "e")
	for name, c := range map[string]struct {
		object, keys, storages string
		words                  []string
	}{
		"count":        {w(good), keys, counted(5, floats(5)), []string{`storage "5" has 5 numbers, but 4`}},
		"cut":          {w(good), keys, counted(4, floats(3)), []string{"16 bytes, but 12 are left"}},
		"no count":     {w(good), keys, "\x04", []string{"ends early"}},
		"no keys":      {w(good), pickled("]"), "", []string{`storage "5" is in the pickle, but not in the file`}},
		"other key":    {w(good), pickled("](" + str("6") + "e"), counted(4, floats(4)), []string{`storage "6", which is not in the pickle`}},
		"key twice":    {w(good), pickled("](" + str("5") + str("5") + "e"), strings.Repeat(counted(4, floats(4)), 2), []string{"was there already"}},
		"keys no list": {w(good), pickled("N"), "", []string{"no list"}},
		"more":         {w(good), keys, counted(4, floats(5)), []string{"goes on"}},
		"view":         {w(stored(floatStorage, "5", 4, tuple(str("6"), num(3), num(2)))), keys, counted(4, floats(4)), []string{"a view that is not within"}},
		"view, size":   {w(stored(floatStorage, "5", 4, tuple(str("6"), num(3), num(1)))), keys, counted(4, floats(4)), []string{"ends beyond its storage"}},
		"id in keys":   {w(good), pickled(good), counted(4, floats(4)), []string{"outside of the object"}},
		"complex":      {w(stored(class("torch", "ComplexFloatStorage"), "5", 4, "N")), keys, counted(4, floats(8)), []string{"torch.ComplexFloatStorage"}},
	} {
		_, err := check(t, olderOf(c.object, c.keys, c.storages))
		wantErr(t, name, err, c.words...)
	}
	_, err := check(t, []byte(pickled("M\xe8\x03")+pickled("}")))
	wantErr(t, "magic", err, "not from torch.save")
}
