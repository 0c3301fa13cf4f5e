package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress reports on standard error how far the work has come: a bar on a terminal,
// otherwise a line a minute, for a log. The nil progress reports nothing.
type progress struct {
	bar  *progressbar.ProgressBar // nil without a terminal
	app  *app
	text string

	total, done   int64
	start, latest time.Time // of the work, and of the line before

	shown time.Time // no bar is shown before
	held  int64     // steps until then
}

// newProgress returns a progress of total steps, with the time that is left.
func (a *app) newProgress(total int64, description string) *progress {
	if total <= 0 {
		return nil
	}
	now, description := time.Now(), lineText(description)
	p := &progress{app: a, text: description, total: total, start: now, latest: now}
	if a.terminal {
		p.bar = newBar(a.err, total, description)
	}
	return p
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

// add counts n more steps. Errors of the terminal do not stop the work, here and below.
func (p *progress) add(n int) {
	if p == nil {
		return
	}
	now := time.Now()
	if p.bar != nil {
		if p.held += int64(n); now.After(p.shown) {
			_ = p.bar.Add64(p.held)
			p.held = 0
		}
		return
	}
	p.done += int64(n)
	if now.Sub(p.latest) < p.app.every || p.done >= p.total {
		return
	}
	p.latest = now
	left := time.Duration(float64(now.Sub(p.start)) / float64(p.done) * float64(p.total-p.done))
	p.app.note("%s  %s/%s, %s left", p.text, thousands(p.done), thousands(p.total), left.Round(time.Second))
}

// hold shows no bar of work that takes less than d.
func (p *progress) hold(d time.Duration) {
	if p != nil && p.bar != nil {
		p.bar.StartWithoutRender()
		p.shown = p.start.Add(d)
	}
}

// describe changes the words in front; the next add shows them.
func (p *progress) describe(format string, args ...any) {
	switch {
	case p == nil:
	case p.bar != nil:
		p.bar.Describe(fmt.Sprintf(format, args...))
	default:
		p.text = fmt.Sprintf(format, args...)
	}
}

// clear takes the bar off the screen, to make room for a line of text; the next add
// brings it back.
func (p *progress) clear() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
	}
}

// finish takes the bar off the screen for good.
func (p *progress) finish() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
	}
}
