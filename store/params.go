package store

import (
	"fmt"
	"slices"
	"strings"
)

// maxSQL is the longest procedure in bytes.
const maxSQL = 64 << 10

// A statement is a procedure's SQL with its parameters.
type statement struct {
	sql    string   // without a semicolon
	params []string // each once, with its mark
	empty  bool     // not a word in it
}

// parse finds the parameters of one statement. It refuses what procedures may not have: nothing at
// all, parameters without a name, and a second statement.
func parse(query string) (statement, error) {
	if len(query) > maxSQL {
		return statement{}, fmt.Errorf("%w: longer than %d bytes", ErrQuery, maxSQL)
	}
	st := statement{sql: query, empty: true}
	ended := false
	for i := 0; i < len(query); {
		n := token(query[i:])
		word := query[i : i+n]
		switch {
		case isSpace(word[0]) || isComment(word):
		case ended:
			return statement{}, fmt.Errorf("%w: more than one statement", ErrQuery)
		case word == ";":
			st.sql, ended = query[:i], true
		default:
			if err := st.add(word); err != nil {
				return statement{}, err
			}
		}
		i += n
	}
	if st.empty {
		return statement{}, fmt.Errorf("%w: nothing to do", ErrQuery)
	}
	return st, nil
}

// add takes up a token of the statement.
func (st *statement) add(word string) error {
	st.empty = false
	c := word[0]
	switch {
	case c == '?' || c == '#' || isMark(c) && len(word) == 1:
		return fmt.Errorf("%w: a parameter is written :name, @name or $name", ErrQuery)
	case isMark(c) && !slices.Contains(st.params, word):
		st.params = append(st.params, word)
	}
	return nil
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

func isMark(c byte) bool { return c == ':' || c == '@' || c == '$' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isComment(word string) bool {
	return strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*")
}

func isName(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
