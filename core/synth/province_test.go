package synth_test

import (
	"path/filepath"
	"testing"

	"fundwatch/core/synth"
)

// province makes and opens a province in a folder of the test.
func province(t *testing.T, opt synth.Options) (*synth.Province, string) {
	t.Helper()
	opt.Dir = filepath.Join(t.TempDir(), "province")
	if err := synth.Make(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	p, err := synth.Open(opt.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, opt.Dir
}
