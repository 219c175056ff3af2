package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// Options are common to all loads.
type Options struct {
	URL         string        // of a client channel, ws:// or wss://
	Insecure    bool          // take any certificate of the server: it is our own machine's, made on its first start
	Users       []User        // tabs are spread over them in turn
	Tabs        int           // channels
	Concurrency int           // how many of them are opened at once
	Duration    time.Duration // of the measurement
	Warmup      time.Duration // before it, not counted
	Settle      time.Duration // how long idle tabs are left alone before the server's memory is read
	Depth       int           // requests in flight on each channel
	Format      wire.Format
	Metrics     string // URL of the server's metrics; "" leaves its CPU and memory out
	Link        string // URL of a link where the server listens for a CRM; for Tunnel
	Progress    func(stage string, total int) Bar
}

// A Bar shows how far a stage is.
type Bar interface {
	Add(n int) error
	Finish() error
}

// A User logs in.
type User struct{ Login, Password string }

// answerTimeout is how long a client waits for an answer [P 3.6].
const answerTimeout = 20 * time.Second

// A tab is one client channel.
type tab struct {
	stream *transports.Stream
	format wire.Format
	user   User
	userID string
	qid    int
	events func(wire.Message) // what came while an answer was awaited
}

// dial opens a channel and waits for the first pong, as browsers do [P 0.3].
func dial(ctx context.Context, o Options, u User) (*tab, error) {
	t, err := connect(ctx, o, u)
	if err != nil {
		return nil, err
	}
	if _, err := t.call("ping", nil); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// connect opens a channel.
func connect(ctx context.Context, o Options, u User) (*tab, error) {
	opts := transports.DialOptions{Subprotocol: o.Format.String()}
	if o.Insecure {
		opts.TLS = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the user asked for it by a flag
	}
	stream, err := transports.Dial(ctx, o.URL, opts)
	if err != nil {
		return nil, err
	}
	return &tab{stream: stream, format: o.Format, user: u}, nil
}

func (t *tab) close() { _ = t.stream.Close(protocol.CloseNormal, "") }

// request encodes a request and gives its qid.
func (t *tab) request(name string, fields wire.Object) ([]byte, string) {
	t.qid++
	qid := "0." + strconv.Itoa(t.qid)
	if t.userID != "" {
		fields = append(wire.Object{{Key: "userlogin", Value: t.user.Login}}, fields...)
	}
	frame, err := wire.Append(nil, t.format, name, wire.Text(qid), fields)
	if err != nil {
		panic(fmt.Sprintf("bench: %s: %v", name, err)) // our own fields
	}
	return frame, qid
}

// call asks and waits for the answer.
func (t *tab) call(name string, fields wire.Object) (reply, error) {
	frame, qid := t.request(name, fields)
	if err := t.stream.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return reply{}, err
	}
	if err := t.stream.Send(frame); err != nil {
		return reply{}, fmt.Errorf("%s: %w", name, err)
	}
	for {
		msg, err := t.receive()
		if err != nil {
			return reply{}, fmt.Errorf("%s: %w", name, err)
		}
		if string(msg.QID) != strconv.Quote(qid) {
			if t.events != nil {
				t.events(msg)
			}
			continue
		}
		return answer(name, msg)
	}
}

func (t *tab) receive() (wire.Message, error) {
	frame, err := t.stream.Receive()
	if err != nil {
		return wire.Message{}, err
	}
	return wire.Decode(t.format, frame, wire.Limits{})
}

// A reply is what a load reads of an answer.
type reply struct {
	Result *int   `wire:"result" doc:"1 or 0"`
	Text   string `wire:"errormsg" doc:"why not"`
	UserID string `wire:"userid" doc:"of a login"`
}

// answer fails for a reply that says so.
func answer(name string, msg wire.Message) (reply, error) {
	var r reply
	if err := msg.Unmarshal(&r); err != nil {
		return r, err
	}
	if r.Result != nil && *r.Result == 0 {
		return r, fmt.Errorf("%s: the server says: %s", name, r.Text)
	}
	return r, nil
}

var errNoUserID = errors.New("login: the answer has no userid")

func (t *tab) login() error {
	cased, lower := methods.PasswordMD5(t.user.Password)
	answer, err := t.call("login", wire.Object{
		{Key: "userlogin", Value: t.user.Login}, {Key: "Password", Value: cased}, {Key: "password", Value: lower},
		{Key: "showid", Value: wire.Number("1")}, {Key: "usewebrtc", Value: false},
	})
	if err != nil {
		return err
	}
	if t.userID = answer.UserID; t.userID == "" {
		return errNoUserID
	}
	return nil
}

// A step is one request of the sequence that a browser goes through [P 5.1].
type step struct {
	name   string
	fields wire.Object
}

func subscribeTo(event string) step {
	return step{"subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{event}}}}
}

// sequence is everything that oktell.js asks between its login and the moment when its phone is
// shown [P 5.1], with its 15 subscriptions.
func sequence() []step {
	steps := []step{
		{"getcurrentqueue", nil}, subscribeTo("customevent"), subscribeTo("userstatechanged"),
		{"getversion", wire.Object{{Key: "showalloweddbstoredprocs", Value: wire.Number("1")}}},
		{"getmyuserinfo", nil}, {"cc_getlunchtypes", nil}, {"getuserstate", nil}, {"getextendedlineinfo", nil},
		{"getredirectrules", nil}, {"getpbxnumbers", wire.Object{{Key: "mode", Value: "full"}}},
		subscribeTo("pbxnumberstatechanged"),
		{"getallusernumbers", wire.Object{{Key: "fillsubordinates", Value: true}}},
		{"getalluserphotolink", wire.Object{{Key: "mode", Value: "page"}}}, {"getextendedlineinfo", nil},
	}
	const events = "linestatechanged flashstatechanged confcompositionchanged confcompetitorstatechanged " +
		"phoneevent_acmcallstarted phoneevent_acmcallstopped phoneevent_ringstarted phoneevent_ringstopped " +
		"phoneevent_ivrstarted phoneevent_commstarted phoneevent_commstopped"
	for _, e := range strings.Fields(events) {
		steps = append(steps, subscribeTo(e))
	}
	return append(steps, step{"cc_getlunchtypes", nil}, subscribeTo("httpresponsecopy"))
}

// start logs in and goes through the whole sequence.
func (t *tab) start() error {
	if err := t.login(); err != nil {
		return err
	}
	for _, s := range sequence() {
		if _, err := t.call(s.name, s.fields); err != nil {
			return err
		}
	}
	return nil
}
