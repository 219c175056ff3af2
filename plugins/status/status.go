// Package status is what an operator sees of plugins: the host fills it in, the admin socket carries it.
package status

import "time"

// A State is what a plugin does.
type State string

// The states; docs/plugins.md shows how they follow each other.
const (
	Starting State = "starting"
	Running  State = "running"
	Waiting  State = "waiting"  // it died and is started again soon
	Off      State = "off"      // it died too often
	Disabled State = "disabled" // an operator wants it so
	Refused  State = "refused"  // something about its folder, manifest or process is wrong
	Stopped  State = "stopped"  // the server ends
)

// A Plugin is how one plugin is.
type Plugin struct {
	Name        string    `json:"name"`
	State       State     `json:"state"`
	Reason      string    `json:"reason,omitempty"` // why it does not run, or was not exchanged
	Since       time.Time `json:"since"`            // of the state
	PID         int       `json:"pid,omitempty"`
	Version     string    `json:"version,omitempty"`
	Summary     string    `json:"summary,omitempty"`
	Kinds       []string  `json:"kinds,omitempty"`
	Methods     int       `json:"methods"`
	Forms       int       `json:"forms"`
	Faults      []string  `json:"faults,omitempty"` // of its catalogue
	InFlight    int       `json:"in_flight"`        // calls
	Starts      int       `json:"starts"`           // processes, since the server began
	Deaths      int       `json:"deaths"`           // within the last hour
	RunAs       string    `json:"run_as,omitempty"`
	Undelivered int       `json:"undelivered,omitempty"` // requests that are on their way to addresses outside
	GivenUp     int       `json:"given_up,omitempty"`    // requests that did not arrive, within the last week
}

// A Line is something that a plugin wrote, or that happened to it.
type Line struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // stdout, stderr or octolink
	Text string    `json:"text"`
}
