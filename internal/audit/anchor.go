package audit

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"fundwatch"
)

// sign is a signed statement about the chain: at that time the entry seq had this code. The head file holds the
// newest one, the anchor file one for every thousand entries or minute.
type sign struct {
	Seq  int64  `json:"seq"`
	Mac  string `json:"mac"`
	At   int64  `json:"at"`
	Sign string `json:"sign"`
}

func (l *Log) signature(s sign) string {
	h := hmac.New(sm3.New, l.key)
	fmt.Fprintf(h, "anchor %d %s %d", s.Seq, s.Mac, s.At)
	return hex.EncodeToString(h.Sum(nil))
}

// advance signs a new head, and an anchor when one is due. It runs after the commit and cannot undo it: a failure
// leaves an older head, which the next entry replaces, and stands in the log.
func (l *Log) advance(s sign) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Seq <= l.head {
		return // two commits were signed in the other order; the newer one speaks for both
	}
	l.head = s.Seq
	s.Sign = l.signature(s)
	line, err := json.Marshal(s)
	if err == nil {
		line = append(line, '\n')
		err = l.writeHead(line)
	}
	if s.Seq-l.anchored.Seq >= l.cfg.AnchorEvery || s.At-l.anchored.At >= l.cfg.AnchorAfter.Milliseconds() {
		if aerr := l.writeAnchor(line); aerr != nil {
			err = errors.Join(err, aerr)
		} else {
			l.anchored = s
		}
	}
	if err != nil {
		l.log.Error("audit head not signed", "seq", s.Seq, "error", err)
	}
}

// writeHead overwrites the head in place: one short write, padded so that a shorter line leaves no rest. A torn
// line reads as no head, which Verify reports and the next entry mends.
func (l *Log) writeHead(line []byte) error {
	f, err := os.OpenFile(l.cfg.HeadFile, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	const width = 256
	padded := bytes.Repeat([]byte{' '}, max(width, len(line)))
	copy(padded, bytes.TrimRight(line, "\n"))
	padded[len(padded)-1] = '\n'
	_, err = f.WriteAt(padded, 0)
	return errors.Join(err, f.Close())
}

func (l *Log) writeAnchor(line []byte) error {
	f, err := os.OpenFile(l.cfg.AnchorFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Sync(), f.Close())
}

// readHead returns the signed head; ok is false when there is none yet.
func (l *Log) readHead() (s sign, ok bool, err error) {
	text, err := os.ReadFile(l.cfg.HeadFile)
	if errors.Is(err, os.ErrNotExist) {
		return sign{}, false, nil
	}
	if err != nil {
		return sign{}, false, err
	}
	s, err = l.parseSign(text)
	return s, err == nil, err
}

// readAnchors returns the anchors, oldest first.
func (l *Log) readAnchors() ([]sign, error) {
	text, err := os.ReadFile(l.cfg.AnchorFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []sign
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		s, err := l.parseSign(lines.Bytes())
		if err != nil {
			if n > 1 && !bytes.HasSuffix(text, []byte("\n")) && bytes.HasSuffix(text, lines.Bytes()) {
				return out, nil // the last line was cut off by a crash
			}
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, s)
	}
	return out, lines.Err()
}

func (l *Log) parseSign(line []byte) (sign, error) {
	var s sign
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return sign{}, fmt.Errorf("unreadable: %w", err)
	}
	if !hmac.Equal([]byte(s.Sign), []byte(l.signature(s))) {
		return sign{}, errors.New("signature does not match")
	}
	return s, nil
}

func (s sign) time() time.Time { return time.UnixMilli(s.At).In(fundwatch.Shanghai()) }

func base(path string) string { return filepath.Base(path) }
