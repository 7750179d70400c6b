package store

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"fundwatch"
)

// Fault gives the faults of the database that a person can do something about their code and sentence: a full
// disk, a busy or read-only file, a damaged file. Other errors come back as they are. WithTx applies it; readers
// that answer to a person apply it themselves.
func Fault(err error) error {
	var fe *fundwatch.Error
	var se *sqlite.Error
	if err == nil || errors.As(err, &fe) || !errors.As(err, &se) {
		return err
	}
	message := ""
	switch se.Code() & 0xff { // the low byte is the primary code
	case sqlite3.SQLITE_FULL:
		message = "磁盘空间不足，本次操作没有保存，已有数据未受影响；请清理数据目录所在磁盘后重试"
	case sqlite3.SQLITE_IOERR:
		message = "读写数据文件失败，本次操作没有保存；请检查数据目录所在磁盘"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		message = "工作库正忙，本次操作没有保存，请稍后重试"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		message = "工作库文件不可写，本次操作没有保存；请检查数据目录的权限"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		message = "工作库文件已损坏或不是本系统的数据库，请停止服务并用最近的备份恢复"
	default:
		return err
	}
	return &fundwatch.Error{Code: fundwatch.Unavailable, Message: message, Err: err}
}

// IsUnique reports whether err says that a row with the same unique key is there already.
func IsUnique(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) &&
		(se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
