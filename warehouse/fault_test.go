package warehouse

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"fundwatch"
)

// TestBrokenInstanceIsOpenedAgain reports the engine's words for an invalidated database: those who come after find
// the warehouse answering, with all committed rows and with touched keys found anew.
func TestBrokenInstanceIsOpenedAgain(t *testing.T) {
	db, err := Open(t.Context(), Config{Dir: t.TempDir(), Threads: 2},
		Options{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	touched := db.SystemView("test").Touching(Touched{SQL: "SELECT AAC001 FROM {{AC01}}", Columns: map[string]string{"AC83": "AAC001"}})
	ask := func() error {
		_, err := touched.Query(t.Context(), Statement{SQL: "SELECT count(*) FROM {{AC83}}"})
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	before := db.eng
	err = db.use(func(engine) error {
		return errors.New("FATAL Error: Failed: database has been invalidated because of a previous fatal error")
	})
	if fundwatch.CodeOf(err) != fundwatch.Unavailable {
		t.Fatalf("the one it happened to is told %v", err)
	}
	if db.eng == before {
		t.Fatal("the broken instance is still in use")
	}
	if err := errors.Join(ask(), db.Health(t.Context())); err != nil {
		t.Fatal(err)
	}
}
