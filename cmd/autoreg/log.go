package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/train"
)

// An epochRecord is one line of the log: an epoch that has ended.
type epochRecord struct {
	train.EpochStats
	Sample string   `json:"sample,omitempty"`
	Copied *float64 `json:"copied,omitempty"` // of the sample, see train.Dataset.Copied
}

// A logWriter appends to a log, epoch by epoch. The nil logWriter writes nothing.
type logWriter struct {
	f *os.File
	w io.Writer // to f
}

// openLog opens the log of a run whose epochs so far are history. A file that is no
// log is refused. A new run starts an empty log. For a resumed one the log keeps its lines on those epochs, loses
// the ones on epochs that are about to be run again, and gets those that are
// missing, less time and sample, from history: it has each epoch once.
func openLog(path string, history []train.EpochStats) (*logWriter, error) {
	info, err := os.Stat(path)
	isFile := err == nil && info.Mode().IsRegular()
	var known []epochRecord
	if isFile {
		if known, err = readLog(path, history); err != nil {
			return nil, err
		}
	}
	records := make([]epochRecord, len(history))
	for i, e := range history {
		records[i].EpochStats = e
	}
	for _, r := range known {
		records[r.Epoch-1] = r
	}
	if isFile || errors.Is(err, fs.ErrNotExist) {
		// Written as a whole or not at all, so that no line that is kept can be lost.
		if err := atomicfile.Write(path, jsonLines(records)); err != nil {
			return nil, &fileError{"log", err}
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, apierror.In("log", err)
	}
	return &logWriter{f, f}, nil
}

// logStart is how every line of a log begins.
const logStart = `{"epoch":`

// readLog returns the lines of a log on the epochs of history, of any length, since
// samples may be long. An incomplete line at the end, left by a crash, is dropped.
func readLog(path string, history []train.EpochStats) ([]epochRecord, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, apierror.In("log", err)
	}
	defer f.Close()
	var (
		records []epochRecord
		broken  error
		last    = 0
	)
	for in, n := bufio.NewReader(f), 1; ; n++ {
		start, err := in.Peek(len(logStart)) // a line may be long: that of another file is not read
		if len(start) == 0 && err != io.EOF {
			return nil, fmt.Errorf("log %s: %w", path, err)
		}
		if len(start) == 0 {
			return records, nil
		}
		if broken != nil {
			return nil, broken
		}
		fail := func(format string, args ...any) error {
			return fmt.Errorf("log %s, line %d: %s: name another file with --log, or move this one", path, n, fmt.Sprintf(format, args...))
		}
		if string(start) != logStart[:len(start)] {
			return nil, fail("it does not begin with %s: this is no log", logStart)
		}
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("log %s: %w", path, err)
		}
		var r epochRecord
		if err := json.Unmarshal(line, &r); err != nil {
			broken = fail("%v", err)
			continue
		}
		if r.Epoch <= last {
			return nil, fail("epoch %d comes after epoch %d", r.Epoch, last)
		}
		if last = r.Epoch; r.Epoch > len(history) {
			continue
		}
		if want := history[r.Epoch-1].Loss; r.Loss != want {
			return nil, fail("the loss of epoch %d is %v, the checkpoint says %v: it is the log of another run", r.Epoch, r.Loss, want)
		}
		records = append(records, r)
	}
}

// append writes the line of one epoch.
func (l *logWriter) append(r epochRecord) error {
	if l == nil {
		return nil
	}
	if _, err := (jsonLines{r}).WriteTo(l.w); err != nil {
		return apierror.In("log", err)
	}
	return nil
}

func (l *logWriter) close() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}

// jsonLines writes one object a line, in one call.
type jsonLines []epochRecord

func (records jsonLines) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range records {
		if err := e.Encode(r); err != nil {
			return 0, err
		}
	}
	return b.WriteTo(w)
}
