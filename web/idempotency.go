package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
)

const (
	replyKept   = 24 * time.Hour
	replyLost   = 2 * time.Minute // a request that has not ended by then died with the process that ran it
	replyMaxLen = 1 << 20
)

// replies remembers the answers to POSTs that carry an Idempotency-Key, so that a browser that heard nothing may
// ask again without doing the thing twice.
type replies struct {
	db *store.DB
}

// reply is one remembered answer.
type reply struct {
	route, hash string
	at          int64
	done        int
	status      int
	header      string
	body        string
}

// serve answers from memory, or runs next once and remembers. Faults of the server are not remembered: a repeat
// tries again.
func (m replies) serve(w http.ResponseWriter, r *http.Request, actor fundwatch.Actor, route string, next http.Handler) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) < 8 || len(key) > 128 {
		writeProblem(w, r, newProblem(http.StatusUnprocessableEntity, string(fundwatch.Invalid), "Idempotency-Key 应为 8 至 128 个字符"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		writeProblem(w, r, newProblem(http.StatusRequestEntityTooLarge, string(fundwatch.Invalid), "请求内容过大或未传完，请重试"))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	known, err := m.begin(r.Context(), actor.ID, key, route, hash)
	switch {
	case err != nil:
		writeProblem(w, r, problemOf(err))
	case known == nil:
		m.run(w, r, actor.ID, key, next)
	case known.route != route || known.hash != hash:
		writeProblem(w, r, newProblem(http.StatusUnprocessableEntity, string(fundwatch.Invalid),
			"同一个 Idempotency-Key 已用于另一个请求，请更换后重试"))
	case known.done == 0:
		writeProblem(w, r, newProblem(http.StatusConflict, string(fundwatch.Conflict), "同一请求正在处理，请稍候"))
	default:
		known.write(w)
	}
}

// begin claims the key. It returns nil when the claim is ours, else what is there.
func (m replies) begin(ctx context.Context, actor, key, route, hash string) (known *reply, err error) {
	err = m.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		now := tx.Now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM web_reply WHERE at < ? OR (done = 0 AND at < ?)`,
			now.Add(-replyKept).UnixMilli(), now.Add(-replyLost).UnixMilli()); err != nil {
			return err
		}
		var there reply
		err := tx.QueryRowContext(ctx, `SELECT route, body_hash, at, done, status, header, body FROM web_reply
			WHERE actor_id = ? AND idem_key = ?`, actor, key).
			Scan(&there.route, &there.hash, &there.at, &there.done, &there.status, &there.header, &there.body)
		if err == nil {
			known = &there
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO web_reply (actor_id, idem_key, route, body_hash, at, done, status, header, body)
			VALUES (?, ?, ?, ?, ?, 0, 0, '{}', '-')`, actor, key, route, hash, now.UnixMilli())
		return err
	})
	return known, err
}

func (m replies) run(w http.ResponseWriter, r *http.Request, actor, key string, next http.Handler) {
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	kept := false
	defer func() {
		if kept {
			return
		}
		// The request is over either way, also when it panicked or the browser left; the claim must not outlive it.
		ctx := context.WithoutCancel(r.Context())
		_ = m.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM web_reply WHERE actor_id = ? AND idem_key = ? AND done = 0`, actor, key)
			return err
		})
	}()
	next.ServeHTTP(rec, r)
	if rec.status >= http.StatusInternalServerError || rec.body.Len() > replyMaxLen {
		return
	}
	header, err := json.Marshal(map[string]string{
		"Content-Type": w.Header().Get("Content-Type"), "ETag": w.Header().Get("ETag"), "Location": w.Header().Get("Location"),
	})
	if err != nil {
		return
	}
	err = m.db.WithTx(context.WithoutCancel(r.Context()), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE web_reply SET done = 1, status = ?, header = ?, body = ?
			WHERE actor_id = ? AND idem_key = ?`, rec.status, string(header), "="+rec.body.String(), actor, key)
		return err
	})
	kept = err == nil
}

func (k *reply) write(w http.ResponseWriter) {
	var header map[string]string
	_ = json.Unmarshal([]byte(k.header), &header) // written by run
	for name, value := range header {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(k.status)
	_, _ = io.WriteString(w, k.body[1:]) // "=" stands before it: some databases read empty text as null
}

// recorder passes an answer on and keeps a copy.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps the bytes.
func (r *recorder) Write(b []byte) (int, error) {
	if r.body.Len() <= replyMaxLen {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}
