package web

import (
	"context"
	"encoding/json"
	"time"

	"github.com/octolink/octolink/plugins/status"
)

// Status is what `octolink status` shows.
type Status struct {
	Version     string     `json:"version"`
	PID         int        `json:"pid"`
	Started     time.Time  `json:"started"`
	Config      string     `json:"config,omitempty"` // path of the file; "" for the demo
	Data        string     `json:"data"`
	Listeners   []Listener `json:"listeners"`
	Certificate string     `json:"certificate,omitempty"` // fingerprint and end of life
	Driver      string     `json:"driver"`
	Telephony   string     `json:"telephony"` // "ok" or what is wrong
	Store       string     `json:"store"`     // "ok" or what is wrong
	Channels    int        `json:"channels"`
	UsersOnline int        `json:"users_online"`
	Users       int        `json:"users"`
	Calls       int        `json:"calls"`
	Links       []Link     `json:"links,omitempty"`
	Undelivered int        `json:"undelivered"`     // events sent to CRMs that did not confirm them yet
	Unknown     int64      `json:"unknown_results"` // answers to dynamic methods that nobody waited for
	Flows       FlowStatus `json:"flows"`

	Plugins []status.Plugin `json:"plugins,omitempty"`
}

// FlowStatus is how call flows are altogether.
type FlowStatus struct {
	Flows   int      `json:"flows"`            // that can run
	Running int      `json:"running"`          // runs
	Broken  []string `json:"broken,omitempty"` // files that do not compile: file:line:column: text
}

// A Listener is one address that the server listens on.
type Listener struct {
	Kind    string `json:"kind"` // http, https, metrics, admin
	Address string `json:"address"`
}

// A Link is one configured connection to a CRM server.
type Link struct {
	Name    string         `json:"name"`
	Mode    string         `json:"mode"`
	State   string         `json:"state"`             // LinkWaiting …
	Address string         `json:"address,omitempty"` // where it listens, connects to or posts to
	Remote  string         `json:"remote,omitempty"`  // the peer, host:port
	Peer    string         `json:"peer,omitempty"`    // what it calls itself
	Since   time.Time      `json:"since,omitzero"`    // of the state
	Retry   time.Time      `json:"retry,omitzero"`    // when the next attempt follows
	Error   string         `json:"error,omitempty"`   // the last failure or refusal
	Users   int            `json:"users"`             // who work through it
	Methods int            `json:"methods"`
	Forms   int            `json:"forms"`
	Faults  []string       `json:"faults,omitempty"`  // of the catalogue
	Refused map[string]int `json:"refused,omitempty"` // connections that were not accepted, by reason
}

// The states of links.
const (
	LinkListening     = "listening"     // nobody is connected
	LinkConnecting    = "connecting"    // we try
	LinkConnected     = "connected"     // somebody is there who has not introduced himself
	LinkIntroduced    = "introduced"    // the CRM works
	LinkWaiting       = "waiting"       // the last attempt failed, the next one follows
	LinkMisconfigured = "misconfigured" // it failed for a reason that waiting does not cure
)

// UserStatus is one user in `octolink user list`.
type UserStatus struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Number   string `json:"number,omitempty"`
	State    string `json:"state"` // usReady, usLunch … [P 8.1]
	Channels int    `json:"channels"`
	Disabled bool   `json:"disabled,omitempty"`
	Added    bool   `json:"added,omitempty"` // by `octolink user add`, not by the configuration file
}

// NewUser is a user to add beside those of the configuration file.
type NewUser struct {
	Login      string `json:"login"`
	Name       string `json:"name,omitempty"` // the login when empty
	Number     string `json:"number,omitempty"`
	Department string `json:"department,omitempty"`
	Password   string `json:"password"`
	Supervisor bool   `json:"supervisor,omitempty"`
}

// StoredEvent is one event that is kept for confirmed delivery.
type StoredEvent struct {
	Number int64           `json:"number"`
	At     time.Time       `json:"at"`
	Kind   string          `json:"kind"`
	Body   json.RawMessage `json:"body"`
}

// An Operator does what the admin socket is asked for. Its errors are shown to whoever asked, with
// all their lines; pbx.ErrNoSuchUser where a login is unknown.
type Operator interface {
	Status(ctx context.Context) (Status, error)
	// Reload reads the configuration again and tells what changed, line by line. A file with
	// mistakes changes nothing; the error has a line for each.
	Reload(ctx context.Context) (changes []string, err error)
	// Backup writes a copy of the database to a path of the server's machine.
	Backup(ctx context.Context, path string) error
	Users(ctx context.Context) ([]UserStatus, error)
	AddUser(ctx context.Context, u NewUser) error
	SetPassword(ctx context.Context, login, password string) error
	// ResetPassword makes the configuration file's password count again.
	ResetPassword(ctx context.Context, login string) error
	DisableUser(ctx context.Context, login string, disabled bool) error
	// LogoutUser ends all sessions and channels of a user and tells how many channels there were.
	LogoutUser(ctx context.Context, login string) (ended int, err error)
	// NotifyUser shows a notice to a user, and to the CRMs that ask for notifications. sender may be "".
	NotifyUser(ctx context.Context, login, sender, text string) error
	// Events gives stored events with numbers above since, oldest first.
	Events(ctx context.Context, since int64, limit int) ([]StoredEvent, error)
}

// Bodies of requests and answers that are no more than a value or two.
type (
	passwordOrder struct {
		Password string `json:"password"`
		Reset    bool   `json:"reset"`
	}
	noticeOrder struct {
		Sender string `json:"sender"`
		Text   string `json:"text"`
	}
	backupOrder struct {
		Path string `json:"path"`
	}
	reloadAnswer struct {
		Changes []string `json:"changes"`
	}
	logoutAnswer struct {
		Ended int `json:"ended"`
	}
	adminFailure struct {
		Error string `json:"error"`
	}
)
