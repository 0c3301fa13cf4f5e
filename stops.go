package autoreg

// stopStrings looks for stop strings in a text that comes in parts, and holds back what
// could be the beginning of one. Which of them ends the text depends on the text alone,
// not on its parts: the one whose last byte comes first, and of several that end there
// the longest, which begins first.
//
// Knuth, Morris and Pratt, Fast Pattern Matching in Strings, 1977.
type stopStrings struct {
	stops    []string
	borders  [][]int32 // of stop s after i bytes: the longest border of s[:i]
	progress []int     // how many bytes of each stop the text ends with
	held     []byte    // the end of the text: as many bytes as the most progress
}

// newStopStrings returns a matcher of strings that are not empty, or nil if there are none.
func newStopStrings(stops []string) *stopStrings {
	if len(stops) == 0 {
		return nil
	}
	m := &stopStrings{stops: stops, progress: make([]int, len(stops))}
	for _, s := range stops {
		borders := make([]int32, len(s)+1)
		for i, k := 1, 0; i < len(s); i++ {
			for k > 0 && s[k] != s[i] {
				k = int(borders[k])
			}
			if s[k] == s[i] {
				k++
			}
			borders[i+1] = int32(k)
		}
		m.borders = append(m.borders, borders)
	}
	return m
}

// write takes the next part of the text. It appends to dst what has become certain not
// to be of a stop string. If the text has come to a stop string it returns that, and dst
// ends before it; nothing may be written after that.
func (m *stopStrings) write(dst, part []byte) (text []byte, stop string) {
	from := len(m.held)
	m.held = append(m.held, part...)
	for end := from; end < len(m.held); end++ {
		for i, s := range m.stops {
			if k := m.advance(i, m.held[end]); k == len(s) && len(s) > len(stop) {
				stop = s
			}
		}
		if stop != "" {
			return append(dst, m.held[:end+1-len(stop)]...), stop
		}
	}
	keep := 0
	for _, k := range m.progress {
		keep = max(keep, k)
	}
	certain := len(m.held) - keep
	dst = append(dst, m.held[:certain]...)
	m.held = m.held[:copy(m.held, m.held[certain:])]
	return dst, ""
}

// advance takes the next byte of the text for stop string i, and returns how many bytes
// of that the text now ends with.
func (m *stopStrings) advance(i int, c byte) int {
	s, k := m.stops[i], m.progress[i]
	for k > 0 && s[k] != c {
		k = int(m.borders[i][k])
	}
	if s[k] == c {
		k++
	}
	m.progress[i] = k
	return k
}

// rest appends what is held back, at the end of the text.
func (m *stopStrings) rest(dst []byte) []byte {
	dst = append(dst, m.held...)
	m.held = m.held[:0]
	return dst
}
