package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// An address is how far an address of the web has been written: its words and marks
// are joined until something follows that cannot belong to it.
type address struct {
	part  addressPart
	point bool // a full stop was last: the address may go on, or the sentence ends
	mark  bool // another mark was last, which a word follows
	top   bool // the last word is a top-level domain
}

type addressPart uint8

const (
	noAddress   addressPart = iota
	scheme                  // http
	schemeColon             // http:
	schemeSlash             // http:/
	www                     // www
	host                    // http://example.org, www.example.org
	path                    // http://example.org/a
)

// address continues an address with word, or begins one, or reports false.
func (d *Detokenizer) address(word string) (before, after, ok bool) {
	a := d.addr
	mark, size := utf8.DecodeRuneInString(word)
	isWord := size < len(word) || unicode.IsLetter(mark) || unicode.IsDigit(mark)
	d.addr = address{}
	switch {
	case a.part == noAddress:
		switch word {
		case "http", "https", "ftp":
			d.addr.part = scheme
		case "www":
			d.addr.part = www
		default:
			if !(d.last == wordPoint && topDomain(word)) {
				return false, false, false
			}
			d.addr = address{part: host, top: true} // epicurious.com
			return d.joinAddress(word, true)
		}
		return d.joinAddress(word, d.last == apostrophe && d.glue)
	case a.part == scheme && mark == ':':
		d.addr.part, d.last = schemeColon, colon
		return true, false, true
	case a.part == schemeColon && mark == '/':
		d.addr.part = schemeSlash
	case a.part == schemeSlash && mark == '/':
		d.addr = address{part: host, mark: true}
	case a.part == www && mark == '.':
		d.addr = address{part: host, mark: true}
	case a.part < host:
		return false, false, false
	case isWord:
		switch {
		case a.mark:
		case a.point && a.part == host && (!a.top || countryDomain(word)):
		case a.point && a.part == path && (fileType(word) || d.last == aNumber && unicode.IsDigit(mark)):
		default:
			return false, false, false // the address has ended
		}
		d.addr = address{part: a.part, top: topDomain(word)}
		return d.joinAddress(word, true)
	case a.point:
		return false, false, false
	case mark == '.' && !a.mark:
		a.point = true
		d.addr = a
		d.start = begins
		if d.last != aNumber {
			d.last = period
		}
		return true, false, true
	case mark == '/':
		d.addr = address{part: path, mark: true}
	case mark == '-' || mark == '_' || mark == '~' || mark == '@' || mark == ':' || mark == '%' ||
		a.part == path && (mark == '=' || mark == '&' || mark == '+' || mark == '#'):
		a.mark = true
		d.addr = a
	default:
		return false, false, false
	}
	d.last = nothing
	return true, true, true
}

// joinAddress notes a word of an address, which begins no sentence.
func (d *Detokenizer) joinAddress(word string, before bool) (bool, bool, bool) {
	d.start = within
	d.last, d.chars, d.short = d.kindOf(word), 0, false
	if d.last == aLetter {
		d.last = aWord
	}
	return before, false, true
}

// topDomain reports whether word is a top-level domain that is no English word.
func topDomain(word string) bool {
	switch word {
	case "com", "org", "net", "edu", "gov":
		return true
	}
	return false
}

// countryDomain reports whether word may follow a top-level domain.
func countryDomain(word string) bool {
	switch word {
	case "uk", "au", "nz", "za", "jp", "br", "cn", "tw", "kr", "hk", "sg", "mx", "ar", "tr":
		return true
	}
	return false
}

// fileType reports whether word is what the name of a file ends in.
func fileType(word string) bool {
	switch word {
	case "html", "htm", "php", "asp", "aspx", "jsp", "cgi", "pdf", "txt", "xml", "json", "js", "css", "jpg", "jpeg",
		"png", "gif", "svg", "zip", "gz", "md", "mp3", "mp4":
		return true
	}
	return false
}
