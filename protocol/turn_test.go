package protocol_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A tallier is a meter that counts without look-ups.
type tallier struct {
	meter
	counted []string
	took    []string
}

func (t *tallier) Of(method string) func(int) {
	return func(code int) { t.counted = append(t.counted, fmt.Sprintf("%s %d", method, code)) }
}

func say(_ context.Context, _ *protocol.Client, in textIn) (textOut, error) { return textOut(in), nil }

func (t *tallier) Took(requests int, each time.Duration) {
	t.took = append(t.took, fmt.Sprintf("%d %v", requests, each))
}

// Requests that come together are counted one by one, and measured together.
func TestTurn(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		m := &tallier{}
		e := protocol.NewEngine(protocol.Options{
			Meter: m, Events: protocol.NewEvents(), Table: protocol.NewTable(
				protocol.Def("slow", protocol.Anyone, "Answers from a worker.", say),
				protocol.Def("quick", protocol.Anyone, "Answers at once.", say).Quick(),
			),
		})
		sink := e.Open(&sinkhole{info: protocol.Info{Format: f}})
		turns := sink.(protocol.TurnSink)
		ask := func() { sink.Frame(request(f, "quick", "1", with("text", "x"))) }
		turns.Turn(true)
		ask()
		sink.Frame(request(f, "nothing", "2"))
		pass(time.Millisecond)
		ask()
		turns.Turn(false)
		ask()
		turns.Turn(true)
		turns.Turn(false)
		if want := []string{"quick 0", "quick 0"}; !slices.Equal(m.counted, want) {
			t.Errorf("counted %q, want %q", m.counted, want)
		}
		if want := []string{"2 1ms"}; !slices.Equal(m.took, want) {
			t.Errorf("measured %q, want %q", m.took, want)
		}
		if want := []string{" 401 0s", "quick 0 0s"}; !slices.Equal(m.asked, want) {
			t.Errorf("asked %q, want %q", m.asked, want)
		}
		sink.Closed(nil)
	})
}
