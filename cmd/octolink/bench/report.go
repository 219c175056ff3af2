package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// A Result is what a load measured.
type Result struct {
	Load  string `json:"load"`
	Lines []Line `json:"lines"`
	// Failed is how many requests, logins or deliveries went wrong, and Errors the first few reasons.
	Failed int      `json:"failed"`
	Errors []string `json:"errors,omitempty"`
}

// A Line is one figure.
type Line struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func (r *Result) add(name string, value float64, unit string) {
	r.Lines = append(r.Lines, Line{name, value, unit})
}

func (r *Result) addLatency(what string, l *Latency) {
	for _, p := range []float64{50, 99, 99.9} {
		r.add(fmt.Sprintf("%s p%v", what, p), ms(l.Percentile(p)), "ms")
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// addServer tells what the server used for so many pieces of work.
func (r *Result) addServer(before, after Usage, pieces uint64, what, plural string) {
	if before.RSS == 0 || after.RSS == 0 {
		return
	}
	cpu := after.CPU - before.CPU
	r.add("server CPU", cpu.Seconds(), "s")
	if pieces > 0 && cpu > 0 {
		r.add("server CPU per "+what, float64(cpu.Microseconds())/float64(pieces), "µs")
		r.add(plural+" per server CPU-second", float64(pieces)/cpu.Seconds(), "/s")
	}
	r.add("server memory", float64(after.RSS)/(1<<20), "MiB")
}

// maxErrors is how many reasons a result keeps.
const maxErrors = 5

func (r *Result) fail(err error) {
	r.Failed++
	if len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, err.Error())
	}
}

// WriteTable prints the result for people.
func (r *Result) WriteTable(w io.Writer) error {
	fmt.Fprintln(w, r.Load)
	for _, l := range append(r.Lines, Line{Name: "failed", Value: float64(r.Failed)}) {
		fmt.Fprintf(w, "  %-34s %12s %s\n", l.Name, figure(l.Value), l.Unit)
	}
	for _, e := range r.Errors {
		fmt.Fprintf(w, "  %s\n", e)
	}
	return nil
}

// figure writes a number with as many digits as mean something.
func figure(v float64) string {
	switch {
	case v >= 1000 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// WriteJSON prints the result for programs.
func (r *Result) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
