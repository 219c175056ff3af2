package transports

import "strings"

const (
	// mostChallenges bounds what is read of one peer's challenges.
	mostChallenges = 16
	// mostParams bounds the parameters of one of them.
	mostParams = 32
)

// A challenge is one element of WWW-Authenticate, or the whole of Authorization (RFC 9110 section
// 11.6): a scheme with parameters. Names are in lower case.
type challenge struct {
	scheme string
	params []param
}

type param struct{ name, value string }

// get returns a parameter's first value.
func (c challenge) get(name string) string {
	for _, p := range c.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// doubled says whether a parameter stands twice, so that two readers may understand two things.
func (c challenge) doubled() bool {
	seen := make(map[string]bool, len(c.params))
	for _, p := range c.params {
		if seen[p.name] {
			return true
		}
		seen[p.name] = true
	}
	return false
}

// parseChallenges reads the lines of a header. Commas stand between challenges and between their
// parameters alike, so a word is a scheme when no equals sign follows. What cannot be read is
// skipped up to the next comma.
func parseChallenges(lines []string) []challenge {
	var all []challenge
	for _, line := range lines {
		s := &scanner{line}
		for s.comma(); s.rest != "" && len(all) <= mostChallenges; s.comma() {
			word := s.token()
			switch value, isParam := s.assigned(); {
			case word == "":
				s.skip()
			case isParam && len(all) > 0:
				all[len(all)-1].add(word, value)
			case !isParam:
				all = append(all, challenge{scheme: word})
				s.token68()
			}
		}
	}
	return all[:min(len(all), mostChallenges)]
}

func (c *challenge) add(name, value string) {
	if len(c.params) < mostParams {
		c.params = append(c.params, param{name, value})
	}
}

// A scanner takes pieces off a header's value.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// comma takes what stands between two elements.
func (s *scanner) comma() { s.rest = strings.TrimLeft(s.rest, " \t,") }

// skip takes everything up to the next comma.
func (s *scanner) skip() {
	at := strings.IndexByte(s.rest, ',')
	if at < 0 {
		at = len(s.rest)
	}
	s.rest = s.rest[at:]
}

// token takes a word, in lower case.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && s.rest[n] != ',' && isToken(s.rest[n:n+1]) {
		n++
	}
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return strings.ToLower(word)
}

// assigned takes an equals sign and the value behind it, if there is one.
func (s *scanner) assigned() (value string, ok bool) {
	s.space()
	if !strings.HasPrefix(s.rest, "=") {
		return "", false
	}
	s.rest = s.rest[1:]
	s.space()
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted(), true
	}
	at := strings.IndexAny(s.rest, ", \t")
	if at < 0 {
		at = len(s.rest)
	}
	value, s.rest = s.rest[:at], s.rest[at:]
	return value, true
}

// quoted takes a quoted string; without an end it ends with the line.
func (s *scanner) quoted() string {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return b.String()
}

// token68 takes what some schemes have instead of parameters.
func (s *scanner) token68() {
	s.space()
	end := strings.IndexByte(s.rest, ',')
	if end < 0 {
		end = len(s.rest)
	}
	word := strings.TrimRight(s.rest[:end], " \t")
	bare := strings.TrimRight(word, "=")
	if !strings.ContainsAny(bare, "=\" \t") {
		// A word alone, perhaps with padding, is no parameter. (A quoted string may hold commas, but
		// then it has quotes.)
		s.rest = s.rest[end:]
	}
}

// quote writes a value as a quoted string.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
