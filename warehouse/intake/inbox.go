package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fundwatch"
)

// Inbox imports the files that are put into a folder (投递目录). A file is named after its table, TABLE-anything.csv,
// or TABLE-replace-anything.csv when it takes the place of all earlier lists. It is taken when it has stopped
// growing, and moves to done/ or failed/ with a report beside it.
type Inbox struct {
	dir    string
	settle time.Duration
	files  *Files
	actor  fundwatch.Actor
	log    *slog.Logger
	now    func() time.Time
	sizes  map[string]int64 // of the files seen in the last look
}

// InboxConfig says which folder is watched. A zero field takes its default.
type InboxConfig struct {
	Dir    string        // the folder; made when missing; required
	Settle time.Duration // how long a file must have been left alone; default 3s
}

// NewInbox makes the folder and its subfolders. Imports are entered under the actor's name.
func NewInbox(c InboxConfig, files *Files, actor fundwatch.Actor) (*Inbox, error) {
	if c.Dir == "" || files == nil || actor.ID == "" {
		return nil, errors.New("intake: the Inbox needs Dir, Files and an actor")
	}
	if c.Settle == 0 {
		c.Settle = 3 * time.Second
	}
	for _, sub := range []string{"", "done", "failed"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("intake: inbox: %w", err)
		}
	}
	return &Inbox{dir: c.Dir, settle: c.Settle, files: files, actor: actor, log: files.opts.Logger, now: files.opts.Now,
		sizes: map[string]int64{}}, nil
}

// Watch looks into the folder every so often until ctx ends. onImport is called after each import that changed the
// warehouse; it may be nil.
func (in *Inbox) Watch(ctx context.Context, every time.Duration, onImport func(context.Context, Import)) error {
	for {
		done, err := in.Look(ctx)
		if err != nil && ctx.Err() == nil {
			in.log.WarnContext(ctx, "inbox cannot be read", "dir", in.dir, "error", err)
		}
		for _, imp := range done {
			if onImport != nil && imp.LoadSeq > 0 {
				onImport(ctx, imp)
			}
		}
		if err := sleep(ctx, every); err != nil {
			return err
		}
	}
}

// Look imports the files that have come to rest since the last look.
func (in *Inbox) Look(ctx context.Context) ([]Import, error) {
	entries, err := os.ReadDir(in.dir)
	if err != nil {
		return nil, fmt.Errorf("intake: inbox: %w", err)
	}
	sizes := map[string]int64{}
	var ready []string
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".tmp") {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("intake: inbox: %w", err)
		}
		sizes[name] = info.Size()
		before, seen := in.sizes[name]
		if seen && before == info.Size() && in.now().Sub(info.ModTime()) >= in.settle {
			ready = append(ready, name)
		}
	}
	in.sizes = sizes
	slices.Sort(ready)
	var out []Import
	for _, name := range ready {
		imp, err := in.take(ctx, name)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil {
			return out, err
		}
		out = append(out, imp)
	}
	return out, nil
}

// take imports one file and moves it away. When the disk is full or the process ends, it stays for a later look.
func (in *Inbox) take(ctx context.Context, name string) (Import, error) {
	path := filepath.Join(in.dir, name)
	file, err := os.Open(path) //nolint:gosec // a name that ReadDir gave
	if err != nil {
		return Import{}, fmt.Errorf("intake: inbox: %w", err)
	}
	table, rest, _ := strings.Cut(name, "-")
	r := Request{Table: table, Name: name, Body: file, Mode: Append}
	if strings.HasPrefix(strings.ToLower(rest), "replace-") {
		r.Mode = Replace
	}
	imp, err := in.files.Import(ctx, in.actor, r)
	if cerr := file.Close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	sub, message := "done", imp.Message
	if err != nil {
		if fundwatch.CodeOf(err) == fundwatch.Unavailable || ctx.Err() != nil {
			return imp, err
		}
		sub, message = "failed", fundwatch.MessageOf(err)
	}
	in.log.InfoContext(ctx, "file from the inbox", "file", name, "table", table, "outcome", sub, "load_seq", imp.LoadSeq)
	to := filepath.Join(in.dir, sub, in.now().In(fundwatch.Shanghai()).Format("20060102-150405-")+name)
	if err := os.WriteFile(to+".txt", []byte(report(name, message, imp)), 0o600); err != nil {
		return imp, fmt.Errorf("intake: inbox: %w", err)
	}
	if err := os.Rename(path, to); err != nil {
		return imp, fmt.Errorf("intake: inbox: %w", err)
	}
	delete(in.sizes, name)
	return imp, nil
}

// report is what lies beside a file that was taken.
func report(name, message string, imp Import) string {
	var b strings.Builder
	fmt.Fprintf(&b, "文件：%s\n结果：%s\n", name, message)
	if imp.LoadSeq > 0 {
		fmt.Fprintf(&b, "装载序号：%d\n", imp.LoadSeq)
	}
	if imp.Faults > 0 {
		fmt.Fprintf(&b, "\n问题共 %d 处", imp.Faults)
		if imp.Faults > int64(len(imp.Problems)) {
			fmt.Fprintf(&b, "，列出前 %d 处", len(imp.Problems))
		}
		b.WriteString("：\n")
		for _, p := range imp.Problems {
			fmt.Fprintf(&b, "  %s\n", p)
		}
	}
	return b.String()
}
