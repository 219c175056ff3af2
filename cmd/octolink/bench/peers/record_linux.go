package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/octolink/octolink/protocol/wire"
)

// record asks octolink everything once, so that its peers can answer the same.
func (s *suite) record(ctx context.Context) error {
	srv, err := s.start(ctx, octolink)
	if err != nil {
		return err
	}
	defer srv.stop()
	h, err := srv.herd(languageOf(wire.JSON))
	if err != nil {
		return err
	}
	defer h.Close()
	l, u := languageOf(wire.JSON), siteUser(0)
	answers := make(map[string]json.RawMessage)
	steps := append(whole(l, u, ""), trigger(l, u, firstEvent), ping(l)) // the event comes before the second pong
	a := &arrivals{language: l, herd: h, tabs: 1, atOnce: 1, steps: func(int) []question { return steps }}
	a.heard = func(_ int, m []byte) {
		name := strings.TrimSuffix(nameOf(m), "result")
		if name == "pong" {
			name = "ping"
		}
		answers[name] = bytes.Clone(m)
	}
	if err := a.run(ctx); err != nil {
		return fmt.Errorf("octolink: %w: %s", err, srv.stderr.Bytes())
	}
	text, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.answers, text, 0o600)
}

// nameOf is the name of a message in JSON.
func nameOf(m []byte) string {
	_, rest, _ := bytes.Cut(m, []byte(`["`))
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(name)
}
