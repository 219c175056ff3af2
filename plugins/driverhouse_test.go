package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/plugins"
)

// exchange is a house whose telephone system is the plugin "p".
type exchange struct {
	*house
	sw     *pbx.Switch
	driver *plugins.Driver
	file   string // the calls of the telephone system
}

func newExchange(t *testing.T, awayFor time.Duration) *exchange {
	e := &exchange{house: newHouse(t), driver: plugins.NewDriver("p"), file: filepath.Join(t.TempDir(), "calls")}
	e.driver.AwayFor = awayFor
	d, err := pbx.NewDirectory(pbx.Config{
		Users:  []pbx.User{{Login: "Alice", Numbers: []string{"300"}, Dial: []string{"*"}}, {Login: "boris", Numbers: []string{"301", "302"}}},
		Queues: []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"Alice"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.sw = pbx.NewSwitch(pbx.Options{Driver: e.driver, Directory: d})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.sw.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	e.o.Telephony = e.driver
	e.add("p", "phones", fmt.Sprintf("settings: {file: %q}\nrestarts_per_hour: 0\nallow: {pbx: true}", e.file))
	return e
}

// there waits until the telephone system takes commands.
func (e *exchange) there() {
	e.t.Helper()
	e.logged("the telephone system is there")
	e.state("p", plugins.Running)
}

// line waits for a user's line.
func (e *exchange) line(login string, want pbx.LineState) *pbx.Leg {
	e.t.Helper()
	var l pbx.Line
	e.eventually(func() bool {
		l = e.sw.Line(login)
		return l.State == want
	}, func() string { return fmt.Sprintf("%s: %+v, want %s", login, l, want) })
	return l.Current
}

// tell has the plugin tell something.
func (e *exchange) tell(what string) {
	e.t.Helper()
	if _, err := e.call("p.tell", crm.Value{Key: "text", Value: what}); err != nil {
		e.t.Fatal(err)
	}
}

// kill has the plugin tell something that ends it; its answer may go with it.
func (e *exchange) kill(what string) {
	e.t.Helper()
	if _, err := e.call("p.tell", crm.Value{Key: "text", Value: what}); err != nil && !errors.Is(err, crm.ErrGone) {
		e.t.Fatal(err)
	}
}

func (e *exchange) says(method, in string) string {
	e.t.Helper()
	out, err := e.call("p."+method, crm.Value{Key: "text", Value: in})
	if err != nil {
		e.t.Fatal(err)
	}
	v, _ := out.Get("text")
	said, _ := v.(string)
	return said
}
