package plugins

import (
	"time"

	"github.com/octolink/octolink/plugins/status"
)

// What an operator sees of plugins.
type (
	State  = status.State
	Status = status.Plugin
	Line   = status.Line
)

// The states; docs/plugins.md shows how they follow each other.
const (
	Starting = status.Starting
	Running  = status.Running
	Waiting  = status.Waiting
	Off      = status.Off
	Disabled = status.Disabled
	Refused  = status.Refused
	Stopped  = status.Stopped
)

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
