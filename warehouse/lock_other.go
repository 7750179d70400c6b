//go:build !unix

package warehouse

import (
	"math"
	"os"
	"path/filepath"
)

// lockDir marks the folder; on this system the engine's own file lock keeps a second instance out.
func lockDir(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
}

// freeSpace is not asked on this system; a full disk shows itself in the failing write.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }
