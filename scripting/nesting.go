package scripting

import "strings"

// maxSourceNesting is how deep a source may be nested, and how long a chain of operators, words and calls
// may be in it: compilers go down by recursion, and the end of the stack would be that of the process.
const maxSourceNesting = 2000

// tooDeep finds the place where a source is nested too deeply, and reports whether there is one. It knows
// comments and strings that end on their line, and takes all else for code: what it counts too much in
// regular expressions and templates does not come near the bound.
func tooDeep(text string) (at int, found bool) {
	n := nesting{}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'':
			i += stringLength(text[i:])
		case '(', '[', '{':
			n.open()
		case ')', ']', '}':
			n.close()
			if !goesOn(text[i+1:]) {
				n.reset()
			}
		case ',', ';':
			n.reset()
		case '/':
			if length := commentLength(text[i:]); length > 0 {
				i += length - 1
				continue
			}
			n.add()
		case '!', '~', '+', '-', '*', '%', '&', '|', '^', '=', '?', ':', '<', '>', '.':
			n.add()
		case '\n':
			if ends(text[:i]) && begins(text[i+1:]) {
				n.reset()
			}
		case ' ', '\t':
			if i+1 < len(text) && !isBlank(text[i+1]) { // a word may begin
				n.add()
			}
		}
		if len(n.outer) > maxSourceNesting || n.sum > 2*maxSourceNesting {
			return i, true
		}
	}
	return 0, false
}

// A nesting is how deep a place of a source is: in brackets, and in the chains in and around them.
type nesting struct {
	outer []int // chains around each open bracket
	chain int   // here
	sum   int   // of all
}

func (n *nesting) add() { n.chain, n.sum = n.chain+1, n.sum+1 }

func (n *nesting) reset() { n.chain, n.sum = 0, n.sum-n.chain }

func (n *nesting) open() {
	n.add()
	n.outer, n.chain = append(n.outer, n.chain), 0
}

func (n *nesting) close() {
	n.reset()
	if last := len(n.outer) - 1; last >= 0 {
		n.outer, n.chain = n.outer[:last], n.outer[last]
	}
}

// commentLength is how long the comment is with which a text begins; 0 when it is none.
func commentLength(text string) int {
	switch {
	case strings.HasPrefix(text, "//"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		if end := strings.Index(text[2:], "*/"); end >= 0 {
			return end + 4
		}
		return len(text)
	}
	return 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// ends reports whether a line may be the last one of a statement, and begins whether the next one may be
// the first of another.
func ends(line string) bool {
	line = strings.TrimRight(line[max(len(line)-256, 0):], " \t\r\n")
	return line == "" || !isOperator(line[len(line)-1])
}

func begins(line string) bool {
	line = strings.TrimLeft(line[:min(len(line), 256)], " \t\r\n")
	return line == "" || !isOperator(line[0])
}

func isOperator(c byte) bool { return strings.IndexByte("([.`?:=+-*/%&|^<>!~", c) >= 0 }

// goesOn reports whether a chain does after a closing bracket: a call of what was called, a member of it.
func goesOn(rest string) bool {
	rest = strings.TrimLeft(rest[:min(len(rest), 256)], " \t\r\n")
	return rest != "" && isOperator(rest[0])
}

// stringLength is how far the end of a string is; 0 when it does not end on its line.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\n':
			return 0
		case text[0]:
			return i
		}
	}
	return 0
}

// position is a place in a text: lines from 1, columns from 0.
func position(text string, at int) (line, column int) {
	before := text[:at]
	return strings.Count(before, "\n") + 1, at - (strings.LastIndexByte(before, '\n') + 1)
}
