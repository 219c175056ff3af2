package methods_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/wire"
)

// TestRecordedCRM plays what a real CRM server once sent to a telephone system, frame by frame, to
// ours: everything must be understood. Its answers carry the qids of other questions; they get those
// of ours, nothing else is changed.
func TestRecordedCRM(t *testing.T) { playRecordings(t, inMemory{}) }

func TestRecordedCRMOverSockets(t *testing.T) { overSockets(t, playRecordings) }

func playRecordings(t *testing.T, net network) {
	t.Helper()
	for _, generation := range []string{"first", "second"} {
		t.Run(generation, func(t *testing.T) {
			frames, err := os.ReadFile("testdata/recorded/" + generation + "-generation.frames")
			if err != nil {
				t.Fatal(err)
			}
			net.play(t, func(t *testing.T) { playRecorded(t, net, strings.Split(strings.TrimSpace(string(frames)), "\n")) })
		})
	}
}

const recordedUser = "005405b7-8344-49f6-98a2-e1891cbff803"

func withRecordedUser(c pbx.Config) pbx.Config {
	c.Users = append(c.Users, pbx.User{
		ID: recordedUser, Login: "admin", Name: "admin", Numbers: []string{"556"}, Dial: []string{"*"},
	})
	return c
}

func playRecorded(t *testing.T, net network, frames []string) {
	s := newSceneOver(t, net, wire.JSON, "recorded")
	defer s.end()
	crm := s.tab("crm")
	said := collect(s)
	for _, f := range frames {
		msg, err := wire.Decode(wire.JSON, []byte(f), wire.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, f)
		}
		switch msg.Name {
		case "multipart": // the catalogue; its parts go on as they came but for the qid
			whole := crm.gather(t, msg)
			if whole == nil {
				continue
			}
			for _, part := range wire.Split(wire.JSON, []byte(ownQID(t, said, string(whole))), 2048, "again") {
				crm.send(string(part))
			}
		case "methodresult":
			s.do("server ! call crm.method01 phone=79260000000")
			said.add(s)
			crm.send(ownQID(t, said, f))
		default:
			crm.send(ownQID(t, said, f))
		}
		s.pass(1e9)
		said.add(s)
	}
	checkRecorded(t, strings.Join(said.lines, "\n"))
}

// checkRecorded looks at what came of the session.
func checkRecorded(t *testing.T, said string) {
	for _, want := range []string{
		`["getpbxnumbersresult",{"qid":"`, `"number":"556"`,
		`result [{accountid 0a80d5e5-97dc-c391-ed4f-2bc63c75ad38} {echo [{type byphone} {data 79260000000}]}] <nil>`,
		`["loginresult",{"qid":"`, `"userlogin":"admin","userid":"` + recordedUser + `"`,
		`["pbxautocallstartresult",{"qid":"`, `["phoneevent_ringstarted",{"qid":"`,
		`["logoutresult",{"qid":"`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the server did not say %s", want)
		}
	}
	for _, bad := range []string{`"error":`, "not a message", "closed"} {
		if strings.Contains(said, bad) {
			t.Errorf("something was not understood: %s", said)
		}
	}
}

// A log is everything that a scene's server said.
type log struct{ lines []string }

func collect(s *scene) *log {
	l := &log{}
	l.add(s)
	return l
}

// add keeps ids as they are on the wire.
func (l *log) add(s *scene) {
	s.ids = make(map[string]string)
	for line := range strings.Lines(s.heard()) {
		l.lines = append(l.lines, s.real(strings.TrimSpace(line)))
	}
}

// gather puts a message together that came in parts.
func (t *tab) gather(tt *testing.T, part wire.Message) []byte {
	tt.Helper()
	whole, done, err := t.parts.Add(part)
	if err != nil {
		tt.Fatal(err)
	}
	if !done {
		return nil
	}
	return whole
}

// ownQID gives an answer the qid of our newest question of its kind; what is no answer stays.
func ownQID(t *testing.T, said *log, frame string) string {
	t.Helper()
	msg, err := wire.Decode(wire.JSON, []byte(frame), wire.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, frame)
	}
	question := map[string]string{
		"iam": "whoareyou", "availablemethods": "getavailablemethods", "availableforms": "getavailableforms",
		"activeusers": "getactiveusers", "methodresult": "executemethod",
	}[msg.Name]
	if question == "" {
		return frame
	}
	for i := len(said.lines) - 1; i >= 0; i-- {
		_, sent, found := strings.Cut(said.lines[i], fmt.Sprintf(`["%s",{"qid":"`, question))
		if found {
			qid, _, _ := strings.Cut(sent, `"`)
			return strings.Replace(frame, string(msg.QID), `"`+qid+`"`, 1)
		}
	}
	t.Fatalf("no %s was asked, but %s answered", question, msg.Name)
	return ""
}
