package refcore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// ledgerFile is the ledger's name inside Options.Dir, which may be the province's own folder.
const ledgerFile = "ledger.jsonl"

// ledger keeps every change of every directive, one JSON line each, never rewritten. A line counts once it is whole
// and on the disk; what a crash tore off at the end was never answered for and is cut away.
type ledger struct {
	mu     sync.Mutex
	file   *os.File
	size   int64
	states []core.DirectiveStatus // in order of Seq, which counts from 1
	first  map[string]int         // directive id to its first place in states
	latest map[string]int         // and to its last
	broken error                  // set when the file can no longer be trusted
}

func openLedger(path string) (_ *ledger, err error) {
	defer fundwatch.Wrap(&err, "refcore: open %s", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{file: f, first: map[string]int{}, latest: map[string]int{}}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *ledger) load() error {
	if err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another reference core has it open: %w", err)
	}
	data, err := io.ReadAll(l.file)
	if err != nil {
		return err
	}
	for {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			break
		}
		var s core.DirectiveStatus
		if err := json.Unmarshal(line, &s); err != nil {
			return fmt.Errorf("at byte %d: %w", l.size, err)
		}
		if s.Seq != int64(len(l.states))+1 {
			return fmt.Errorf("at byte %d: sequence %d after %d", l.size, s.Seq, len(l.states))
		}
		l.keep(s)
		l.size += int64(len(line)) + 1
		data = rest
	}
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	return errors.Join(l.file.Sync(), syncDir(filepath.Dir(l.file.Name())))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (l *ledger) keep(s core.DirectiveStatus) {
	if _, known := l.first[s.Directive.ID]; !known {
		l.first[s.Directive.ID] = len(l.states)
	}
	l.latest[s.Directive.ID] = len(l.states)
	l.states = append(l.states, s)
}

// receive takes a directive on, or returns its present state when it is known already.
func (l *ledger) receive(s core.DirectiveStatus) (_ core.DirectiveStatus, isNew bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.latest[s.Directive.ID]
	if !known {
		s, err = l.append(s)
		return s, true, err
	}
	if !l.states[at].Directive.Same(s.Directive) {
		return s, false, fundwatch.Errorf(fundwatch.Conflict, "指令编号 %s 已用于内容不同的另一条指令，请更换编号", s.Directive.ID)
	}
	return l.states[at], false, nil
}

// change adds the next state of a directive.
func (l *ledger) change(s core.DirectiveStatus) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.append(s)
	return err
}

func (l *ledger) append(s core.DirectiveStatus) (core.DirectiveStatus, error) {
	if l.broken != nil {
		return s, l.broken
	}
	s.Seq = int64(len(l.states)) + 1
	line, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	line = append(line, '\n')
	if _, err := l.file.WriteAt(line, l.size); err != nil {
		if cut := l.file.Truncate(l.size); cut != nil {
			l.broken = fundwatch.Errorf(fundwatch.Unavailable, "指令台账写入失败，请检查磁盘后重新启动: %w", cut)
		}
		return s, fundwatch.Errorf(fundwatch.Unavailable, "指令台账写入失败，请检查磁盘空间后重试: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		// Whether the line is on the disk stays unknown after a failed sync: only reading the file anew tells.
		l.broken = fundwatch.Errorf(fundwatch.Unavailable, "指令台账写入失败，请检查磁盘后重新启动: %w", err)
		return s, l.broken
	}
	l.size += int64(len(line))
	l.keep(s)
	return s, nil
}

// since lists changes above a sequence number.
func (l *ledger) since(after int64, limit int) []core.DirectiveStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(after, int64(len(l.states)))
	to := min(from+int64(limit), int64(len(l.states)))
	return append([]core.DirectiveStatus{}, l.states[from:to]...)
}

// open lists the present states that are not final, oldest first.
func (l *ledger) open() []core.DirectiveStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []core.DirectiveStatus
	for i, s := range l.states {
		if l.latest[s.Directive.ID] == i && !s.State.Final() {
			out = append(out, s)
		}
	}
	return out
}

// received is the business time at which a known directive came.
func (l *ledger) received(id string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.states[l.first[id]].At
}

// course is everything that happened to one directive.
func (l *ledger) course(id string) []core.DirectiveStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []core.DirectiveStatus
	for _, s := range l.states {
		if s.Directive.ID == id {
			out = append(out, s)
		}
	}
	return out
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = fundwatch.Errorf(fundwatch.Unavailable, "业务系统正在停止")
	return l.file.Close()
}
