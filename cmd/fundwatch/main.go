// Command fundwatch is the workbench (社保基金监管智能工作台): the server with its pages, the demonstration, and the
// commands of whoever runs it.
//
// It owns flags, output and signals; everything it does is in internal/app. To add a command, give it a file and a
// line in root.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"fundwatch"
	"fundwatch/internal/app"
	"fundwatch/internal/conf"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "错误："+say(err))
		os.Exit(1)
	}
}

// say writes an error for whoever sits at the console: the sentence where there is one, the cause where there is
// none, because nobody else will read the log for him.
func say(err error) string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		text := ""
		for i, e := range joined.Unwrap() {
			if i > 0 {
				text += "\n      "
			}
			text += say(e)
		}
		return text
	}
	var e *fundwatch.Error
	if errors.As(err, &e) && e.Code != fundwatch.Internal {
		if e.Field != "" {
			return e.Field + "：" + e.Message
		}
		return e.Message
	}
	return err.Error()
}

// settings are the flags that every command has.
type settings struct {
	config string
	data   string
	json   bool
	level  string
}

func root() *cobra.Command {
	s := &settings{}
	cmd := &cobra.Command{
		Use:   "fundwatch",
		Short: "社保基金监管智能工作台",
		Long: `社保基金监管智能工作台

从业务系统接入五个险种的业务数据和外部名单，昼夜不停按规则库巡查，发现疑点生成预警，
派发经办机构核查，直到问题说清、资金追回。

第一次看：     fundwatch demo             造一个合成的省份，打开工作台，看预警一条条出现
正式运行：     fundwatch user setup       生成三个管理员的一次性链接
               fundwatch serve            启动服务
配置：         --config 指定 YAML 文件，各项含义见 config.example.yaml；环境变量优先，
               FUNDWATCH_DATA 指定数据目录。`,
		Version: version(), SilenceUsage: true, SilenceErrors: true,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&s.config, "config", "", "配置文件（YAML）")
	f.StringVar(&s.data, "data", "", "数据目录，优先于配置文件和环境变量")
	f.BoolVar(&s.json, "json", false, "输出 JSON，供程序读取")
	f.StringVar(&s.level, "log", "", "日志级别：debug、info、warn、error")
	cmd.AddCommand(serveCommand(s), demoCommand(s), loadCommand(s), patrolCommand(s), checkCommand(s), evalCommand(s),
		warehouseCommand(s), auditCommand(s), userCommand(s), versionCommand(s))
	return cmd
}

// load reads the configuration as the flags want it.
func (s *settings) load() (conf.Config, error) {
	env := os.Environ()
	if s.data != "" {
		env = append(env, "FUNDWATCH_DATA="+s.data)
	}
	if s.level != "" {
		env = append(env, "FUNDWATCH_LOG__LEVEL="+s.level)
	}
	return conf.Load(s.config, env)
}

// options are what every command hands to the application.
func (s *settings) options(quiet bool) (app.Options, error) {
	c, err := s.load()
	if err != nil {
		return app.Options{}, err
	}
	if quiet && s.level == "" && c.Log.Level == "info" {
		c.Log.Level = "warn" // a command prints its own result
	}
	return app.Options{Config: c, Logger: logger(c, os.Stderr), Now: time.Now, Version: version()}, nil
}

func logger(c conf.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo // validated before
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// version is the commit the binary was built from, as the compiler noted it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	v, dirty := info.Main.Version, ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && (v == "" || v == "(devel)"):
			v = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+"
		}
	}
	if v == "" || v == "(devel)" {
		return "dev"
	}
	return strings.TrimSuffix(v, "+dirty") + dirty
}
