// Command refcore makes a synthetic province and serves it as the reference core.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"fundwatch/core/refcore"
	"fundwatch/core/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:   "refcore",
		Short: "A business core to develop and test against: a synthetic province behind the real contract",
		Long: `refcore stands in for the provincial business core. It makes a synthetic province of any size (make) and
serves it through the same HTTP contract as a real core (serve): change feeds, profiles, directives. While it
serves, business days go by and agencies answer what they are sent. No real person is in it.`,
		Example: `  refcore make --dir data/core --persons 20000 --seed 7
  openssl rand -hex 24 > token
  refcore serve --dir data/core --token-file token --day-every 20s
  curl -H "Authorization: Bearer $(cat token)" 'http://127.0.0.1:8391/v1/changes/AC01?limit=3'`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(makeCommand(), serveCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "refcore:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func makeCommand() *cobra.Command {
	var o synth.Options
	var through string
	c := &cobra.Command{
		Use:   "make",
		Short: "Make a province with its history",
		Long: `make writes the records of a province, month by month, for as many persons as asked. The same seed, persons and
months give the same province to the byte. It streams: memory stays bounded at any size. A run that is stopped
leaves nothing behind. 20,000 persons are enough for tests, 270,000 for a demonstration, 2,700,000 for benchmarks.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := time.Parse(time.DateOnly, through)
			if err != nil {
				return fmt.Errorf("--through %q: want a date such as 2026-10-31", through)
			}
			o.Through = day
			bars := newProgress(cmd.ErrOrStderr())
			o.Progress = bars.report
			err = synth.Make(cmd.Context(), o)
			bars.close(err == nil)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dir, "dir", "data/core", "folder to make; must not exist yet")
	f.IntVar(&o.Persons, "persons", 20000, "persons in the province")
	f.IntVar(&o.Months, "months", 36, "months of history")
	f.Uint64Var(&o.Seed, "seed", 1, "what makes this province differ from others")
	f.Float64Var(&o.PlantRate, "plants", 1, "how many stories of misuse are planted, as a multiple of the usual")
	f.StringVar(&through, "through", "2026-10-31", "last day of the history")
	return c
}

func serveCommand() *cobra.Command {
	var dir, addr, tokenFile string
	var l listener
	o := refcore.Options{Now: time.Now}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve a province and let its days go by",
		Long: `serve opens a province and answers the contract in core/openapi.yaml until it is stopped. It may be killed at any
moment: days and directives are on the disk before they are told of.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tokens, err := readTokens(tokenFile)
			if err != nil {
				return err
			}
			province, err := synth.Open(dir)
			if err != nil {
				return err
			}
			o.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			o.Province, o.Dir, o.Tokens = province, dir, tokens
			server, err := refcore.New(o)
			if err != nil {
				return err
			}
			return errors.Join(l.serve(cmd.Context(), addr, server, o.Logger), server.Close())
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", "data/core", "folder of the province")
	f.StringVar(&addr, "addr", "127.0.0.1:8391", "address to listen on; beyond this machine only with a certificate or --plain")
	f.StringVar(&tokenFile, "token-file", "", "file of bearer tokens, one a line (required)")
	f.StringVar(&l.cert, "tls-cert", "", "certificate file, for https")
	f.StringVar(&l.key, "tls-key", "", "key file of the certificate")
	f.BoolVar(&l.plain, "plain", false, "listen beyond this machine without encryption, behind a proxy that encrypts")
	f.DurationVar(&o.DayEvery, "day-every", 0, "a business day goes by this often; 0: time stands still")
	f.IntVar(&o.Conduct.MinDays, "answer-min-days", 1, "business days until an agency answers, at least")
	f.IntVar(&o.Conduct.MaxDays, "answer-max-days", 3, "business days until an agency answers, at most")
	f.DurationVar(&o.Conduct.After, "answer-after", 0, "an agency answers after this time even if the days have not gone by; 0: never")
	f.Float64Var(&o.Conduct.Careless, "careless", 0.1, "share of careless answers: wrong verdict, no evidence; negative: none")
	f.Uint64Var(&o.Conduct.Seed, "answer-seed", 1, "what makes the agencies' conduct differ")
	f.Float64Var(&o.Limit.PerSecond, "limit", 200, "requests a second that a token may make in the long run")
	f.IntVar(&o.Limit.Burst, "burst", 400, "requests that a token may make at once")
	_ = c.MarkFlagRequired("token-file") // the flag stands two lines up
	return c
}

func readTokens(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	tokens := strings.Fields(string(data))
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s holds no token", path)
	}
	return tokens, nil
}
