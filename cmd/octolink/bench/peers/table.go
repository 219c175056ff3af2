package peers

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Report is a whole measurement.
type Report struct {
	Machine string   `json:"machine"`
	When    string   `json:"when"`
	Version string   `json:"version"`
	Quick   bool     `json:"quick"` // windows too short for figures that count
	Missing []string `json:"missing,omitempty"`
	// How much of all processors other programs used before the first line and after the last, in percent.
	OthersBefore float64 `json:"others_before"`
	OthersAfter  float64 `json:"others_after"`
	Lines        []Line  `json:"lines"`
}

// A Line is one measure: octolink's figure, those of its peers, and what they are to each other.
type Line struct {
	Key     string            `json:"key"` // for --only
	Measure string            `json:"measure"`
	Unit    string            `json:"unit"`
	Figures map[string]Spread `json:"figures"` // by server
	Ratios  map[string]Spread `json:"ratios"`  // octolink's figure to that of each
	Extra   map[string]Spread `json:"extra,omitempty"`
	Goals   []Goal            `json:"goals"`
	Error   string            `json:"error,omitempty"`
	Noisy   bool              `json:"noisy,omitempty"` // others used the processors
}

// A Spread is what several windows gave.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	v := slices.Sorted(slices.Values(values))
	middle := v[len(v)/2]
	if len(v)%2 == 0 {
		middle = (middle + v[len(v)/2-1]) / 2
	}
	return Spread{middle, v[0], v[len(v)-1], len(v)}
}

// A Goal is what must be reached, and what would be better still.
type Goal struct {
	What    string   `json:"what"` // "× bun"; empty is the figure itself
	Must    float64  `json:"must"`
	Aim     float64  `json:"aim,omitempty"`     // 0 for none
	AtMost  bool     `json:"atmost"`            // the figure must not be more; otherwise not less
	Latency bool     `json:"latency,omitempty"` // means nothing where others use the processors
	Value   *float64 `json:"value"`             // nil when it was not measured
}

func (g Goal) reaches(limit float64) bool {
	if g.AtMost {
		return *g.Value <= limit
	}
	return *g.Value >= limit
}

func (g Goal) text(limit float64) string {
	if limit == 0 {
		return ""
	}
	sign := "≥"
	if g.AtMost {
		sign = "≤"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %g %s", sign, limit, g.What))
}

// Reached is "aim", "must", "no", "not measured", or "not judged" when that is a latency's and the
// machine had other work.
func (l Line) Reached() string {
	reached := "aim"
	for _, g := range l.Goals {
		switch {
		case g.Value == nil:
			return "not measured"
		case g.Latency && l.Noisy:
			reached = "not judged"
		case !g.reaches(g.Must):
			return "no"
		case g.Aim != 0 && !g.reaches(g.Aim) && reached == "aim":
			reached = "must"
		}
	}
	return reached
}

// judge says of all lines whether the machine had other work.
func (r *Report) judge() {
	for i := range r.Lines {
		r.Lines[i].Noisy = r.OthersBefore > noisy || r.OthersAfter > noisy
	}
}

func (l Line) goals(limit func(Goal) float64) string {
	var all []string
	for _, g := range l.Goals {
		if t := g.text(limit(g)); t != "" {
			all = append(all, t)
		}
	}
	return strings.Join(all, "; ")
}

// put enters a figure, and the ratio where there is one.
func (l *Line) put(name string, figure, ratio Spread) {
	if l.Figures == nil {
		l.Figures, l.Ratios = make(map[string]Spread), make(map[string]Spread)
	}
	l.Figures[name] = figure
	if ratio.N > 0 {
		l.Ratios[name] = ratio
		l.reach("× "+name, ratio.Median)
	}
}

// reach enters what a goal is compared with.
func (l *Line) reach(what string, value float64) {
	if i := slices.IndexFunc(l.Goals, func(g Goal) bool { return g.What == what }); i >= 0 {
		l.Goals[i].Value = &value
	}
}

// columns are the servers beside octolink in the order in which they are shown.
var columns = []string{"bun", "gobwas", "node ws", "epoll echo", "JSON"}

func (l Line) each(of map[string]Spread, show func(Spread) string) string {
	var all []string
	for _, name := range columns {
		if s, ok := of[name]; ok {
			all = append(all, name+" "+show(s))
		}
	}
	return strings.Join(all, "; ")
}

func (l Line) cells() []string {
	own := ""
	if s, ok := l.Figures["octolink"]; ok {
		own = figure(s.Median) + " " + l.Unit
	}
	var extra []string
	for name, s := range l.Extra {
		extra = append(extra, name+" "+figure(s.Median))
	}
	slices.Sort(extra)
	if len(extra) > 0 {
		own += "; " + strings.Join(extra, "; ")
	}
	if l.Error != "" {
		own = "failed: " + l.Error
	}
	return []string{
		l.Measure, l.goals(func(g Goal) float64 { return g.Must }), l.goals(func(g Goal) float64 { return g.Aim }), own,
		l.each(l.Figures, func(s Spread) string { return figure(s.Median) }),
		l.each(l.Ratios, func(s Spread) string { return fmt.Sprintf("%.2f [%.2f–%.2f]", s.Median, s.Min, s.Max) }),
		l.Reached(),
	}
}

var head = []string{"measure", "must", "aim", "octolink", "peers", "ratio, median [min–max]", "reached"}

// about tells what must be known to judge the table.
func (r *Report) about() []string {
	all := []string{fmt.Sprintf("Measured on %s, %s, octolink %s.", r.Machine, r.When, r.Version)}
	if r.OthersBefore > noisy || r.OthersAfter > noisy {
		all = append(all, fmt.Sprintf("The machine had other work: %.0f %% of its processors before and %.0f %% after. "+
			"Latencies are not judged, ratios are rough.", r.OthersBefore, r.OthersAfter))
	}
	for _, m := range r.Missing {
		all = append(all, strings.TrimSuffix(m, ".")+".")
	}
	if r.Quick {
		all = append(all, "A quick form, with windows too short for figures that count.")
	}
	return all
}

// noisy is how busy an idle machine may be, in percent.
const noisy = 5

// WriteMarkdown prints the table and what it was measured on.
func (r *Report) WriteMarkdown(w io.Writer) error {
	for _, line := range r.about() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, l := range r.Lines {
		fmt.Fprintf(w, "| %s |\n", strings.Join(l.cells(), " | "))
	}
	return nil
}

// WriteText prints the same for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	for _, line := range r.about() {
		fmt.Fprintln(w, line)
	}
	for _, l := range r.Lines {
		cells := l.cells()
		fmt.Fprintf(w, "\n%s\n", cells[0])
		for i, name := range head[1:] {
			if cells[i+1] != "" {
				fmt.Fprintf(w, "  %-24s %s\n", name, cells[i+1])
			}
		}
	}
	return nil
}

// WriteJSON prints all of it for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// figure writes a number with as many digits as mean something, in groups of three.
func figure(v float64) string {
	switch {
	case v >= 1000:
		n := int(math.Round(v))
		if v >= 10_000 {
			n = (n + 500) / 1000 * 1000
		}
		text := strconv.Itoa(n)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + " " + text[i:]
		}
		return text
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
