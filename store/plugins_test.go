package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/octolink/octolink/store"
)

// Ensure values of plugins outlive a restart, do not mix, and are not too many.
func TestPluginValues(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	if v, err := s.PluginValue(ctx, "a", "k"); v != nil || err != nil {
		t.Errorf("got %v, %v for a value that is not there", v, err)
	}
	for _, v := range []struct{ plugin, key, value string }{
		{"a", "k", "1"}, {"a", "k", "2"}, {"a", "k%", "3"}, {"a", "l", ""}, {"b", "k", "4"}, {"a", "gone", "5"},
	} {
		if err := s.SetPluginValue(ctx, v.plugin, v.key, []byte(v.value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.DeletePluginValue(ctx, "a", "gone"), s.DeletePluginValue(ctx, "a", "never")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	for _, v := range []struct{ plugin, key, value string }{{"a", "k", "2"}, {"a", "k%", "3"}, {"a", "l", ""}, {"b", "k", "4"}} {
		if got, err := s.PluginValue(ctx, v.plugin, v.key); got == nil || string(got) != v.value || err != nil {
			t.Errorf("%s/%s: got %q, %v, want %q", v.plugin, v.key, got, err, v.value)
		}
	}
	for prefix, want := range map[string][]string{"": {"k", "k%", "l"}, "k": {"k", "k%"}, "k%": {"k%"}, "x": nil} {
		if got, err := s.PluginKeys(ctx, "a", prefix); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v, want %v", prefix, got, err, want)
		}
	}
}

func TestPluginValuesHaveALimit(t *testing.T) {
	s := open(t, t.TempDir())
	all := make(chan error, 100)
	for w := range 100 {
		go func() {
			var errs []error
			for i := range 100 {
				errs = append(errs, s.SetPluginValue(t.Context(), "a", fmt.Sprint(w*100+i), nil))
			}
			all <- errors.Join(errs...)
		}()
	}
	for range 100 {
		if err := <-all; err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetPluginValue(t.Context(), "a", "one more", nil); !errors.Is(err, store.ErrPluginFull) {
		t.Errorf("got %v, want %v", err, store.ErrPluginFull)
	}
	if err := errors.Join(s.SetPluginValue(t.Context(), "a", "7", []byte("x")), s.SetPluginValue(t.Context(), "b", "7", nil)); err != nil {
		t.Error(err)
	}
}
