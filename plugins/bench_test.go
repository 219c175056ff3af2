package plugins_test

import (
	"testing"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// octolink bench plugin compares this with plain unary calls.
func BenchmarkInvoke(b *testing.B) {
	h := newHouse(b)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	call := crm.Call{In: crm.Values{{Key: "text", Value: "+7 (916) 123-45-67"}}}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := h.crm.Invoke(b.Context(), "a.echo", call); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
