package bench

import (
	"fmt"
	"slices"
)

// A Verdict says whether a figure of a server grew in the second half of a soak.
type Verdict struct {
	What  string  `json:"what"`
	Mean  float64 `json:"mean"`
	Grown float64 `json:"grown"` // by the line of least squares, from the middle to the end
	Limit float64 `json:"limit"` // below it nothing grows
	Unit  string  `json:"unit,omitempty"`
}

// Grows reports whether it did.
func (v Verdict) Grows() bool { return v.Grown > v.Limit }

// String is the verdict in words.
func (v Verdict) String() string {
	word := "flat"
	if v.Grows() {
		word = "growing"
	}
	return fmt.Sprintf("%s: %s; %+.2f%s over the second half, with a mean of %s%s (growing means more than %.2f)",
		v.What, word, v.Grown, v.Unit, figure(v.Mean), v.Unit, v.Limit)
}

// What grows by less than this share of its mean, or by less than so much, is noise.
const noiseShare = 0.02

func verdicts(lines []SoakLine) []Verdict {
	const mebibyte = 1 << 20
	return []Verdict{
		verdict("memory", " MiB", 1, lines, func(l SoakLine) float64 { return float64(l.RSS) / mebibyte }),
		verdict("goroutines", "", 4, lines, func(l SoakLine) float64 { return float64(l.Goroutines) }),
		verdict("open files", "", 4, lines, func(l SoakLine) float64 { return float64(l.Files) }),
	}
}

// verdict fits a line through the second half.
func verdict(what, unit string, noise float64, lines []SoakLine, of func(SoakLine) float64) Verdict {
	half := lines[len(lines)/2:]
	v := Verdict{What: what, Unit: unit}
	if len(half) < 2 {
		return v
	}
	var meanX, meanY float64
	for _, l := range half {
		meanX += l.At.Seconds() / float64(len(half))
		meanY += of(l) / float64(len(half))
	}
	var xy, xx float64
	for _, l := range half {
		dx := l.At.Seconds() - meanX
		xy += dx * (of(l) - meanY)
		xx += dx * dx
	}
	v.Mean, v.Limit = meanY, max(noise, meanY*noiseShare)
	v.Grown = xy / xx * (half[len(half)-1].At - half[0].At).Seconds()
	return v
}

// middle is the median of a figure.
func middle(seen []Usage, of func(Usage) int64) int64 {
	values := make([]int64, len(seen))
	for i, u := range seen {
		values[i] = of(u)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
