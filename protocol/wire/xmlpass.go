package wire

import "bytes"

// The marks of what is passed.
const (
	commentStart = "<!--"
	commentEnd   = "--"
	piEnd        = "?>"
	declaration  = `<?xml version="1.0" encoding="utf-8"?>` // as we write it
)

// passed passes a comment or a processing instruction.
func (x *xmlScanner) passed() bool {
	switch {
	case x.byteAt(1) == '?':
		return x.instruction()
	case !x.at(commentStart):
		return x.fail("a document type is not allowed")
	}
	x.i += len(commentStart)
	n := bytes.Index(x.b[x.i:], []byte(commentEnd))
	if n < 0 {
		return x.fail("a comment does not end")
	}
	x.i += n + len(commentEnd)
	return x.expect('>', "two hyphens in a comment")
}

func (x *xmlScanner) expect(c byte, what string) bool {
	if x.byteAt(0) != c {
		return x.fail(what)
	}
	x.i++
	return true
}

// instruction passes a processing instruction. The declaration of XML is one to us, at any place; only
// its version is looked at.
func (x *xmlScanner) instruction() bool {
	if x.at(declaration) {
		x.i += len(declaration)
		return true
	}
	x.i += len("<?")
	target, _ := x.name()
	if target.empty() {
		return false
	}
	x.space()
	n := bytes.Index(x.b[x.i:], []byte(piEnd))
	if n < 0 {
		return x.fail("an instruction does not end")
	}
	if string(x.bytes(target)) == "xml" && !isVersion1(x.b[x.i:x.i+n]) {
		return x.fail("another version of XML")
	}
	x.i += n + len(piEnd)
	return true
}

// isVersion1 tells whether a declaration names version 1.0, or none.
func isVersion1(text []byte) bool {
	for {
		_, rest, found := bytes.Cut(text, []byte("version="))
		if !found || len(rest) == 0 {
			return true
		}
		if quote := rest[0]; quote == '"' || quote == '\'' {
			version, _, ends := bytes.Cut(rest[1:], rest[:1])
			return !ends || len(version) == 0 || string(version) == "1.0"
		}
		text = rest[1:]
	}
}
