package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

type question struct {
	What string `crm:"what,required"`
	User string `crm:"user"`
	Key  string `crm:"key"`
	N    int64  `crm:"n"`
}

var errEnough = errors.New("enough")

// askHost asks the server for one thing and gives the answer as a text.
func askHost(ctx context.Context, q question) (text, error) {
	h := sdk.HostOf(ctx)
	switch q.What {
	case "events":
		var seen []string
		err := h.Since(ctx, q.N, func(e sdk.Event) error {
			seen = append(seen, fmt.Sprintf("%s/%s", e.Kind, e.User))
			if e.Kind == "notification" {
				return errEnough
			}
			return nil
		}, func(after, before int64) { seen = append(seen, fmt.Sprintf("gap %d-%d", after, before)) })
		if errors.Is(err, errEnough) {
			err = nil
		}
		return text{strings.Join(seen, " ")}, err
	case "first event":
		err := h.Since(ctx, 0, func(sdk.Event) error { return errEnough }, nil)
		if errors.Is(err, errEnough) {
			err = nil
		}
		return text{}, err
	case "answer", "decline", "transfer", "state":
		_, err := h.Command(ctx, &hostv1.CommandRequest{User: q.User, Command: commands[q.What].Command})
		return text{}, err
	case "dial":
		chain, err := h.Dial(ctx, q.User, q.Key)
		return text{chain}, err
	case "hangup":
		_, err := h.Command(ctx, &hostv1.CommandRequest{User: q.User, Command: &hostv1.CommandRequest_Hangup{Hangup: &hostv1.Hangup{}}})
		return text{}, err
	case "no command":
		_, err := h.Command(ctx, &hostv1.CommandRequest{User: q.User})
		return text{}, err
	case "lookup":
		u, err := h.UserByNumber(ctx, q.Key)
		return text{u.GetLogin()}, err
	case "number":
		n, err := h.Number(ctx, q.Key)
		return text{fmt.Sprintf("%s %s %d", n.GetCaption(), n.GetUser(), n.GetState())}, err
	case "numbers":
		all, err := h.Numbers(ctx)
		return text{fmt.Sprint(len(all))}, err
	case "users":
		all, err := h.Users(ctx)
		return text{fmt.Sprint(len(all))}, err
	case "journal":
		all, err := h.Journal(ctx, sdk.JournalQuery{Users: []string{q.User}})
		return text{fmt.Sprint(len(all))}, err
	case "set":
		return text{}, h.Set(ctx, q.Key, []byte(strings.Repeat("v", int(q.N))))
	case "get":
		v, err := h.Get(ctx, q.Key)
		return text{fmt.Sprintf("%d %t", len(v), v == nil)}, err
	case "delete":
		return text{}, h.Delete(ctx, q.Key)
	case "keys":
		keys, err := h.Keys(ctx, q.Key)
		return text{strings.Join(keys, " ")}, err
	case "deliver":
		return deliver(ctx, q)
	case "notify":
		return text{}, h.Notify(ctx, q.User, strings.Repeat("n", int(q.N)))
	}
	return text{}, errors.New("no such question")
}

// commands are those that the SDK has no function for.
var commands = map[string]*hostv1.CommandRequest{
	"answer":   {Command: &hostv1.CommandRequest_Answer{Answer: &hostv1.Answer{}}},
	"decline":  {Command: &hostv1.CommandRequest_Decline{Decline: &hostv1.Decline{}}},
	"transfer": {Command: &hostv1.CommandRequest_Transfer{Transfer: &hostv1.Transfer{To: "301"}}},
	"state":    {Command: &hostv1.CommandRequest_State{State: &hostv1.State{}}},
}

// deliver has the user's text delivered to the endpoint that comes before the key; n is what is wrong with it.
func deliver(ctx context.Context, q question) (text, error) {
	r := sdk.Request{Body: []byte(q.User)}
	switch q.N {
	case 1:
		r.Method, r.Path, r.Header = "PUT", "/sub/x?b=2", map[string]string{"Content-Type": "text/plain", "x-token": "t"}
	case 2:
		r.Method = "GET"
	case 3:
		r.Path = "/../up"
	case 4:
		r.Path = "http://elsewhere/"
	case 5:
		r.Header = map[string]string{"Host": "elsewhere"}
	case 6:
		r.Header = map[string]string{"X-A": "a\r\nX-B: b"}
	case 7:
		r.Body = make([]byte, 256<<10+1)
	case 8:
		r.Path = "//elsewhere/"
	}
	endpoint, key, _ := strings.Cut(q.Key, "/")
	known, err := sdk.HostOf(ctx).Deliver(ctx, endpoint, key, r)
	return text{fmt.Sprint(known)}, err
}

// webHandler tells how a request arrived, and echoes over a WebSocket.
func webHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, _, _, err := ws.UpgradeHTTP(r, w)
			if err != nil {
				return
			}
			defer conn.Close()
			for {
				msg, op, err := wsutil.ReadClientData(conn)
				if err != nil || wsutil.WriteServerMessage(conn, op, msg) != nil {
					return
				}
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		fmt.Fprintf(w, "%s %s %s %s %d %t", r.Method, r.URL, r.Host, r.Header.Get("X-Forwarded-For"), len(body), sdk.HostOf(r.Context()) != nil)
	})
}
