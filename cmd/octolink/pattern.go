package main

import (
	"regexp"
	"sync"
)

// A pattern is a regular expression that is compiled when it is first asked: one that counts to 64 takes
// longer than the rest of a start, and most configurations need none of them.
type pattern struct {
	text string
	once sync.Once
	expr *regexp.Regexp
}

// MatchString is that of a regexp.Regexp.
func (p *pattern) MatchString(s string) bool {
	p.once.Do(func() { p.expr = regexp.MustCompile(p.text) })
	return p.expr.MatchString(s)
}
