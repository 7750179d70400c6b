package intake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"time"

	"fundwatch/core"
	"fundwatch/warehouse"
)

// identities gives every row of a file an identity that a later file finds again. It is made of the row's business
// key and of how many rows with that key stand above it in the file, so a correction sent later replaces the row,
// and doubled keys stay visible as doubles, for the check points to find. Identities of files are negative, those
// that the core gives out are positive, so the two never meet.
type identities struct {
	key  []int // columns of the business key
	h    hash.Hash
	buf  []byte
	seen map[int64]struct{}
}

func newIdentities(t core.Table) *identities {
	ids := &identities{h: sha256.New(), seen: map[int64]struct{}{}}
	for _, k := range t.Key {
		for i, c := range t.Columns {
			if c.Code == k {
				ids.key = append(ids.key, i)
			}
		}
	}
	return ids
}

// maxDoubles bounds how often one key may stand in a file: each further row costs a look at all before it.
const maxDoubles = 1000

// of gives the next row its identity; ok is false when its key was repeated too often. doubled says that the key
// stood in the file before.
func (ids *identities) of(values []any) (rid int64, doubled, ok bool) {
	for n := range int64(maxDoubles) {
		ids.buf = binary.AppendVarint(ids.buf[:0], n)
		for _, k := range ids.key {
			ids.buf = appendValue(ids.buf, values[k])
		}
		rid = min(-(ids.sum() & math.MaxInt64), -1)
		if _, there := ids.seen[rid]; !there {
			ids.seen[rid] = struct{}{}
			return rid, n > 0, true
		}
	}
	return 0, true, false
}

// content is a fingerprint of all values of a row.
func (ids *identities) content(values []any) int64 {
	ids.buf = ids.buf[:0]
	for _, v := range values {
		ids.buf = appendValue(ids.buf, v)
	}
	return ids.sum()
}

func (ids *identities) sum() int64 {
	ids.h.Reset()
	ids.h.Write(ids.buf)
	var out [sha256.Size]byte
	return int64(binary.BigEndian.Uint64(ids.h.Sum(out[:0]))) //nolint:gosec // only the bits matter
}

// appendValue writes a value so that different values never give the same bytes.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.AppendVarint(append(b, 1), v)
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 2), math.Float64bits(v))
	case string:
		return append(binary.AppendUvarint(append(b, 3), uint64(len(v))), v...)
	case time.Time:
		return binary.AppendVarint(append(b, 4), utc(v).UnixMicro())
	default:
		return append(b, 0)
	}
}

// slice is the number of rows of earlier files that are asked for at a time: the engine holds an answer whole.
const slice = 200_000

// eachEarlier calls fn for every row that earlier files brought into the table.
func eachEarlier(ctx context.Context, v *warehouse.View, t core.Table, fn func(rid int64, values []any) error) error {
	f, err := v.Query(ctx, warehouse.Statement{SQL: fmt.Sprintf("SELECT count(*) FROM {{%s}} WHERE rid < 0", t.Code)})
	if err != nil {
		return err
	}
	n, ok := f.Rows[0][0].(int64)
	if !ok || n == 0 {
		return nil
	}
	columns := ""
	for _, c := range t.Columns {
		columns += ", " + c.Code
	}
	parts := n/slice + 1 // identities are spread evenly, so ranges of them are parts of equal size
	for i := range parts {
		lo := int64(math.MinInt64) / parts * (i + 1)
		hi := int64(math.MinInt64) / parts * i
		if i == parts-1 {
			lo = math.MinInt64
		}
		s := warehouse.Statement{SQL: fmt.Sprintf("SELECT rid%s FROM {{%s}} WHERE rid >= ? AND rid < ?", columns, t.Code), Args: []any{lo, hi}}
		err := v.Each(ctx, s, func(row []any) error {
			rid, ok := row[0].(int64)
			if !ok {
				return fmt.Errorf("intake: row identity of type %T", row[0])
			}
			return fn(rid, row[1:])
		})
		if err != nil {
			return err
		}
	}
	return nil
}
