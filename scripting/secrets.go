package scripting

import (
	"strings"
	"time"
)

// minSecret is the length from which a secret is also masked where it is a part of something else.
const minSecret = 3

// show is a value in a trace.
func (r *Run) show(v any) string {
	s := shower{max: r.e.opts.Limits.StepText, secrets: r.secrets}
	s.show(v)
	return s.text()
}

// hide masks the run's secrets in a text.
func (r *Run) hide(text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, masked)
	}
	return text
}

// remember keeps a value out of the trace from now on.
func (r *Run) remember(v any) {
	if text, ok := v.(string); ok && len(text) >= minSecret {
		r.secrets = append(r.secrets, text)
	}
}

// since is how long the run has taken.
func (r *Run) since() time.Duration { return r.e.opts.Clock.Now().Sub(r.started) }
