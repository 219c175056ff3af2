package wire

import "strings"

// Format is how the frames of a channel are written.
type Format uint8

// The two formats of the protocol.
const (
	JSON Format = iota // ["name",{…}] [P 3.1]
	XML                // <oktellxmlmapper>…</oktellxmlmapper> [P 3.5]
)

// String gives the format's name, "json" or "xml".
func (f Format) String() string {
	if f == XML {
		return "xml"
	}
	return "json"
}

// FormatOf tells the format that a WebSocket subprotocol asks for: its name contains "json" or "xml"
// in any case [P 0.3]. It is false for a subprotocol that names neither; such a channel is not served.
func FormatOf(subprotocol string) (Format, bool) {
	name := strings.ToLower(subprotocol)
	switch {
	case strings.Contains(name, "json"):
		return JSON, true
	case strings.Contains(name, "xml"):
		return XML, true
	}
	return JSON, false
}
