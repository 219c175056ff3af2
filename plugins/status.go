package plugins

import "time"

// A Status is what an operator sees of a plugin.
type Status struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Reason   string    `json:"reason,omitempty"` // why it does not run, or was not exchanged
	Since    time.Time `json:"since"`            // of the state
	PID      int       `json:"pid,omitempty"`
	Version  string    `json:"version,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Kinds    []string  `json:"kinds,omitempty"`
	Methods  int       `json:"methods"`
	Forms    int       `json:"forms"`
	Faults   []string  `json:"faults,omitempty"` // of its catalogue
	InFlight int       `json:"in_flight"`        // calls
	Starts   int       `json:"starts"`           // processes, since the server began
	Deaths   int       `json:"deaths"`           // within the last hour
	RunAs    string    `json:"run_as,omitempty"`
}

func (k *keeper) status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Name: k.name, State: k.state, Reason: k.reason, Since: k.since, Starts: k.started}
	for _, d := range k.deaths {
		if time.Since(d) <= time.Hour {
			s.Deaths++
		}
	}
	if i := k.current; i != nil {
		s.PID, s.Version, s.Summary, s.Kinds = i.pid(), i.info.GetVersion(), i.info.GetSummary(), i.info.GetKinds()
		s.Methods, s.Forms, s.Faults, s.RunAs = len(i.catalog.Methods), len(i.catalog.Forms), i.catalog.Faults, i.manifest.RunAs
		if i.calls != nil {
			s.InFlight = i.calls.inFlight()
		}
		s.Faults = append(s.Faults[:len(s.Faults):len(s.Faults)], k.m.doublesOf(k, i.catalog)...)
	}
	return s
}
