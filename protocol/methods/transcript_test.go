package methods_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/octolink/octolink/protocol/wire"
)

var update = flag.Bool("update", false, "write what the server says into the transcripts")

// TestTranscripts plays every dialogue of testdata in JSON and in XML. A transcript has lines of
//
//	alice > ["name",{…}]     a tab sends; the first line of a tab opens it
//	alice < ["name",{…}]     what it gets, in order
//	alice = talk             the phone's state as a client computes it, when it changed
//	alice closed 1000        the server closed the channel
//	alice gone               the tab closed it
//	alice answers pings      from now on; else it gives no sign of life beside what it sends
//	pbx ! ring 79161234567 300
//	wait 20s
//
// Ids that the server makes are written $1, $2 … in the order of their appearance, and can be sent
// back under these names. After every line a second passes, so that clients have read again what
// events told them to.
func TestTranscripts(t *testing.T) { playTranscripts(t, inMemory{}) }

// It stands behind the test whose -update it plays.
func TestTranscriptsOverSockets(t *testing.T) { overSockets(t, playTranscripts) }

func playTranscripts(t *testing.T, net network) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			t.Run(name+"/"+format.String(), func(t *testing.T) { playFile(t, net, file, format) })
		}
	}
}

func playFile(t *testing.T, net network, file string, format wire.Format) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Comment) < 10 || len(archive.Files) != 1 {
		t.Fatalf("%s: wants a sentence and one part", file)
	}
	var got string
	net.play(t, func(t *testing.T) { got = play(t, net, format, archive.Files[0].Name, string(archive.Files[0].Data)) })
	want := string(archive.Files[0].Data)
	if got == want {
		return
	}
	if *update && format == wire.JSON && net == (inMemory{}) {
		archive.Files[0].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s in %s differs\n%s", file, format, firstDifference(got, want))
}

// play does the inputs of a talk and gives the talk as it went.
func play(t *testing.T, net network, format wire.Format, setup, talk string) string {
	s := newSceneOver(t, net, format, setup)
	defer s.end()
	var out bytes.Buffer
	for line := range strings.Lines(talk) {
		line = strings.TrimRight(line, "\n")
		if isOutput(line) {
			continue
		}
		fmt.Fprintln(&out, line)
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			s.do(line)
			out.WriteString(s.heard())
		}
	}
	return out.String()
}

func isOutput(line string) bool {
	f := strings.Fields(line)
	return len(f) > 1 && (f[1] == "<" || f[1] == "=" || f[1] == "closed")
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var gl, wl string
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, gl, wl)
		}
	}
	return ""
}
