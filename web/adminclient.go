package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
)

// ErrNotRunning: nobody answers on the admin socket.
var ErrNotRunning = errors.New("no octolink answers")

// An AdminError is what the server said to a command that it did not do.
type AdminError struct {
	Status int    // of HTTP
	Text   string // may have several lines
}

// Error is what the server said.
func (e *AdminError) Error() string { return e.Text }

// AdminClient gives commands to a running server over its admin socket. Its methods fail with
// [ErrNotRunning] or an [*AdminError].
type AdminClient struct {
	socket string
	http   *http.Client
}

// NewAdminClient makes a client of the socket at a path. It connects when it is used.
func NewAdminClient(socket string) *AdminClient {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &AdminClient{socket: socket, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status tells how the server is.
func (c *AdminClient) Status(ctx context.Context) (s Status, err error) {
	err = c.do(ctx, http.MethodGet, "/status", nil, &s)
	return s, err
}

// Reload has the configuration read again and tells what changed.
func (c *AdminClient) Reload(ctx context.Context) (changes []string, err error) {
	var out reloadAnswer
	err = c.do(ctx, http.MethodPost, "/reload", nil, &out)
	return out.Changes, err
}

// Backup has the database copied to a file. A relative path is one of this process.
func (c *AdminClient) Backup(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("web: backup: %w", err)
	}
	return c.do(ctx, http.MethodPost, "/backup", backupOrder{abs}, nil)
}

// Users lists all users.
func (c *AdminClient) Users(ctx context.Context) (list []UserStatus, err error) {
	err = c.do(ctx, http.MethodGet, "/users", nil, &list)
	return list, err
}

// AddUser adds a user beside those of the configuration file.
func (c *AdminClient) AddUser(ctx context.Context, u NewUser) error {
	return c.do(ctx, http.MethodPost, "/users", u, nil)
}

// SetPassword gives a user another password and ends his sessions.
func (c *AdminClient) SetPassword(ctx context.Context, login, password string) error {
	return c.do(ctx, http.MethodPost, userPath(login, "passwd"), passwordOrder{Password: password}, nil)
}

// ResetPassword makes the configuration file's password count again.
func (c *AdminClient) ResetPassword(ctx context.Context, login string) error {
	return c.do(ctx, http.MethodPost, userPath(login, "passwd"), passwordOrder{Reset: true}, nil)
}

// DisableUser keeps a user from logging in.
func (c *AdminClient) DisableUser(ctx context.Context, login string) error {
	return c.do(ctx, http.MethodPost, userPath(login, "disable"), nil, nil)
}

// EnableUser lets him in again.
func (c *AdminClient) EnableUser(ctx context.Context, login string) error {
	return c.do(ctx, http.MethodPost, userPath(login, "enable"), nil, nil)
}

// LogoutUser ends a user's sessions and channels and tells how many channels there were.
func (c *AdminClient) LogoutUser(ctx context.Context, login string) (ended int, err error) {
	var out logoutAnswer
	err = c.do(ctx, http.MethodPost, userPath(login, "logout"), nil, &out)
	return out.Ended, err
}

// NotifyUser shows a notice to a user, and to the CRMs that ask for notifications.
func (c *AdminClient) NotifyUser(ctx context.Context, login, sender, text string) error {
	return c.do(ctx, http.MethodPost, userPath(login, "notify"), noticeOrder{sender, text}, nil)
}

// Events gives at most limit stored events with numbers above since, oldest first. Zero limit means 1000.
func (c *AdminClient) Events(ctx context.Context, since int64, limit int) (list []StoredEvent, err error) {
	q := url.Values{"since": {strconv.FormatInt(since, 10)}}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	err = c.do(ctx, http.MethodGet, "/events?"+q.Encode(), nil, &list)
	return list, err
}

// SimRing lets a phone of the simulator call a user's number or a queue and gives the call's ID.
func (c *AdminClient) SimRing(ctx context.Context, from, to string) (call string, err error) {
	var out simAnswer
	err = c.do(ctx, http.MethodPost, "/sim/ring", map[string]string{"from": from, "to": to}, &out)
	return out.Call, err
}

// SimOrder gives the simulator the order answer, reject or hangup for a number.
func (c *AdminClient) SimOrder(ctx context.Context, order, number string) error {
	return c.do(ctx, http.MethodPost, "/sim/"+url.PathEscape(order), map[string]string{"number": number}, nil)
}

// SimBusy makes a number busy to all calls, or free again.
func (c *AdminClient) SimBusy(ctx context.Context, number string, on bool) error {
	return c.do(ctx, http.MethodPost, "/sim/busy", map[string]any{"number": number, "on": on}, nil)
}

// SimPress presses keys at a phone, for the flow that leads its call.
func (c *AdminClient) SimPress(ctx context.Context, number, digits string) error {
	return c.do(ctx, http.MethodPost, "/sim/press", map[string]any{"number": number, "digits": digits}, nil)
}

// SimState gives the simulator's whole picture.
func (c *AdminClient) SimState(ctx context.Context) (state json.RawMessage, err error) {
	err = c.do(ctx, http.MethodGet, "/sim/state", nil, &state)
	return state, err
}

// Tap calls show with every frame that passes, until ctx ends, show fails or the server stops.
func (c *AdminClient) Tap(ctx context.Context, f TapFilter, show func(TapLine) error) error {
	q := url.Values{"link": {f.Link}, "user": {f.User}}
	resp, err := c.send(ctx, http.MethodGet, "/tap?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var l TapLine
		if err := d.Decode(&l); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("web: tap: %w", err)
		}
		if err := show(l); err != nil {
			return err
		}
	}
}

func userPath(login, what string) string { return "/users/" + url.PathEscape(login) + "/" + what }

// do sends a command and reads its answer into out; nil means it has none worth reading.
func (c *AdminClient) do(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("web: answer of the admin socket: %w", err)
	}
	return nil
}

func (c *AdminClient) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return nil, fmt.Errorf("web: admin command: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, &body)
	if err != nil {
		return nil, fmt.Errorf("web: admin command: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refused(resp)
}

func (c *AdminClient) unreachable(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w on %s: %w", ErrNotRunning, c.socket, op.Err)
	}
	return fmt.Errorf("web: admin socket: %w", err)
}

func refused(resp *http.Response) error {
	var f adminFailure
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&f) != nil || f.Error == "" {
		f.Error = "the server does not know this command: " + resp.Status
	}
	return &AdminError{Status: resp.StatusCode, Text: f.Error}
}
