package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/octolink/octolink/store"
)

// Ensure deliveries of plugins outlive a restart, keep their order, are not there twice, and are forgotten
// a week after their end.
func TestPluginDeliveries(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	opened := func() *store.Store {
		s, err := store.Open(t.Context(), store.Options{Dir: dir, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	s, ctx := opened(), t.Context()
	add := func(plugin, endpoint, key string) bool {
		t.Helper()
		known, err := s.AddPluginDelivery(ctx, plugin, endpoint, key, []byte(plugin+endpoint+key))
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	next := func(plugin, endpoint string) *store.PluginDelivery {
		t.Helper()
		d, err := s.NextPluginDelivery(ctx, plugin, endpoint)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	end := func(n int64, failure string) {
		t.Helper()
		if err := s.EndPluginDelivery(ctx, n, failure); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []struct {
		plugin, endpoint, key string
		known                 bool
	}{
		{"a", "crm", "2", false}, {"a", "crm", "1", false}, {"a", "crm", "2", true}, {"a", "other", "2", false}, {"b", "crm", "2", false},
	} {
		if known := add(d.plugin, d.endpoint, d.key); known != d.known {
			t.Errorf("%+v: got known %t", d, known)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened()
	first := next("a", "crm")
	if first == nil || first.Key != "2" || string(first.Request) != "acrm2" || !first.At.Equal(now) {
		t.Fatalf("got %+v", first)
	}
	end(first.N, "")
	second := next("a", "crm")
	if second == nil || second.Key != "1" {
		t.Fatalf("got %+v", second)
	}
	end(second.N, "nobody wants it")
	if d := next("a", "crm"); d != nil {
		t.Errorf("got %+v", d)
	}
	if !add("a", "crm", "2") || !add("a", "crm", "1") {
		t.Error("a key was taken again at once")
	}
	if open, failed, err := s.PluginDeliveries(ctx, "a"); open != 1 || failed != 1 || err != nil {
		t.Errorf("got %d %d %v", open, failed, err)
	}
	now = now.Add(8 * 24 * time.Hour)
	if err := s.PruneOld(ctx); err != nil {
		t.Fatal(err)
	}
	if add("a", "crm", "2") || next("b", "crm") == nil {
		t.Error("a week later: the key is still known, or what was on its way is gone")
	}
}

// Ensure a plugin whose deliveries do not arrive cannot fill the disk.
func TestPluginDeliveriesAreBounded(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	const most = 10_000
	s.Forget(fmt.Sprintf(`WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < %d - 1)
 INSERT INTO plugin_deliveries (plugin, endpoint, key, at, request) SELECT 'a', 'crm', i, 0, x'' FROM c`, most))
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddPluginDelivery(ctx, "a", "crm", "one more", nil); !errors.Is(err, store.ErrPluginFull) {
		t.Errorf("got %v", err)
	}
	if known, err := s.AddPluginDelivery(ctx, "a", "crm", fmt.Sprint(most-1), nil); !known || err != nil {
		t.Errorf("a known key: got %t %v", known, err)
	}
	if _, err := s.AddPluginDelivery(ctx, "b", "crm", "one", nil); err != nil {
		t.Errorf("another plugin: got %v", err)
	}
}
