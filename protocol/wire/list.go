package wire

// DecodeAll reads the body of an HTTP answer: one message, or in JSON also a list of messages
// [P 2.3]. Errors are those of [Decode].
func DecodeAll(f Format, body []byte, lim Limits) ([]Message, error) {
	s := scanner{b: body, max: lim.depth() + 1}
	if f == JSON && s.peek() == '[' {
		s.enter()
		if s.peek() == '[' {
			return s.messages(lim)
		}
	}
	m, err := Decode(f, body, lim)
	if err != nil {
		return nil, err
	}
	return []Message{m}, nil
}

// messages passes a list, behind its bracket, and decodes its elements.
func (s *scanner) messages(lim Limits) (all []Message, err error) {
	for closed := false; !closed; {
		s.peek()
		start := s.i
		if !s.value() {
			return nil, s.err()
		}
		m, err := Decode(JSON, s.b[start:s.i], lim)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		var ok bool
		if closed, ok = s.leave(']'); !ok {
			return nil, s.err()
		}
	}
	if s.peek() != 0 || s.i < len(s.b) {
		s.fail("something follows the list")
		return nil, s.err()
	}
	return all, nil
}
