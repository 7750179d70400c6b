package patrol

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// FindingState says whether the last judgement still found it.
type FindingState string

// The states of a finding.
const (
	Present FindingState = "present"
	Gone    FindingState = "gone"
)

// Finding is what a rule found about one subject (疑点). Its Key stays the same as long as it is about the same
// thing: it knows neither versions nor amounts nor regions.
type Finding struct {
	Key        string              `json:"key"`
	Rule       string              `json:"rule"`
	Version    int64               `json:"version"`
	Subject    fundwatch.Subject   `json:"subject"`
	Region     fundwatch.Region    `json:"region"`
	Line       fundwatch.Insurance `json:"line"`
	Amount     fundwatch.Fen       `json:"amount"`
	FirstMonth fundwatch.Month     `json:"firstMonth"`
	LastMonth  fundwatch.Month     `json:"lastMonth"`
	Facts      map[string]any      `json:"facts"`  // int64, float64, string; dates as 2026-10-31; absent: unknown
	Params     map[string]any      `json:"params"` // as they were resolved for this judgement
	Hash       string              `json:"hash"`   // of all that proves it; moves when the evidence does
	State      FindingState        `json:"state"`
	FirstSeq   int64               `json:"firstSeq"` // load after which it was first found
	LastSeq    int64               `json:"lastSeq"`  // load after which it last appeared, changed or vanished
	SeenAt     time.Time           `json:"seenAt"`   // when that was

	unit int64
}

// ChangeKind says what a round did to a finding.
type ChangeKind string

// The kinds of change. A finding that comes back after it was gone is Returned.
const (
	Appeared ChangeKind = "appeared"
	Returned ChangeKind = "returned"
	Changed  ChangeKind = "changed"
	Vanished ChangeKind = "vanished"
)

// Change is one change of a finding in a round, as the Sink gets it.
type Change struct {
	Kind    ChangeKind
	Finding Finding
	Rule    *Rule
	Round   int64
	AsOf    time.Time // business time of the facts judged
}

// findingRow is a line of patrol_finding.
type findingRow struct {
	bun.BaseModel `bun:"table:patrol_finding"`

	FindingKey  string `bun:",pk"`
	Rule        string
	Version     int64
	SubjectKind string
	SubjectID   string
	Unit        int64
	Region      string
	Line        string
	Amount      int64
	FirstMonth  int64
	LastMonth   int64
	Facts       string
	Params      string
	Hash        string
	State       string
	FirstSeq    int64
	LastSeq     int64
	SeenAt      int64
}

func (f *Finding) row() (findingRow, error) {
	facts, err := json.Marshal(f.Facts)
	if err != nil {
		return findingRow{}, fmt.Errorf("finding %s: facts: %w", f.Key, err)
	}
	params, err := json.Marshal(f.Params)
	if err != nil {
		return findingRow{}, fmt.Errorf("finding %s: params: %w", f.Key, err)
	}
	return findingRow{
		FindingKey: f.Key, Rule: f.Rule, Version: f.Version, SubjectKind: string(f.Subject.Kind), SubjectID: f.Subject.ID,
		Unit: f.unit, Region: string(f.Region), Line: string(f.Line), Amount: int64(f.Amount),
		FirstMonth: int64(f.FirstMonth), LastMonth: int64(f.LastMonth), Facts: string(facts), Params: string(params),
		Hash: f.Hash, State: string(f.State), FirstSeq: f.FirstSeq, LastSeq: f.LastSeq, SeenAt: f.SeenAt.UnixMilli(),
	}, nil
}

func (r *findingRow) finding() (Finding, error) {
	f := Finding{
		Key: r.FindingKey, Rule: r.Rule, Version: r.Version,
		Subject: fundwatch.Subject{Kind: fundwatch.SubjectKind(r.SubjectKind), ID: r.SubjectID},
		Region:  fundwatch.Region(r.Region), Line: fundwatch.Insurance(r.Line), Amount: fundwatch.Fen(r.Amount),
		FirstMonth: fundwatch.Month(r.FirstMonth), LastMonth: fundwatch.Month(r.LastMonth), Hash: r.Hash,
		State: FindingState(r.State), FirstSeq: r.FirstSeq, LastSeq: r.LastSeq,
		SeenAt: time.UnixMilli(r.SeenAt).In(fundwatch.Shanghai()), unit: r.Unit,
	}
	var err error
	if f.Facts, err = decodeFacts(r.Facts); err == nil {
		f.Params, err = decodeFacts(r.Params)
	}
	if err != nil {
		return f, fmt.Errorf("finding %s: %w", r.FindingKey, err)
	}
	return f, nil
}

// decodeFacts reads facts as they were before encoding: whole numbers stay int64.
func decodeFacts(text string) (map[string]any, error) {
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(raw))
	for k, v := range raw {
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			out[k] = n
			continue
		}
		var x any
		if err := json.Unmarshal(v, &x); err != nil {
			return nil, err
		}
		out[k] = x
	}
	return out, nil
}

// findingKey is the identity of a finding: the rule, the kind of subject and the identity columns.
func findingKey(r *Rule, kind fundwatch.SubjectKind, identity []string) string {
	h := sha256.New()
	for _, part := range append([]string{r.ID, string(kind)}, identity...) {
		fmt.Fprintf(h, "%d:%s", len(part), part) // lengths keep ("ab","c") and ("a","bc") apart
	}
	return hex.EncodeToString(h.Sum(nil))
}

// seal computes the hash over what proves the finding. Facts that move with other people's data stay outside.
func (f *Finding) seal(r *Rule) error {
	facts := maps.Clone(f.Facts)
	for name, fact := range r.Facts {
		if fact.Moving {
			delete(facts, name)
		}
	}
	text, err := json.Marshal([]any{f.Rule, f.Subject, f.Region, f.Line, f.Amount, f.FirstMonth, f.LastMonth, facts})
	if err != nil {
		return fmt.Errorf("finding %s: %w", f.Key, err)
	}
	sum := sha256.Sum256(text)
	f.Hash = hex.EncodeToString(sum[:])
	return nil
}

// known is what a round must remember of a stored finding to tell what changed.
type known struct {
	unit     int64
	hash     string
	facts    string
	version  int64
	state    FindingState
	firstSeq int64
}

// knownFindings reads the stored findings of a rule by key.
func knownFindings(ctx context.Context, db bun.IDB, rule string) (map[string]known, error) {
	rows, err := db.QueryContext(ctx, `SELECT finding_key, unit, hash, facts, version, state, first_seq FROM patrol_finding
		WHERE rule = ?`, rule)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]known{}
	for rows.Next() {
		var key string
		var k known
		if err := rows.Scan(&key, &k.unit, &k.hash, &k.facts, &k.version, &k.state, &k.firstSeq); err != nil {
			return nil, err
		}
		out[key] = k
	}
	return out, rows.Err()
}

// storeBatch is how many findings go into one statement.
const storeBatch = 200

// insertFindings stores new findings.
func insertFindings(ctx context.Context, tx *store.Tx, list []findingRow) error {
	for len(list) > 0 {
		n := min(storeBatch, len(list))
		part := list[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return fmt.Errorf("store findings: %w", err)
		}
		list = list[n:]
	}
	return nil
}

// updateFinding stores a changed finding whole.
func updateFinding(ctx context.Context, tx *store.Tx, row *findingRow) error {
	if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("store finding: %w", err)
	}
	return nil
}
