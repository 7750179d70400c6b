package coretest_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fundwatch/core"
	"fundwatch/core/coretest"
	"fundwatch/core/refcore"
	"fundwatch/core/synth"
)

const token = "token-of-the-suite"

func TestReferenceCoreConforms(t *testing.T) {
	made := filepath.Join(t.TempDir(), "province")
	err := synth.Make(t.Context(), synth.Options{
		Dir: made, Seed: 7, Persons: 2000, Months: 36, PlantRate: 1,
		Through: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	lived, err := synth.Open(made)
	if err != nil {
		t.Fatal(err)
	}
	for range 12 { // into the month, past a payment day
		if _, err := lived.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	coretest.Exercise(t, func(t *testing.T) coretest.Target {
		dir := filepath.Join(t.TempDir(), "province")
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		province, err := synth.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		server, err := refcore.New(refcore.Options{
			Province: province, Dir: dir, Tokens: []string{token}, Now: time.Now, Limit: refcore.Limit{PerSecond: 500, Burst: 300},
		})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(server)
		t.Cleanup(func() {
			srv.Close()
			_ = server.Close()
		})
		return coretest.Target{
			Client: dial(t, srv.URL, token), URL: srv.URL, Token: token, Orders: true, Burst: 1200,
			Settle: func(ctx context.Context) error {
				for range 4 {
					if _, err := server.NextDay(ctx); err != nil {
						return err
					}
				}
				return nil
			},
		}
	})
}

func dial(t *testing.T, url, token string) *core.HTTP {
	t.Helper()
	client, err := core.Dial(core.Config{BaseURL: url, Token: token}, core.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

var (
	coreURL    = flag.String("core.url", os.Getenv("FUNDWATCH_CORE_URL"), "address of a real core to run the suite against")
	tokenFile  = flag.String("core.token-file", os.Getenv("FUNDWATCH_CORE_TOKEN_FILE"), "file with the token for it")
	coreOrders = flag.Bool("core.orders", false, "give it orders too; it carries them out")
	coreBurst  = flag.Int("core.burst", 0, "so many requests at once go beyond its limit")
)

func TestRealCoreConforms(t *testing.T) {
	if *coreURL == "" {
		t.Skip("no -core.url and no FUNDWATCH_CORE_URL: no real core to test")
	}
	data, err := os.ReadFile(*tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(data))
	coretest.Exercise(t, func(t *testing.T) coretest.Target {
		return coretest.Target{
			Client: dial(t, *coreURL, secret), URL: *coreURL, Token: secret, Orders: *coreOrders, Burst: *coreBurst,
		}
	})
}
