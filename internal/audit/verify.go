package audit

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
)

// Fault says what is wrong with the chain, and where it begins.
type Fault struct {
	Seq     int64  `json:"seq"` // the first bad entry; 0 when a file beside the chain is bad
	Kind    string `json:"kind"`
	Message string `json:"message"` // for a person
}

// The kinds of fault.
const (
	FaultChanged   = "changed"   // the content is not what was written, or two entries changed places
	FaultMissing   = "missing"   // entries were taken out
	FaultTruncated = "truncated" // the end of the chain was cut off
	FaultFile      = "file"      // the signed head or the anchors are gone or forged
	FaultKey       = "key"       // the entry was written under another key
)

// Report is the outcome of Verify.
type Report struct {
	Entries int64     `json:"entries"` // how many entries stand in an unbroken chain from the first
	Head    int64     `json:"head"`    // the newest entry that the signed head knows
	Anchors int       `json:"anchors"`
	Checked time.Time `json:"checked"`
	Fault   *Fault    `json:"fault,omitempty"` // nil: the chain is whole
}

// OK reports whether the chain is whole.
func (r Report) OK() bool { return r.Fault == nil }

// Verify walks the whole chain and compares it with the signed files. A fault is not an error: err says that the
// check itself could not be done.
func (l *Log) Verify(ctx context.Context) (_ Report, err error) {
	defer fundwatch.Wrap(&err, "audit.Verify")
	report := Report{Checked: l.db.Now().In(fundwatch.Shanghai())}
	// The files are read first: entries that arrive meanwhile only make the chain longer than they say.
	head, haveHead, err := l.readHead()
	if err != nil {
		report.Fault = &Fault{Kind: FaultFile, Message: fmt.Sprintf("链尾文件 %s 被改动或不完整：%v", base(l.cfg.HeadFile), err)}
		return report, nil
	}
	anchors, err := l.readAnchors()
	if err != nil {
		report.Fault = &Fault{Kind: FaultFile, Message: fmt.Sprintf("锚点文件 %s 被改动：%v", base(l.cfg.AnchorFile), err)}
		return report, nil
	}
	report.Head, report.Anchors = head.Seq, len(anchors)
	known := map[int64]string{}
	last := head
	for _, a := range anchors {
		known[a.Seq] = a.Mac
		if a.Seq > last.Seq {
			last = a
		}
	}
	if haveHead {
		known[head.Seq] = head.Mac
	}
	report.Entries, report.Fault, err = l.walk(ctx, known)
	if err != nil || report.Fault != nil {
		return report, err
	}
	switch {
	case last.Seq > report.Entries:
		report.Fault = &Fault{Seq: report.Entries + 1, Kind: FaultTruncated, Message: fmt.Sprintf(
			"第 %d 条起的审计记录被截去：%s 已签署到第 %d 条", report.Entries+1,
			last.time().Format("2006-01-02 15:04:05"), last.Seq)}
	case !haveHead && report.Entries > 0:
		report.Fault = &Fault{Kind: FaultFile, Message: fmt.Sprintf("链尾文件 %s 丢失，无法确认末尾记录是否完整", base(l.cfg.HeadFile))}
	}
	return report, nil
}

// walk checks entry after entry until the first that does not fit.
func (l *Log) walk(ctx context.Context, known map[int64]string) (n int64, fault *Fault, err error) {
	rows, err := l.db.Read().NewSelect().Model((*row)(nil)).OrderExpr("seq").Rows(ctx)
	if err != nil {
		return 0, nil, store.Fault(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	prev := genesis
	for rows.Next() {
		var r row
		if err := l.db.Read().ScanRow(ctx, rows, &r); err != nil {
			return n, nil, err
		}
		if fault := l.check(&r, n+1, prev, known); fault != nil {
			return n, fault, nil
		}
		n, prev = r.Seq, r.Mac
	}
	return n, nil, rows.Err()
}

func (l *Log) check(r *row, want int64, prev string, known map[int64]string) *Fault {
	anchor, anchored := known[r.Seq]
	switch {
	case r.Seq != want:
		return &Fault{Seq: want, Kind: FaultMissing, Message: fmt.Sprintf("第 %d 条起缺失审计记录，下一条现存记录为第 %d 条", want, r.Seq)}
	case r.KeyID != l.keyID:
		return &Fault{Seq: r.Seq, Kind: FaultKey, Message: fmt.Sprintf("第 %d 条审计记录所用密钥与当前密钥不一致", r.Seq)}
	case !hmac.Equal([]byte(r.Mac), []byte(l.mac(r))):
		return &Fault{Seq: r.Seq, Kind: FaultChanged, Message: fmt.Sprintf("第 %d 条审计记录与其校验码不符，内容被改动或与其他记录对调", r.Seq)}
	case r.Prev != prev:
		return &Fault{Seq: r.Seq, Kind: FaultChanged, Message: fmt.Sprintf("第 %d 条审计记录与前一条不衔接，其前的记录被替换", r.Seq)}
	case anchored && anchor != r.Mac:
		return &Fault{Seq: r.Seq, Kind: FaultChanged, Message: fmt.Sprintf("第 %d 条审计记录与已签署的锚点不符", r.Seq)}
	}
	return nil
}
