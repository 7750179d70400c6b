package intake

import (
	"fundwatch"
	"fundwatch/warehouse/intake/sheet"
)

// needSpace refuses a load for which the disk has less than twice its size free: once for the landing file, once
// for the tables.
func needSpace(free func(dir string) (int64, error), dir string, size int64) error {
	have, err := free(dir)
	if err != nil {
		return err
	}
	if have < 2*size {
		return fundwatch.Errorf(fundwatch.Unavailable, "磁盘空间不足：本次装载需要 %s，仅剩 %s；未装入任何数据，请清理或扩容后重试",
			sheet.Size(2*size), sheet.Size(have))
	}
	return nil
}
