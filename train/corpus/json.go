package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/apierror"
)

// readRecipes reads a JSON list of recipe objects, which begins at byte at of the
// unpacked data, one record in memory at a time.
//
// Three passes share the work: jsonList finds where a record ends by counting
// brackets, encoding/json checks that the record is well formed, and recipeText
// picks out the two members. The last one knows that the record is valid, so it can
// walk the bytes without decoding what it does not need; a hostile record then costs
// no more memory than its size.
func (r *reader) readRecipes(in *bufio.Reader, at int64, auto bool) error {
	list := jsonList{
		in: in, at: at, line: 1, recordAt: at, recordLine: 1,
		things: "recipes", object: "an object with title and directions",
	}
	var text []byte
	kept, first, err := r.readRecords(&list, auto, func(record []byte) (keep bool, err error) {
		if text, keep, err = r.recipeText(text[:0], record); err == nil && keep {
			err = r.docs.add(text)
		}
		return keep, err
	})
	switch {
	case err != nil || kept > 0:
		return err
	case r.file.Skipped > 0:
		return emptyErrorf(`nothing to learn from: no record of %d has both "title" and "directions"; the members of the first are %s: if one of them holds the text, name it with %s`,
			r.file.Skipped, memberNames(first), option("Field"))
	}
	return emptyErrorf("nothing to learn from: the list of recipes is empty")
}

// readRecords calls take with each record of a list, and counts those that it keeps and
// those that it does not, of which first is the first if it comes before all others. With
// auto the list may be a text that begins like one.
func (r *reader) readRecords(list *jsonList, auto bool, take func(record []byte) (keep bool, err error)) (kept int, first []byte, err error) {
	for n := 0; ; n++ {
		list.maxDoc = r.docs.room(r.o.MaxDocBytes)
		record, err := list.next()
		if err == io.EOF {
			return kept, first, nil
		}
		if err == errLongRecord {
			err = r.tooLarge("the record", list.maxDoc)
		}
		if err == nil {
			var keep bool
			keep, err = take(record)
			switch {
			case err == nil && keep:
				kept++
			case err == nil:
				if r.file.Skipped == 0 && kept == 0 {
					first = bytes.Clone(record)
				}
				r.file.Skipped++
			}
		}
		if err == nil {
			continue
		}
		var syntax *jsonSyntaxError
		switch {
		case errors.As(err, &syntax) && auto && (n == 0 || list.any): // it may be a text that begins like a list
			return 0, nil, otherText(fmt.Sprintf("malformed JSON in record %d, %v", n, syntax))
		case errors.As(err, &syntax):
			return 0, nil, fmt.Errorf("malformed JSON in record %d, %w", n, syntax)
		}
		return 0, nil, apierror.Errorf("record %d (line %d, byte %d): %w", n, list.recordLine, list.recordAt, err)
	}
}

// errLongRecord is the error for a record of more than jsonList.maxDoc bytes.
var errLongRecord = errors.New("record too long")

// A jsonSyntaxError is a place where the data is not JSON, or not a list.
type jsonSyntaxError struct {
	at   int64 // byte of the unpacked data, from 0
	line int   // from 1
	what string
	end  bool // the data ends before the list does
	from int  // the line in which the record begins, or 0 outside one
}

func (e *jsonSyntaxError) Error() string {
	text := fmt.Sprintf("line %d, byte %d: %s", e.line, e.at, e.what)
	if 0 < e.from && e.from < e.line {
		text += fmt.Sprintf(" (the record begins in line %d)", e.from)
	}
	return text
}

// A jsonList cuts a JSON list into its elements.
type jsonList struct {
	in     *bufio.Reader
	maxDoc int
	opened bool

	things string // what the records are, for errors
	object string // the form of a record, for errors
	any    bool   // a record may be any value, not an object alone
	lines  bool   // there is no list, but one value after the other

	at         int64 // of the next byte
	line       int
	record     []byte
	recordAt   int64
	recordLine int
}

// next returns the next element, a JSON object unless any is set, valid until the following
// call; or io.EOF after the end of a list that nothing follows.
func (l *jsonList) next() ([]byte, error) {
	b, err := l.skipBlanks()
	if l.lines && isEnd(err) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, err
	}
	if l.lines {
		return l.element(b)
	}
	first := !l.opened
	switch {
	case first && b != '[':
		return nil, l.unexpected("found %q: want [, for "+l.things+" come as one JSON list of objects", b)
	case first:
		l.opened = true
		if b, err = l.skipBlanks(); err != nil {
			return nil, err
		}
	case b != ']' && b != ',':
		return nil, l.unexpected("found %q: want , or ] after a record", b)
	}
	if b == ']' {
		if b, err := l.skipBlanks(); err == nil && b == '[' {
			return nil, l.unexpected("found %q after the end of the list: put all "+l.things+" into one list", b)
		} else if err == nil {
			return nil, l.unexpected("found %q after the end of the list", b)
		} else if !isEnd(err) {
			return nil, err
		}
		return nil, io.EOF
	}
	if !first {
		if b, err = l.skipBlanks(); err != nil {
			return nil, err
		}
	}
	return l.element(b)
}

