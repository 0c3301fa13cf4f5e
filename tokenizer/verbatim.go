package tokenizer

import "unicode/utf8"

// verbatim writes a character or a byte.
func (d *Detokenizer) verbatim(dst []byte, unit string) []byte {
	if d.wrap {
		dst = append(dst, '\n')
		d.wrap = false
	}
	d.noteBegun(unit)
	if d.t.options.Unit == Characters {
		return append(dst, unit...)
	}
	d.held[d.n] = unit[0]
	d.n++
	for d.n > 0 && utf8.FullRune(d.held[:d.n]) {
		dst = d.release(dst)
	}
	return dst
}

// noteBegun notes whether something stands on the line that text ends in.
func (d *Detokenizer) noteBegun(text string) {
	if text != "" {
		d.begun = text[len(text)-1] != '\n'
	}
}

// release writes the first of the bytes held back, as much as is a character or cannot be
// part of one. It does not write again what stands in the text already.
func (d *Detokenizer) release(dst []byte) []byte {
	r, size := utf8.DecodeRune(d.held[:d.n])
	if d.told > 0 {
		n := min(d.told, size)
		dst = append(dst, d.held[n:size]...)
		d.told -= n
	} else {
		dst = utf8.AppendRune(dst, r)
	}
	copy(d.held[:], d.held[size:d.n])
	d.n -= size
	return dst
}

// incomplete returns the bytes at the end of text that begin a character and lack the rest
// of it.
func incomplete(text string) string {
	for from := len(text) - 1; from >= max(0, len(text)-utf8.UTFMax); from-- {
		if utf8.RuneStart(text[from]) {
			if tail := text[from:]; !utf8.FullRuneInString(tail) {
				return tail
			}
			break
		}
	}
	return ""
}

// Flush appends what is held back, the bytes of a character that is not complete, to dst,
// each as U+FFFD unless it stands in the text already, and returns the extended slice. It
// belongs at the end of a text, and after it the text may go on. Where units are not bytes there is nothing to append.
func (d *Detokenizer) Flush(dst []byte) []byte {
	for d.n > 0 {
		dst = d.release(dst)
	}
	return dst
}
