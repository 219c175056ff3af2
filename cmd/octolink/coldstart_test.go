package main

import (
	"os"
	"testing"
)

// BenchmarkColdStart is the time from the start of the process to the first answered login, with the
// database in place.
func BenchmarkColdStart(b *testing.B) {
	path := configFile(b, b.TempDir(), people)
	once := func() {
		p := launch(b, "--config", path)
		p.tab().logIn("alice", "demo")
		b.StopTimer()
		p.signal(os.Kill)
		p.wait()
		b.StartTimer()
	}
	once()
	b.ResetTimer()
	for range b.N {
		once()
	}
}
