package methods

import (
	"context"
	"errors"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// ping answers with the parameters as they came [P 3.2]. Where the configuration wants it, a ping
// before the login on a plain client channel sends the client to the TLS port instead [P 2.4].
func (a *API) ping(_ context.Context, c *protocol.Client, in wire.Object) (protocol.Renamed, error) {
	if info := c.Info(); a.opts.Redirect && info.Kind == protocol.ClientKind && !info.TLS && c.Identity() == nil {
		return protocol.Renamed{Name: "websocketredirect"}, nil
	}
	out := make(wire.Object, 0, len(in))
	for _, m := range in {
		names := c.Tunnelled() && (m.Key == "userlogin" || m.Key == "userid") // the engine writes these
		if m.Key != "qid" && !names {
			out = append(out, m)
		}
	}
	return protocol.Renamed{Fields: out}, nil
}

type loginIn struct {
	Login   string `wire:"userlogin" doc:"who logs in"`
	UserID  string `wire:"userid" doc:"his id; in a tunnel enough without the login"`
	Cased   string `wire:"Password" doc:"md5 of the password as typed, in Windows-1251"`
	Lower   string `wire:"password" doc:"md5 of the lower-cased password"`
	Session string `wire:"sessionid" doc:"session to resume instead of a password"`
	ShowID  bool   `wire:"showid" doc:"accepted; ids are always told"`
	WebRTC  bool   `wire:"usewebrtc" doc:"the client wants the credentials of its web phone"`
	Place   string `wire:"workplace" doc:"accepted, not used"`
	Expires int    `wire:"expires" doc:"wanted life of the session, in seconds"`
}

type loginOut struct {
	Login     string `wire:"userlogin" doc:"the login as configured"`
	UserID    string `wire:"userid" doc:"the user's id"`
	Session   string `wire:"sessionid,omitempty" doc:"lets other tabs log in; keep it secret"`
	SIPUser   string `wire:"sipuser,omitempty" doc:"web phone"`
	SIPPass   string `wire:"sippass,omitempty" doc:"web phone"`
	SIPPort   int    `wire:"sipport,omitempty" doc:"web phone"`
	SIPSecure *bool  `wire:"sipsecure,omitempty" doc:"web phone: over TLS"`
}

func (a *API) login(ctx context.Context, c *protocol.Client, in loginIn) (loginOut, error) {
	user, session, err := a.authenticate(ctx, c, in)
	if err != nil {
		return loginOut{}, err
	}
	if !a.mayEnter(user) {
		return loginOut{}, errLicence
	}
	if session == "" && !c.Trusted() { // a CRM keeps its users' sessions itself
		if session, err = a.opts.Accounts.NewSession(ctx, user.Login, a.opts.Sessions.wish(in.Expires)); err != nil {
			a.log.Error("a session is not kept", "user", user.Login, "err", err)
			return loginOut{}, errNotAvailable
		}
	}
	id := protocol.Identity{Login: user.Login, UserID: user.ID, Session: session}
	if err := a.presence.enter(ctx, c, id); err != nil {
		return loginOut{}, err
	}
	return a.loggedIn(user, session, in.WebRTC), nil
}

func (a *API) loggedIn(user *pbx.User, session string, webRTC bool) loginOut {
	out := loginOut{Login: user.Login, UserID: user.ID, Session: session}
	if !webRTC || a.opts.WebPhone == nil {
		return out
	}
	if p := a.opts.WebPhone(user.Login); p.User != "" && p.Password != "" && p.Port != 0 {
		out.SIPUser, out.SIPPass, out.SIPPort, out.SIPSecure = p.User, p.Password, p.Port, &p.Secure
	}
	return out
}

// authenticate finds out who logs in. The session is empty after a password. Failures are answered
// later and later, successes never are.
func (a *API) authenticate(ctx context.Context, c *protocol.Client, in loginIn) (*pbx.User, string, error) {
	if c.Trusted() { // the CRM has checked him [P 4.2]
		user, err := a.tunnelled(in)
		return user, "", err
	}
	remote := c.Info().Remote
	if c.Tunnelled() {
		id, _ := a.Resolve(in.Login, in.UserID) // the engine has found him
		in.Login, remote = id.Login, ""         // all come from the CRM's address: they count by their logins
	}
	if in.Login == "" {
		return nil, "", badField("userlogin", "missing")
	}
	user, err := a.checkCredentials(ctx, in)
	var refused *wire.Error
	if errors.As(err, &refused) {
		a.throttle.failed(ctx, remote, in.Login)
		return nil, "", err
	}
	if err != nil {
		a.log.Error("a login cannot be checked", "user", in.Login, "err", err)
		return nil, "", errNotAvailable
	}
	if in.Cased == "" && in.Lower == "" {
		return user, in.Session, nil
	}
	return user, "", nil
}

// tunnelled finds the user whom a trusted CRM logs in, by his login or his id.
func (a *API) tunnelled(in loginIn) (*pbx.User, error) {
	id, refused := a.Resolve(in.Login, in.UserID)
	if refused != nil {
		return nil, refused
	}
	if !a.opts.Accounts.MayLogIn(id.Login) {
		return nil, errWrongLogin
	}
	return a.sw.Directory().UserByLogin(id.Login), nil
}

func (a *API) checkCredentials(ctx context.Context, in loginIn) (*pbx.User, error) {
	user := a.sw.Directory().UserByLogin(in.Login)
	if in.Cased == "" && in.Lower == "" && in.Session != "" {
		owner, err := a.opts.Accounts.Session(ctx, in.Session)
		switch {
		case errors.Is(err, ErrNoSession):
			return nil, errNoSession
		case err != nil:
			return nil, err
		case user == nil || user.Login != owner:
			return nil, errSessionUser
		}
		return user, nil
	}
	ok, err := a.opts.Accounts.CheckPassword(ctx, in.Login, in.Cased, in.Lower)
	if err != nil {
		return nil, err
	}
	if !ok || user == nil {
		return nil, errWrongLogin
	}
	return user, nil
}

func (a *API) mayEnter(user *pbx.User) bool {
	return a.opts.MaxUsers == 0 || a.presence.has(user.Login) || a.presence.users() < a.opts.MaxUsers
}

// logout ends the session, with all its connections. It may come without a qid [P 5.3].
func (a *API) logout(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	id := c.Identity()
	c.CloseAfterReply(protocol.CloseNormal, "logged out")
	if id == nil {
		return struct{}{}, nil
	}
	if id.Session != "" {
		a.endSession(ctx, c, id)
	}
	c.LogOut()
	a.presence.leaveNow(ctx, id.Login)
	return struct{}{}, nil
}

// endSession ends a session with its other connections.
func (a *API) endSession(ctx context.Context, c *protocol.Client, id *protocol.Identity) {
	if err := a.opts.Accounts.EndSession(ctx, id.Session); err != nil {
		a.log.Error("a session is not ended on the disk", "user", id.Login, "err", err)
	}
	for _, tab := range a.hub.Of(id.Login) {
		if other := tab.Identity(); tab != c && other != nil && other.Session == id.Session {
			tab.LogOut()
			tab.Close(protocol.CloseNormal, "logged out in another tab")
		}
	}
}

func (l SessionLimits) orDefaults() SessionLimits {
	if l.Life == 0 {
		l.Life = 24 * time.Hour
	}
	if l.Max == 0 {
		l.Max = 168 * time.Hour
	}
	if l.Grace == 0 {
		l.Grace = 30 * time.Second
	}
	return l
}

// wish is the life of a new session that a client wants so many seconds of.
func (l SessionLimits) wish(seconds int) time.Duration {
	if seconds <= 0 {
		return l.Life
	}
	if wanted := time.Duration(seconds) * time.Second; wanted > 0 && wanted < l.Max {
		return wanted
	}
	return l.Max
}

type versionOut struct {
	Version    version        `wire:"version" doc:"the version that clients judge features by"`
	Procedures map[string]int `wire:"alloweddbstoredprocs" doc:"procedures that the user may call: name in lower case, 1"`
}

type version struct {
	Build string `wire:"build" doc:"full version"`
	Dated int    `wire:"dated" doc:"its date as yymmdd"`
	Port  int    `wire:"webserverport" doc:"port of the web server that this connection came through"`
}

func (a *API) getVersion(_ context.Context, c *protocol.Client, _ struct{}) (versionOut, error) {
	info := c.Info()
	out := versionOut{
		Version:    version{Build: a.opts.Version.Build, Dated: a.opts.Version.Dated, Port: info.Local},
		Procedures: make(map[string]int),
	}
	for _, name := range a.opts.Procedures.Allowed(c.Login()) {
		out.Procedures[name] = 1
	}
	return out, nil
}

// A subscription names events as a list or one text, under either of two names [P 5.4].
type subscription struct {
	Methods []string `wire:"eventmethod" doc:"names of events and groups"`
	Events  []string `wire:"event" doc:"other name of eventmethod"`
	Since   *int64   `wire:"since" doc:"CRM servers: number of the last event of kinds with confirmation that they have"`
}

func (a *API) subscribe(ctx context.Context, c *protocol.Client, in subscription) (struct{}, error) {
	c.Subscribe(append(in.Methods, in.Events...))
	if ch := c.Server(); ch != nil && !c.Tunnelled() {
		return struct{}{}, a.subscribed(ctx, ch, in)
	}
	return struct{}{}, nil
}

func (a *API) unsubscribe(_ context.Context, c *protocol.Client, in subscription) (struct{}, error) {
	c.Unsubscribe(append(in.Methods, in.Events...))
	return struct{}{}, nil
}
