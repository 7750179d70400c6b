package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fundwatch/web"
)

func TestIdempotency(t *testing.T) {
	h := open(t)
	v := h.as("sysadmin")
	users := into[web.List[web.User]](t, v.get("/users?q=lingdao"))
	id, rev := users.Items[0].ID, users.Items[0].Rev
	disable := func(reason, key string) reply {
		return v.post("/users/"+id+"/disable", map[string]string{"reason": reason}, "Idempotency-Key", key)
	}
	first := into[web.User](t, disable("离岗", "key-00000001"))
	if !first.Disabled || first.Rev != rev+1 {
		t.Fatalf("disabled %v at rev %d, was %d", first.Disabled, first.Rev, rev)
	}
	t.Run("Repeat", func(t *testing.T) {
		r := disable("离岗", "key-00000001")
		if again := into[web.User](t, r); again.Rev != first.Rev || r.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("rev %d, replayed %q", again.Rev, r.header.Get("Idempotency-Replayed"))
		}
	})
	t.Run("OtherBody", func(t *testing.T) {
		if r := disable("别的事由", "key-00000001"); r.status != http.StatusUnprocessableEntity {
			t.Errorf("got %d %s", r.status, r.body)
		}
	})
	t.Run("OtherPerson", func(t *testing.T) {
		r := h.as("secadmin").post("/users/"+id+"/unlock", map[string]string{"reason": "核实"}, "Idempotency-Key", "key-00000001")
		if r.status != http.StatusOK {
			t.Errorf("another person's key got in the way: %d %s", r.status, r.body)
		}
	})
	t.Run("ShortKey", func(t *testing.T) {
		if r := disable("离岗", "k"); r.status != http.StatusUnprocessableEntity {
			t.Errorf("got %d", r.status)
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		before := into[web.User](t, v.get("/users/"+id))
		var wg sync.WaitGroup
		statuses := make([]int, 8)
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = v.post("/users/"+id+"/enable", map[string]string{"reason": "返岗"}, "Idempotency-Key", "key-00000002").status
			})
		}
		wg.Wait()
		for _, s := range statuses {
			if s != http.StatusOK && s != http.StatusConflict {
				t.Errorf("statuses %v", statuses)
			}
		}
		after := into[web.User](t, v.get("/users/"+id))
		if after.Rev != before.Rev+1 {
			t.Errorf("eight repeats made %d changes", after.Rev-before.Rev)
		}
	})
	t.Run("Forgotten", func(t *testing.T) {
		h.pass(25 * time.Hour)
		v = h.as("sysadmin")
		if r := disable("别的事由", "key-00000001"); r.status != http.StatusOK || r.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("after a day: %d %s", r.status, r.body)
		}
	})
	t.Run("SecretsAreNotKept", func(t *testing.T) {
		r := v.post("/users/"+id+"/reset", map[string]string{"reason": "忘记口令"}, "Idempotency-Key", "key-00000003")
		link := into[web.UserLink](t, r).Link
		var n int
		err := h.store.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM web_reply WHERE idem_key = 'key-00000003'`).Scan(&n)
		if err != nil || n != 0 || !strings.HasPrefix(link, "/setup#") {
			t.Errorf("%d answers kept, link %q, %v", n, link, err)
		}
	})
}
