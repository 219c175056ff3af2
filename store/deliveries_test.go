package store_test

import "testing"

// Ensure what a CRM confirmed is known after a restart and never goes back.
func TestDelivered(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, ok, err := s.Delivered(t.Context(), "crm"); ok || err != nil {
		t.Fatalf("got %v, %v for a link that never confirmed", ok, err)
	}
	for _, n := range []int64{5, 9, 7} {
		s.SetDelivered("crm", n)
	}
	s.SetDelivered("other", 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	n, ok, err := open(t, dir).Delivered(t.Context(), "crm")
	if n != 9 || !ok || err != nil {
		t.Errorf("got %d, %v, %v, want 9", n, ok, err)
	}
}
