package peers

import (
	"bytes"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// Ensure requests are what a server reads, and answers are recognised, in both forms.
func TestQuestions(t *testing.T) {
	for _, format := range []wire.Format{wire.JSON, wire.XML} {
		t.Run(format.String(), func(t *testing.T) {
			l := languageOf(format)
			q := userState(l, siteUser(7))
			parts := q.parts(4711, make([]byte, 20))
			msg, err := wire.Decode(format, bytes.Join(parts[:], nil), wire.Limits{})
			if err != nil || msg.Name != "getuserstate" || string(msg.QID) != `"0.4711"` || msg.UserLogin != "user0007" {
				t.Fatalf("got %+v, %v", msg, err)
			}
			answer := l.frame("getuserstateresult", msg.QID, wire.Object{{Key: "result", Value: 1}})
			if n, digits := l.number(answer); n != 4711 || digits != 4 {
				t.Errorf("got %d with %d digits in %s", n, digits, answer)
			}
			if !bytes.HasPrefix(answer, q.answer) || !bytes.Contains(answer, l.success) {
				t.Errorf("%s is not taken for an answer that begins %s", answer, q.answer)
			}
			other := l.frame("getuserstate", wire.Text("4711"), nil) // not a number of ours
			if _, digits := l.number(other); digits != 0 || bytes.HasPrefix(other, q.answer) {
				t.Errorf("%s is taken for an answer", other)
			}
		})
	}
}