// element returns the element that begins with b, which has been read.
func (l *jsonList) element(b byte) ([]byte, error) {
	l.recordAt, l.recordLine = l.at-1, l.line
	name := jsonType(b)
	switch {
	case b == ']' && !l.lines:
		return nil, l.unexpected("found %q: want a record after the comma, or no comma", b)
	case name == "":
		return nil, l.unexpected("found %q: want a record", b)
	case b != '{' && !l.any:
		return nil, fmt.Errorf("this is %s: want %s", name, l.object)
	case b == '{' || b == '[':
		return l.readValue(b, 1)
	case b == '"':
		return l.readValue(b, 0)
	}
	return l.readScalar(b)
}

// readScalar reads on from the first byte of a number, true, false or null to its last.
func (l *jsonList) readScalar(b byte) ([]byte, error) {
	l.record = append(l.record[:0], b)
	for {
		b, err := l.in.ReadByte()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err == nil && jsonScalar(b) {
			if len(l.record) >= l.maxDoc {
				return nil, errLongRecord
			}
			l.record = append(l.record, b)
			l.at++
			continue
		}
		if err == nil {
			if err = l.in.UnreadByte(); err != nil {
				return nil, err
			}
		}
		if json.Valid(l.record) {
			return l.record, nil
		}
		return nil, l.checkRecord("not a value")
	}
}

// readValue reads on from an opening brace or bracket, of depth 1, to the one that closes
// it, or from a quotation mark, of depth 0, to the next.
func (l *jsonList) readValue(b byte, depth int) ([]byte, error) {
	l.record = append(l.record[:0], b)
	quoted := depth == 0
	for depth > 0 || quoted {
		b, err := l.in.ReadByte()
		if err == io.EOF {
			return nil, l.checkRecord("the data ends inside a record")
		}
		if err != nil {
			return nil, err
		}
		if len(l.record) >= l.maxDoc {
			if err := l.checkRecord(""); err != nil {
				return nil, err
			}
			return nil, errLongRecord
		}
		l.record = append(l.record, b)
		l.at++
		switch {
		case b == '\n':
			l.line++
		case b == '"':
			quoted = !quoted
		case quoted && b == '\\':
			// The escaped byte must not be taken for the closing quotation mark.
			if b, err = l.in.ReadByte(); err == nil {
				l.record = append(l.record, b)
				l.at++
			}
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		}
	}
	if json.Valid(l.record) {
		return l.record, nil
	}
	return nil, l.checkRecord("not a value")
}

// checkRecord returns the first syntax error in what has been read of a record; or, if it
// is fine as far as it goes, one that says atEnd, or nil if that is empty.
func (l *jsonList) checkRecord(atEnd string) error {
	// A Decoder, unlike Unmarshal, tells the end of the data from a wrong byte.
	var raw json.RawMessage
	var bad *json.SyntaxError
	err := json.NewDecoder(bytes.NewReader(l.record)).Decode(&raw)
	if errors.As(err, &bad) {
		off := max(bad.Offset, 1) - 1 // Offset counts the offending byte
		line := l.recordLine + bytes.Count(l.record[:off], []byte("\n"))
		return &jsonSyntaxError{at: l.recordAt + off, line: line, what: bad.Error(), from: l.recordLine}
	}
	if atEnd == "" {
		return nil
	}
	return &jsonSyntaxError{at: l.at, line: l.line, what: atEnd, from: l.recordLine}
}

// skipBlanks returns the next byte that is not JSON white space. The end of the data
// is a syntax error, for nothing may end before the list does.
func (l *jsonList) skipBlanks() (byte, error) {
	for {
		b, err := l.in.ReadByte()
		if err == io.EOF {
			return 0, &jsonSyntaxError{at: l.at, line: l.line, what: "the data ends before the list does", end: true}
		}
		if err != nil {
			return 0, err
		}
		l.at++
		switch b {
		case '\n':
			l.line++
		case ' ', '\t', '\r':
		default:
			return b, nil
		}
	}
}

func isEnd(err error) bool {
	e, ok := err.(*jsonSyntaxError)
	return ok && e.end
}

// unexpected returns a syntax error at the byte just read.
func (l *jsonList) unexpected(format string, b byte) error {
	return &jsonSyntaxError{at: l.at - 1, line: l.line, what: fmt.Sprintf(format, string([]byte{b}))}
}

// jsonType names the type of the JSON value that starts with b, with its article; ""
// if none does.
func jsonType(b byte) string {
	switch {
	case b == '{':
		return "an object"
	case b == '[':
		return "a list"
	case b == '"':
		return "a string"
	case b == '-' || '0' <= b && b <= '9':
		return "a number"
	case b == 't' || b == 'f':
		return "a boolean"
	case b == 'n':
		return "null"
	}
	return ""
}
