//go:build unix

package warehouse

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"fundwatch"
)

// lockDir takes the folder for this instance. The engine's own lock binds processes only: a second instance in one
// process would pass it and release it on closing.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("warehouse: lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, fundwatch.Errorf(fundwatch.Conflict, "数据目录 %s 正被另一个数据仓库使用: %w", dir, err)
	}
	return f, nil
}

// freeSpace is the number of bytes an ordinary user may still write in the folder.
func freeSpace(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
