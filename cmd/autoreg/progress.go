package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress is a bar on standard error while somebody watches, and nothing
// otherwise: logs and pipes stay clean. The nil progress is the latter.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress returns a bar of total steps, with the time that is left.
func (a *app) newProgress(total int64, description string) *progress {
	if !a.terminal || total <= 0 {
		return nil
	}
	return &progress{newBar(a.err, total, description)}
}

func newBar(w io.Writer, total int64, description string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(description),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// add counts n more steps. Errors of the terminal are none of the work's concern,
// here and below.
func (p *progress) add(n int) {
	if p != nil {
		_ = p.bar.Add(n)
	}
}

// describe changes the words before the bar; the next add shows them.
func (p *progress) describe(format string, args ...any) {
	if p != nil {
		p.bar.Describe(fmt.Sprintf(format, args...))
	}
}

// clear takes the bar off the screen, to make room for a line of text; the next add
// brings it back.
func (p *progress) clear() {
	if p != nil {
		_ = p.bar.Clear()
	}
}

// finish takes the bar off the screen for good.
func (p *progress) finish() {
	if p != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
	}
}
