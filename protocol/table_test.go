package protocol_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func handler[In, Out any](context.Context, *protocol.Client, In) (out Out, err error) { return }

// Mistakes in a table are seen when the program starts.
func TestMistakesInTables(t *testing.T) {
	type undocumented struct {
		A string `wire:"a"`
	}
	type strange struct {
		A chan int `wire:"a" doc:"cannot travel"`
	}
	good := protocol.Def("good", protocol.Anyone, "Is good.", handler[none, none])
	tests := []struct {
		name, says string
		do         func()
	}{
		{"method without doc", "method m has no doc", func() { protocol.Def("m", protocol.Anyone, "", handler[none, none]) }},
		{"parameter without doc", "method m:", func() { protocol.Def("m", protocol.Anyone, "Does.", handler[undocumented, none]) }},
		{"parameter that cannot travel", "method m:", func() { protocol.Def("m", protocol.Anyone, "Does.", handler[strange, none]) }},
		{"answer that cannot travel", "method m:", func() { protocol.Def("m", protocol.Anyone, "Does.", handler[none, strange]) }},
		{"shared answer that cannot travel", "method m:", func() {
			protocol.Def("m", protocol.Anyone, "Does.", handler[none, *protocol.Shared[strange]])
		}},
		{"method twice", "good stands twice", func() { protocol.NewTable(good, good) }},
		{"event without doc", "event e has no doc", func() { protocol.NewEvent[none]("e", "", "") }},
		{"event that cannot travel", "event e:", func() { protocol.NewEvent[strange]("e", "", "Is.") }},
		{"event twice", "rang stands twice", func() { protocol.NewEvents(rang.Def(), rang.Def()) }},
		{"too many events", "more than 64", func() {
			var defs []*protocol.EventDef
			for i := range 65 {
				defs = append(defs, protocol.NewEvent[none](numbered(i), "", "Is.").Def())
			}
			protocol.NewEvents(defs...)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.says) {
					t.Errorf("panic %q, want %q", got, tt.says)
				}
			}()
			tt.do()
		})
	}
}

func TestSixtyFourEventsAreTold(t *testing.T) {
	var defs []*protocol.EventDef
	var events []protocol.EventOf[none]
	for i := range 64 {
		e := protocol.NewEvent[none](numbered(i), "all", "Is.")
		events, defs = append(events, e), append(defs, e.Def())
	}
	table := protocol.NewEvents(defs...)
	if mask := table.Mask([]string{"all"}); mask != ^uint64(0) {
		t.Errorf("the group's mask is %x", mask)
	}
	if mask := table.Mask([]string{"n063", "none"}); mask != 1<<63 {
		t.Errorf("the last one's mask is %x", mask)
	}
	e := protocol.NewEngine(protocol.Options{Events: table, Table: protocol.NewTable(
		protocol.Def("enter", protocol.Anyone, "Logs in.", func(_ context.Context, c *protocol.Client, _ none) (none, error) {
			c.Subscribe([]string{"n000", "n063"})
			return none{}, c.LogIn(protocol.Identity{Login: "a"})
		}).Quick())})
	p := newPipe(t, wire.JSON, "a")
	p.sink = e.Open(p)
	p.ask("enter", "1")
	for _, ev := range events {
		e.Hub().Publish(ev.For(protocol.Everybody(), none{}))
	}
	p.want(`["enterresult",{"qid":"1","result":1}]`, `["n000",{"qid":"*"}]`, `["n063",{"qid":"*"}]`)
	p.end(nil)
}

func TestTablesDescribeThemselves(t *testing.T) {
	m := protocol.Def("m", protocol.Clients, "Does.", handler[textIn, *protocol.Shared[textOut]]).Named("n")
	if m.Name != "m" || m.Reply != "n" || m.Doc != "Does." || m.Access.String() != "logged-in user" {
		t.Errorf("got %+v", m)
	}
	if in := m.Params(); len(in) != 1 || in[0].Name != "text" || in[0].Doc != "any text" {
		t.Errorf("parameters: %+v", in)
	}
	if out := m.Answer(); len(out) != 1 || out[0].Name != "text" {
		t.Errorf("answer: %+v", out)
	}
	free := protocol.Def("f", protocol.Anyone, "Does.", handler[wire.Object, protocol.Renamed])
	if free.Params() != nil || free.Answer() != nil || free.Reply != "fresult" || free.Access.String() != "anyone" {
		t.Errorf("got %+v", free)
	}
	if rows := protocol.NewTable(m, free).Methods(); len(rows) != 2 || rows[0].Name != "m" {
		t.Errorf("rows: %+v", rows)
	}
	if rows := protocol.NewEvents(hung.Def(), rang.Def()).Defs(); rows[0].Name != "hung" || rows[0].Group != "phone" {
		t.Errorf("events: %+v", rows)
	}
	if fields := rang.Def().Params(); len(fields) != 1 || fields[0].Name != "callerid" {
		t.Errorf("fields: %+v", fields)
	}
	if name := rang.For(protocol.Everybody(), ringEvent{}).Name(); name != "rang" {
		t.Errorf("name: %s", name)
	}
}

func TestNewQID(t *testing.T) {
	form := regexp.MustCompile(`^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`)
	seen := map[wire.Token]bool{}
	for range 10_000 {
		id := protocol.NewQID()
		if !form.MatchString(string(id)) {
			t.Fatalf("%s is no random GUID", id)
		}
		seen[id] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d different ids of 10,000", len(seen))
	}
}
