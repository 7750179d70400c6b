package synth

// blockSize is the number of persons computed and told together; all that a person's rows refer to lies in the
// block, or follows from a number.
const blockSize = 2048

// segment is the part of a block that lies in one county, with the units in which its people work.
type segment struct {
	at          *place
	no          int64
	first, last int64 // persons
	units       []unit
	enterprises []int32
	bureaus     []int32
	counter     int32 // the window for those who pay for themselves
}

// segments divides block b at the borders of counties, reusing what it is given.
func (w *world) segments(into []segment, b int64) []segment {
	from, to := b*blockSize, min((b+1)*blockSize, w.n)
	into = into[:0]
	c := w.countyAt(from)
	for from < to {
		for c+1 < counties && w.places[c+1].first <= from {
			c++
		}
		end := to
		if c+1 < counties {
			end = min(end, w.places[c+1].first)
		}
		if len(into) < cap(into) {
			into = into[:len(into)+1]
		} else {
			into = append(into, segment{})
		}
		s := &into[len(into)-1]
		s.at, s.no, s.first, s.last = &w.places[c], b+int64(c), from, end
		w.settle(s)
		from = end
	}
	return into
}

// countyAt finds the county of a person.
func (w *world) countyAt(i int64) int {
	lo, hi := 0, counties-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if w.places[mid].first <= i {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// segmentAt makes the segment of one person.
func (w *world) segmentAt(i int64, buf []segment) (*segment, []segment) {
	buf = w.segments(buf, i/blockSize)
	for k := range buf {
		if i < buf[k].last {
			return &buf[k], buf
		}
	}
	return &buf[len(buf)-1], buf
}
