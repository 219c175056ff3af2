package methods

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/octolink/octolink/pbx"
)

// Options are what the methods work with.
type Options struct {
	Switch     *pbx.Switch
	Accounts   Accounts
	Settings   Settings
	Journal    Journal
	Outbox     Outbox // nil: nothing is delivered with confirmation
	Procedures Procedures
	Services   Services // nil: there are none
	Photos     Photos
	Passes     Passes
	Version    Version
	Sessions   SessionLimits
	Logins     LoginLimits
	MaxUsers   int                         // different users at once, a licence's limit. Zero means no limit.
	WebPhone   func(login string) WebPhone // credentials of a user's web phone. Nil means nobody has one.
	OnCustom   func(CustomEvent)           // hears what clients tell by triggercustomevent; it must not wait. Nil: nobody
	Redirect   bool                        // answer the first ping on a plain channel with websocketredirect
	Zone       *time.Location              // of the texts of times. Nil means the machine's.
	Log        *slog.Logger                // nil means no log
}

// Accounts know who may log in. An error is a fault of the server; a wrong password is none.
type Accounts interface {
	// CheckPassword takes as long for an unknown login as for a wrong password.
	CheckPassword(ctx context.Context, login, cased, lower string) (ok bool, err error)
	// MayLogIn reports whether a user is not shut out.
	MayLogIn(login string) bool
	// ChangePassword keeps the md5 of a new password, case kept.
	ChangePassword(ctx context.Context, login, cased string) error
	// NewSession makes a token that lets its owner log in again for the given time.
	NewSession(ctx context.Context, login string, life time.Duration) (id string, err error)
	// Session tells whose token it is; ErrNoSession for none that is valid.
	Session(ctx context.Context, id string) (login string, err error)
	EndSession(ctx context.Context, id string) error
	// EndSessions ends all sessions of a user but one; "" spares none.
	EndSessions(ctx context.Context, login, except string) error
}

// ErrNoSession is the error of [Accounts.Session].
var ErrNoSession = errors.New("session does not exist")

// ErrStorage is the error of whatever writes to the disk, when the disk is full or away. The caller
// may try again later.
var ErrStorage = errors.New("the storage is not available")

// Settings keep what users arrange for themselves. They return when it is on the disk.
type Settings interface {
	SaveRule(ctx context.Context, r pbx.RedirectRule) error
	DeleteRules(ctx context.Context, login string, ids []string) error
	// Sync waits until everything that was written before is on the disk.
	Sync(ctx context.Context) error
}

// Journal is the history of calls, newest first.
type Journal interface {
	Journal(ctx context.Context, f JournalQuery) ([]pbx.CallRecord, error)
}

// JournalQuery chooses journal entries. Zero fields do not restrict.
type JournalQuery struct {
	Logins      []string // nil: everybody's, queue entries that nobody took included
	Chain       string
	Talk        string
	From, To    time.Time
	Direction   pbx.Direction
	Queued      bool // only calls that came through a queue
	MinTalk     time.Duration
	Limit, Skip int
}

// A Procedure's result: rows under column names [P 6.8].
type Dataset struct {
	Columns []string
	Rows    [][]any
}

// Procedures are the read-only queries that an installation offers to its clients.
type Procedures interface {
	// Allowed are the names that a user may call, in lower case.
	Allowed(login string) []string
	// Run fails with ErrNoProcedure when the user may not call it or there is none.
	Run(ctx context.Context, name, login string, params map[string]any) (Dataset, error)
}

// What Procedures fail with, beside faults of the server.
var (
	ErrNoProcedure  = errors.New("no such procedure")
	ErrBadParameter = errors.New("the procedure does not take these parameters")
	ErrTooLarge     = errors.New("the procedure's answer is larger than one may be")
)

// Services are the call flows that may be run by name from outside.
type Services interface {
	// RunService starts one and, when asked to, waits for what it returns: up to three values. It fails
	// with one of the errors below.
	RunService(ctx context.Context, call ServiceCall) (returned []string, err error)
}

// A ServiceCall asks for a service. Either Login or Link says who asks.
type ServiceCall struct {
	Name   string
	Params []string // at most five
	Login  string   // a user
	Link   string   // the CRM server of that link
	Wait   bool
	Within time.Duration // the longest wait; the service itself goes on
}

// What Services fail with.
var (
	ErrNoService        = errors.New("no such service")
	ErrServiceForbidden = errors.New("the service is not for this caller")
	ErrServiceBusy      = errors.New("too many flows run")
	ErrServiceLate      = errors.New("the service did not end in time; it goes on")
	ErrServiceFailed    = errors.New("the service ended with an error")
)

// Photos are the users' pictures.
type Photos interface {
	// Links are paths on the web server for three sizes; ok is false without a photo.
	Links(login string) (full, small32, small96 string, ok bool)
	// Use makes an upload of the same user his photo. ErrNoUpload when the path is not one of his.
	Use(ctx context.Context, login, path string) error
}

// ErrNoUpload is the error of [Photos.Use].
var ErrNoUpload = errors.New("no such upload")

// Passes are one-time passwords for one HTTP request.
type Passes interface {
	// Issue makes one for a user. When copy is not nil it is called with the answer of the request.
	Issue(login string, copy func(password, status, body string)) (password string, err error)
}

// Version is what getversion tells: a promise about features (docs/quirks.md).
type Version struct {
	Build string // like 2.13.0.210101
	Dated int    // yymmdd
}

// SessionLimits bound the life of session tokens and of users without a connection.
type SessionLimits struct {
	Life  time.Duration // when the client wishes nothing. Zero means 24 h.
	Max   time.Duration // the most that a client may wish. Zero means 168 h.
	Grace time.Duration // how long a user without a connection stays logged in. Zero means 30 s.
}

// WebPhone is how a browser becomes a user's telephone over SIP [P 11].
type WebPhone struct {
	User, Password string
	Port           int
	Secure         bool
}
