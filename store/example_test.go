package store_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer s.Close()

	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := pbx.CallRecord{ID: "1", Chain: "c", Login: "alice", Number: "300", Peer: "79161234567", Direction: pbx.Incoming, Started: start}
	s.OpenCall(r) // does not wait
	r.AnsweredAt, r.Ended, r.Outcome = start.Add(5*time.Second), start.Add(65*time.Second), pbx.Answered
	s.CloseCall(r)
	if err := s.Sync(ctx); err != nil { // now it is on the disk
		panic(err)
	}

	records, err := s.Journal(ctx, store.JournalFilter{Logins: []string{"alice"}, MinTalk: time.Minute})
	if err != nil {
		panic(err)
	}
	for _, r := range records {
		fmt.Println(r.Peer, r.Outcome, r.Talked())
	}
	// Output: 79161234567 answered 1m0s
}
