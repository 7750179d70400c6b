package duckdb

import (
	"fmt"
	"math/big"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"fundwatch"
)

// Plain turns a scanned value into one of int64, float64, string, bool, time.Time or nil. A time without a zone is
// the clock of China.
func (e *Engine) Plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, float64, string, bool:
		return v, nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return fromBig(new(big.Int).SetUint64(v)), nil
	case *big.Int:
		return fromBig(v), nil
	case float32:
		return float64(v), nil
	case duckdb.Decimal:
		return v.Float64(), nil
	case time.Time:
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(),
			fundwatch.Shanghai()), nil
	}
	return nil, fmt.Errorf("duckdb: a result column of Go type %T has no plain form; cast it in the statement", v)
}

// fromBig keeps sums exact as far as int64 reaches; SUM over BIGINT is wider in this engine.
func fromBig(v *big.Int) any {
	if v.IsInt64() {
		return v.Int64()
	}
	f, _ := new(big.Float).SetInt(v).Float64()
	return f
}
