package pbx

// A window gathers changes of numbers, so that a phone that rings and is answered at once is one
// line on the wire and not five.
type window struct {
	changed []string           // numbers, in the order of their first change
	waiting map[string]bool    // those in changed
	told    map[string]StateID // what was told last
	open    bool
}

// numbersChanged remembers that the numbers of a user have another state.
func (s *Switch) numbersChanged(numbers []string) {
	s.numbersVersion.Add(1)
	w := &s.window
	if w.waiting == nil {
		w.waiting = map[string]bool{}
	}
	for _, n := range numbers {
		if !w.waiting[n] {
			w.waiting[n] = true
			w.changed = append(w.changed, n)
		}
	}
	if !w.open && len(w.changed) > 0 {
		w.open = true
		s.after(s.opts.NumberWindow, s.closeWindow)
	}
}

// closeWindow tells the last state of what changed, but not what is again as it was told.
func (s *Switch) closeWindow() {
	w := &s.window
	var news []NumberState
	for _, n := range w.changed {
		st := s.NumberState(n)
		if last, known := w.told[n]; known && last == st {
			continue
		}
		w.told[n] = st
		news = append(news, NumberState{Number: n, State: st})
	}
	w.changed, w.waiting, w.open = nil, nil, false
	if len(news) > 0 {
		s.tell("", NumbersChanged{Numbers: news})
	}
}
