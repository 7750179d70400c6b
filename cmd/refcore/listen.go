package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"fundwatch/core/refcore"
)

// listener serves HTTP until its context ends.
type listener struct {
	cert, key string
	plain     bool
}

// serve answers requests and lets days go by; both end before it returns.
func (l listener) serve(ctx context.Context, addr string, s *refcore.Server, logger *slog.Logger) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr %q: want host:port", addr)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || (ip != nil && ip.IsLoopback())
	secure := l.cert != "" || l.key != ""
	if !local && !secure && !l.plain {
		return fmt.Errorf("--addr %s is reached from other machines: give --tls-cert and --tls-key, or --plain behind a proxy that encrypts", addr)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lived := make(chan error, 1)
	go func() { lived <- s.Run(ctx) }()
	served := make(chan error, 1)
	go func() {
		if secure {
			served <- srv.ServeTLS(ln, l.cert, l.key)
			return
		}
		served <- srv.Serve(ln)
	}()
	logger.InfoContext(ctx, "reference core serves", "address", ln.Addr().String(), "tls", secure)
	select {
	case err = <-served:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = srv.Shutdown(grace)
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	stop()
	return errors.Join(err, <-lived)
}
