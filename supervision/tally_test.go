package supervision_test

import (
	"testing"

	"fundwatch/access"
	"fundwatch/patrol"
	"fundwatch/supervision"
)

// Counts are shared between lists; they must follow every change, from the empty desk on.
func TestCountsFollowChanges(t *testing.T) {
	b := newBench(t)
	who := actor("520000", access.Supervisor)
	want := func(total int64) {
		t.Helper()
		for range 2 {
			page, err := b.desk.List(t.Context(), who, supervision.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != total {
				t.Fatalf("the list counts %d alerts, want %d", page.Total, total)
			}
		}
	}
	want(0)
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"))
	want(1)
	b.raise(b.change(patrol.Appeared, 2, "520302", 100, "h"))
	want(2)
}
