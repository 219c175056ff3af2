package plugins

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	keptLines      = 500     // of a plugin's output, for octolink plugin logs
	maxLine        = 4 << 10 // bytes; what is longer is cut
	linesPerSecond = 200     // of one plugin that reach the server's log; the rest is counted
)

// An output takes what a plugin writes: the last lines are kept, all go to the log with its name, as
// long as there are not too many.
type output struct {
	log *slog.Logger

	mu      sync.Mutex
	lines   []Line // a ring once it is full
	first   int
	second  time.Time // in which count lines were logged
	count   int
	dropped int
}

func newOutput(log *slog.Logger) *output { return &output{log: log} }

// note keeps a line about the plugin itself.
func (o *output) note(level slog.Level, text string, args ...any) {
	o.log.Log(context.Background(), level, text, args...)
	for i := 0; i+1 < len(args); i += 2 {
		if err, ok := args[i+1].(error); ok {
			text += ": " + err.Error()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(Line{At: time.Now(), From: "octolink", Text: text})
}

// write takes a line of the plugin.
func (o *output) write(from, text string) {
	text = strings.ToValidUTF8(strings.TrimRight(text, "\r\n"), "\uFFFD")
	if text == "" {
		return
	}
	o.mu.Lock()
	now := time.Now()
	o.keep(Line{At: now, From: from, Text: text})
	if now.Sub(o.second) >= time.Second {
		o.second, o.count = now, 0
	}
	o.count++
	quiet := o.count > linesPerSecond
	if quiet {
		o.dropped++
	}
	dropped := 0
	if !quiet {
		dropped, o.dropped = o.dropped, 0
	}
	o.mu.Unlock()
	if dropped > 0 {
		o.log.Warn("the plugin writes too much; lines are left out", "lines", dropped)
	}
	if !quiet {
		o.log.Info(text, "from", from)
	}
}

// keep remembers a line. Under mu.
func (o *output) keep(l Line) {
	if len(o.lines) < keptLines {
		o.lines = append(o.lines, l)
		return
	}
	o.lines[o.first] = l
	o.first = (o.first + 1) % keptLines
}

// last is the kept lines, oldest first.
func (o *output) last() []Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append(append([]Line(nil), o.lines[o.first:]...), o.lines[:o.first]...)
}

// lines calls take with every line of a reader until its end; a line that is too long comes cut.
func eachLine(r io.Reader, take func(string)) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			take(string(line))
		}
		for err == bufio.ErrBufferFull { //nolint:errorlint // bufio gives it as it is
			_, err = in.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

// A lineWriter gives what is written to it to an output, line by line.
type lineWriter struct {
	out  *output
	from string

	mu   sync.Mutex
	part []byte
}

// Write implements [io.Writer].
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, p...)
	for {
		i := strings.IndexByte(string(w.part), '\n')
		if i < 0 && len(w.part) < maxLine {
			return len(p), nil
		}
		if i < 0 || i > maxLine {
			i = min(maxLine, len(w.part)) - 1
		}
		w.out.write(w.from, string(w.part[:i+1]))
		w.part = append(w.part[:0], w.part[i+1:]...)
	}
}
