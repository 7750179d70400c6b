package core

import "fmt"

// arrowScan counts the rows of an Arrow IPC stream as its bytes pass by. It looks at the frames and at two numbers
// of each message and leaves the data alone, so it costs next to nothing and holds one message's metadata at most.
type arrowScan struct {
	rows     int64
	messages int
	done     bool   // the end-of-stream mark has passed
	skip     int64  // bytes of a message's body still to pass
	want     int    // bytes that buf must reach before it can be read
	inside   bool   // buf collects metadata, not a frame's prefix
	buf      []byte // the prefix or the metadata so far
}

// Write takes the next bytes of the stream. It implements io.Writer and consumes all of p or fails.
func (s *arrowScan) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.skip > 0 {
			k := min(s.skip, int64(len(p)))
			s.skip -= k
			p = p[k:]
			continue
		}
		if s.done {
			return 0, fmt.Errorf("%w: bytes after the end", errArrow)
		}
		if s.want == 0 {
			s.want = arrowPrefix
		}
		k := min(s.want-len(s.buf), len(p))
		s.buf = append(s.buf, p[:k]...)
		p = p[k:]
		if len(s.buf) < s.want {
			break
		}
		if err := s.step(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// End says whether the stream may end here: after whole messages, the first of which was a schema.
func (s *arrowScan) End() error {
	if s.messages == 0 || s.skip > 0 || len(s.buf) > 0 || s.inside {
		return fmt.Errorf("%w: it ends in the middle", errArrow)
	}
	return nil
}

// step reads what buf has collected: a frame's prefix or a message's metadata.
func (s *arrowScan) step() error {
	if !s.inside {
		size, err := readArrowPrefix(s.buf)
		s.buf, s.want = s.buf[:0], size
		s.inside, s.done = size > 0, size == 0
		return err
	}
	m, err := readArrowMessage(s.buf)
	if err != nil {
		return err
	}
	if (m.kind == arrowSchema) != (s.messages == 0) {
		return fmt.Errorf("%w: message %d is of kind %d", errArrow, s.messages, m.kind)
	}
	s.messages++
	s.rows += m.rows
	s.skip = m.body
	s.buf, s.want, s.inside = s.buf[:0], 0, false
	return nil
}
