package store

import (
	"fmt"
	"strings"
)

// maxSQL is the longest procedure in bytes.
const maxSQL = 64 << 10

// parameters finds the names of the parameters in one statement, without their mark and each once. It
// refuses what procedures may not have: parameters without a name, and a second statement.
func parameters(query string) ([]string, error) {
	if len(query) > maxSQL {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrQuery, maxSQL)
	}
	var names []string
	seen := make(map[string]bool)
	ended := false
	for i := 0; i < len(query); {
		n := token(query[i:])
		word := query[i : i+n]
		i += n
		switch c := word[0]; {
		case isSpace(c) || isComment(word):
			continue
		case ended:
			return nil, fmt.Errorf("%w: more than one statement", ErrQuery)
		case c == ';':
			ended = true
		case c == '?':
			return nil, fmt.Errorf("%w: a parameter without a name", ErrQuery)
		case isMark(c) && n == 1:
			return nil, fmt.Errorf("%w: %q without a name", ErrQuery, word)
		case isMark(c) && !seen[word[1:]]:
			seen[word[1:]] = true
			names = append(names, word[1:])
		}
	}
	return names, nil
}

// token is the length of the first token of non-empty SQL: a text in quotes, a comment, a name, a
// parameter, or one other byte.
func token(s string) int {
	switch c := s[0]; {
	case c == '\'' || c == '"' || c == '`':
		return quoted(s, c)
	case c == '[':
		return through(s, "]")
	case strings.HasPrefix(s, "--"):
		return through(s, "\n")
	case strings.HasPrefix(s, "/*"):
		return 2 + through(s[2:], "*/")
	case isMark(c) || isName(c):
		return 1 + nameLength(s[1:])
	}
	return 1
}

// quoted is the length of a text in quotes, in which a doubled quote is a quote.
func quoted(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 == len(s) || s[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(s)
}

func through(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

func nameLength(s string) int {
	for i := range len(s) {
		if !isName(s[i]) {
			return i
		}
	}
	return len(s)
}

func isMark(c byte) bool { return c == ':' || c == '@' || c == '$' || c == '#' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isComment(word string) bool {
	return strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*")
}

func isName(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
