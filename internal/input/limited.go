package input

import "io"

// A Limited passes on at most *Left bytes of R, then fails with Over.
type Limited struct {
	R    io.Reader
	Left *int64
	Over error // that there is more
}

func (l *Limited) Read(p []byte) (int, error) {
	// One byte beyond the limit may be read, to tell a file of just that size.
	if *l.Left >= 0 && int64(len(p)) > *l.Left {
		p = p[:*l.Left+1]
	}
	n, err := 0, error(nil)
	if *l.Left >= 0 {
		n, err = l.R.Read(p)
		*l.Left -= int64(n)
	}
	if *l.Left < 0 {
		return max(n-1, 0), l.Over
	}
	return n, err
}
