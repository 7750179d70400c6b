//go:build unix

package intake

import (
	"fmt"
	"syscall"
)

// freeSpace is how many bytes an ordinary process may still write in the folder's file system.
func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("intake: free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:gosec,unconvert // sizes differ between systems
}
