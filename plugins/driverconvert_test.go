package plugins

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/octolink/octolink/pbx"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// words makes an enumeration's name the switch's own: LEG_STATE_OFF_HOOK is off-hook.
func words(name, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", "-")
}

// Every state of a leg is the one of the same name.
func TestStatesOfLegs(t *testing.T) {
	dir := emptyDirectory(t)
	for n, name := range pbxv1.LegState_name {
		m := &pbxv1.Leg{Id: "l", Chain: "c", State: pbxv1.LegState(n)}
		if n == 0 {
			if legFault(m) == "" {
				t.Errorf("%s: no fault", name)
			}
			continue
		}
		if why := legFault(m); why != "" {
			t.Errorf("%s: %s", name, why)
		}
		if got, want := legOf(dir, m).State.String(), words(name, "LEG_STATE_"); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestCausesAndStages(t *testing.T) {
	for m, want := range map[pbxv1.Cause]pbx.Cause{
		pbxv1.Cause_CAUSE_UNSPECIFIED: pbx.CauseNormal, pbxv1.Cause_CAUSE_HUNG_UP: pbx.CauseHungUp, pbxv1.Cause_CAUSE_CANCELLED: pbx.CauseCancelled,
		pbxv1.Cause_CAUSE_ELSEWHERE: pbx.CauseElsewhere, pbxv1.Cause_CAUSE_NO_ANSWER: pbx.CauseNoAnswer, pbxv1.Cause_CAUSE_BUSY: pbx.CauseBusy,
		pbxv1.Cause_CAUSE_REJECTED: pbx.CauseRejected, pbxv1.Cause_CAUSE_NO_NUMBER: pbx.CauseNoNumber, pbxv1.Cause_CAUSE_MOVED: pbx.CauseMoved,
		pbxv1.Cause_CAUSE_INTERRUPTED: pbx.CauseInterrupted, 77: pbx.CauseNormal,
	} {
		if got := causeOf(m); got != want {
			t.Errorf("%s: got %d, want %d", m, got, want)
		}
	}
	for m, want := range map[pbxv1.Callback]pbx.Callback{
		pbxv1.Callback_CALLBACK_UNSPECIFIED: pbx.NoCallback, pbxv1.Callback_CALLBACK_USER: pbx.CallbackUser,
		pbxv1.Callback_CALLBACK_ABONENT: pbx.CallbackAbonent, 77: pbx.NoCallback,
	} {
		if got := callbackOf(m); got != want {
			t.Errorf("%s: got %d, want %d", m, got, want)
		}
	}
	for _, mode := range []pbx.GhostMode{pbx.GhostMonitor, pbx.GhostHelp, pbx.GhostConference} {
		if got := words(ghostModeMessage(mode).String(), "GHOST_MODE_"); got != string(mode) {
			t.Errorf("%s: got %s", mode, got)
		}
	}
	if len(memberStates) != len(pbxv1.MemberState_name)-1 {
		t.Errorf("%d of %d states of members", len(memberStates), len(pbxv1.MemberState_name)-1)
	}
}

func emptyDirectory(t testing.TB) *pbx.Directory {
	t.Helper()
	d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "alice", Numbers: []string{"300"}}}, Queues: []pbx.Queue{{Number: "700"}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whatever a telephone system tells, what is taken from it is whole and bounded.
func FuzzReport(f *testing.F) {
	for _, r := range []*pbxv1.Report{
		{Whole: true},
		{Legs: []*pbxv1.Leg{{Id: "a", Chain: "c", State: 5, Peer: &pbxv1.Party{User: "ALICE"}}, {Id: "b"}}},
		{Conferences: []*pbxv1.Conference{{Id: "c", Members: []*pbxv1.Member{{Id: "m", State: 99}}}}, Queues: []*pbxv1.Queue{{Number: "700", Waiting: []*pbxv1.Waiter{{}}}}},
	} {
		b, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	dir := emptyDirectory(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &pbxv1.Report{}
		if proto.Unmarshal(b, r) != nil {
			return
		}
		got, faults := readReport(dir, r)
		if len(got.legs)+len(got.confs) > len(r.GetLegs())+len(r.GetConferences()) || len(faults) > len(r.GetLegs())+len(r.GetConferences())+len(r.GetQueues()) {
			t.Errorf("got %d legs, %d conferences, %d faults", len(got.legs), len(got.confs), len(faults))
		}
		for _, l := range got.legs {
			if l.ID == "" || l.Chain == "" || l.State > pbx.LegOffHook || len(l.ID) > maxName || len(l.Peer.Name) > maxName {
				t.Errorf("got %+v", l)
			}
		}
		if slices.ContainsFunc(got.confs, func(c pbx.Conference) bool { return c.ID == "" }) {
			t.Errorf("got %+v", got.confs)
		}
	})
}
