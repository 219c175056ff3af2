package wire

import (
	"encoding/base64"
	"slices"
	"strings"
)

// What a Joiner allows when nobody says otherwise.
const (
	defaultJoinBytes    = 1 << 20
	defaultJoinMessages = 16
	// partCost is what the bookkeeping of a part is counted as, beside its content.
	partCost = 64
)

// A Joiner puts the parts of multipart messages together again. Its memory is bounded. One reader
// uses it; it is not safe for concurrent use. The zero Joiner is ready.
type Joiner struct {
	// MaxBytes bounds one message, and all unfinished messages together, each part with 64 bytes
	// for its bookkeeping. Zero means 1 MiB.
	MaxBytes int
	// MaxMessages bounds how many messages may be unfinished at once. Zero means 16.
	MaxMessages int

	open  []*assembly // the oldest first
	bytes int         // held by all of them
	given string      // id of the message that was given up last; its later parts are refused
}

// An assembly is a message of which parts are missing.
type assembly struct {
	id    string
	count int
	bytes int
	parts map[int][]byte
}

// Add takes a multipart message. When it was the last missing part, it gives the whole frame and
// done; the frame is a fresh slice. Parts may come in any order.
//
// A part that cannot be used gets an *Error with code 400: what is wrong with it, and whether its
// message is lost. A part that comes again is refused, its message goes on. When too much is
// unfinished, the oldest message is given up and the error tells so; the part itself was taken.
func (j *Joiner) Add(m Message) (whole []byte, done bool, err error) {
	var p part
	if err := m.Unmarshal(&p); err != nil {
		return nil, false, err
	}
	content, err := j.check(&p)
	if err != nil {
		return nil, false, err
	}
	a := j.find(p.ID)
	if a == nil {
		if p.Count == 1 {
			return content, true, nil
		}
		a = &assembly{id: p.ID, count: p.Count, parts: map[int][]byte{}}
		j.open = append(j.open, a)
	}
	if err := j.take(a, &p, content); err != nil {
		return nil, false, err
	}
	if len(a.parts) == a.count {
		j.drop(a)
		return a.whole(), true, nil
	}
	return nil, false, j.shrink(a)
}

// Unfinished tells how many messages have missing parts and how many bytes are held for them.
func (j *Joiner) Unfinished() (messages, bytes int) { return len(j.open), j.bytes }

// check looks at a part by itself and decodes its content.
func (j *Joiner) check(p *part) ([]byte, error) {
	switch {
	case p.ID == j.given && j.given != "":
		return nil, p.refuse("was given up")
	case !strings.EqualFold(p.Encoding, "base64") && p.Encoding != "":
		return nil, p.refuse("has the transfer encoding %q, only base64 is known", cut(p.Encoding, 32))
	case p.Count < 1 || p.Number < 0 || p.Number >= p.Count:
		return nil, p.refuse("has part %d of %d, parts count from 0", p.Number, p.Count)
	case p.Length != nil && *p.Length != len(p.Content):
		return nil, p.refuse("has a part of %d characters that claims %d", len(p.Content), *p.Length)
	case len(p.Content)/4*3 > j.maxBytes() || p.Count > j.maxBytes():
		return nil, j.giveUp(p, "is too large")
	}
	content, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(p.Content, "="))
	if err != nil || len(content) == 0 {
		return nil, p.refuse("has a part %d that is not base64", p.Number)
	}
	return content, nil
}

// take puts a part into its message.
func (j *Joiner) take(a *assembly, p *part, content []byte) error {
	_, doubled := a.parts[p.Number]
	switch {
	case p.Count != a.count:
		return j.giveUp(p, "has %d parts in one part and %d in another", a.count, p.Count)
	case doubled:
		return p.refuse("has part %d twice", p.Number)
	}
	cost := len(content) + partCost
	if a.bytes+cost > j.maxBytes() {
		return j.giveUp(p, "is too large")
	}
	a.parts[p.Number] = content
	a.bytes += cost
	j.bytes += cost
	return nil
}

// shrink gives up the oldest messages but a until the rest is within the bounds.
func (j *Joiner) shrink(a *assembly) error {
	var err error
	for j.bytes > j.maxBytes() || len(j.open) > j.maxMessages() {
		oldest := j.open[0]
		if oldest == a {
			oldest = j.open[1]
		}
		j.drop(oldest)
		j.given = oldest.id
		err = refuse("multipart: message %q was given up with %d of %d parts", cut(oldest.id, 64), len(oldest.parts), oldest.count)
	}
	return err
}

// giveUp forgets a message of which one part is beyond repair.
func (j *Joiner) giveUp(p *part, format string, args ...any) error {
	if a := j.find(p.ID); a != nil {
		j.drop(a)
	}
	j.given = p.ID
	return p.refuse(format, args...)
}

func (j *Joiner) find(id string) *assembly {
	for _, a := range j.open {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (j *Joiner) drop(a *assembly) {
	j.bytes -= a.bytes
	j.open = slices.DeleteFunc(j.open, func(b *assembly) bool { return a == b })
}

func (j *Joiner) maxBytes() int {
	if j.MaxBytes <= 0 {
		return defaultJoinBytes
	}
	return j.MaxBytes
}

func (j *Joiner) maxMessages() int {
	if j.MaxMessages <= 0 {
		return defaultJoinMessages
	}
	return j.MaxMessages
}

// whole puts the parts together.
func (a *assembly) whole() []byte {
	b := make([]byte, 0, a.bytes)
	for i := range a.count {
		b = append(b, a.parts[i]...)
	}
	return b
}

// refuse makes the error about a part's message.
func (p *part) refuse(format string, args ...any) error {
	return refuse("multipart: message %q "+format, append([]any{cut(p.ID, 64)}, args...)...)
}
