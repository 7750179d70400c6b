package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/app"
)

// demo are the flags of the demonstration.
type demo struct {
	persons  int
	seed     uint64
	dayEvery time.Duration
	addr     string
	headless bool
	handle   bool
	days     int
	report   string
}

func demoCommand(s *settings) *cobra.Command {
	d := &demo{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "演示：造一个合成的省份，看它被监管",
		Long: `演示：造一个合成的省份（人员、单位、缴费、待遇、基金账和外部名单都是虚构的），
启动参考业务系统和工作台，日子一天天过去，预埋的问题陆续被规则发现。

第一次运行先造数据，进度显示在终端；再次运行接着上次的日子继续。
--headless 不开页面：放完若干天后把发现的结果与真实情况比对，给出每条规则的
预埋、发现、相似合规情形和误报数。`,
		Example: `  fundwatch demo
  fundwatch demo --persons 20000 --day-every 10s --data /tmp/demo
  fundwatch demo --headless --persons 20000 --days 30 --seed 7 --report report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.headless {
				return d.evaluate(cmd, s)
			}
			return d.show(cmd, s)
		},
	}
	f := cmd.Flags()
	f.IntVar(&d.persons, "persons", 270_000, "合成省份的人数")
	f.Uint64Var(&d.seed, "seed", 1, "随机种子：种子相同，省份相同")
	f.DurationVar(&d.dayEvery, "day-every", 20*time.Second, "多久过一个业务日")
	f.StringVar(&d.addr, "addr", "127.0.0.1:8080", "页面监听地址")
	f.BoolVar(&d.headless, "headless", false, "不开页面，放完 --days 天后比对结果并退出")
	f.BoolVar(&d.handle, "handle", false, "与 --headless 同用：每天由脚本审核、派发全部预警并认定核查结果")
	f.IntVar(&d.days, "days", 30, "与 --headless 同用：放多少个业务日")
	f.StringVar(&d.report, "report", "", "与 --headless 同用：结果写入此 JSON 文件")
	return cmd
}

// show runs the demonstration with its pages.
func (d *demo) show(cmd *cobra.Command, s *settings) error {
	ctx := cmd.Context()
	o, err := s.options(true)
	if err != nil {
		return err
	}
	o.Demo, o.Config.Web.Address = true, d.addr
	bars := newBars(cmd.ErrOrStderr())
	p, err := app.OpenProvince(ctx, app.ProvinceOptions{
		Dir: o.Config.Path("demo"), Seed: d.seed, Persons: d.persons, DayEvery: d.dayEvery, Answers: 2 * d.dayEvery,
		Logger: o.Logger, Progress: bars.step,
	})
	bars.wait()
	if err != nil {
		return err
	}
	o.Config.Core.URL, o.Config.Core.Token = p.URL, p.Token
	err = d.run(ctx, o, cmd.OutOrStdout())
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, p.Close(grace))
}

func (d *demo) run(ctx context.Context, o app.Options, out io.Writer) error {
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	accounts, err := a.Access().SeedDemo(ctx)
	if err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	if err := welcome(out, a.Addr(), o.Config.Data, accounts); err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	<-ctx.Done()
	fmt.Fprintln(out, "\n正在停止……")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return a.Stop(grace)
}

// welcome prints where to go and who may enter.
func welcome(out io.Writer, addr, data string, accounts []access.DemoAccount) error {
	where, err := filepath.Abs(data)
	if err != nil {
		where = data
	}
	fmt.Fprintf(out, "\n工作台已打开：  http://%s\n大屏：          http://%s/screen/overview\n数据目录：      %s\n\n演示账号（口令每次启动重新生成）：\n\n",
		addr, addr, where)
	rows := make([][]string, 0, len(accounts))
	for _, a := range accounts {
		region := a.Region
		if region == "" {
			region = "—"
		}
		rows = append(rows, []string{"  " + a.Login, a.Password, access.RoleTitle(a.Role), region, a.Name})
	}
	if err := printTable(out, []string{"  登录名", "口令", "角色", "数据范围", "姓名"}, rows); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n首次接入和首轮巡查在页面打开后继续，进度见页面顶部。按 Ctrl-C 停止，数据留在数据目录，下次接着来。\n")
	return err
}

// evaluate runs the demonstration without pages and compares.
func (d *demo) evaluate(cmd *cobra.Command, s *settings) (err error) {
	if s.data == "" && os.Getenv("FUNDWATCH_DATA") == "" && s.config == "" {
		dir, terr := os.MkdirTemp("", "fundwatch-demo-")
		if terr != nil {
			return terr
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		s.data = dir
	}
	o, err := s.options(true)
	if err != nil {
		return err
	}
	bars := newBars(cmd.ErrOrStderr())
	h := app.HeadlessOptions{
		Options: o, Days: d.days, Handle: d.handle, Province: app.ProvinceOptions{
			Dir: o.Config.Path("demo"), Seed: d.seed, Persons: d.persons, Logger: o.Logger, Progress: bars.step,
		},
		Step: func(format string, args ...any) {
			bars.wait()
			fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
		},
	}
	r, err := app.Headless(cmd.Context(), h)
	if err != nil {
		return err
	}
	return d.finish(cmd, s, r)
}

func (d *demo) finish(cmd *cobra.Command, s *settings, r app.Report) error {
	if d.report != "" {
		f, err := os.Create(d.report) //nolint:gosec // the path the user asked for
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		if err := errors.Join(printJSON(f, r), f.Close()); err != nil {
			return err
		}
	}
	if err := printReport(cmd.OutOrStdout(), s.json, r); err != nil {
		return err
	}
	if !r.Perfect() {
		return fundwatch.Errorf(fundwatch.Conflict, "结果与真实情况不一致：漏报 %d，误报 %d，无法解释 %d", len(r.Missed), len(r.Flagged), r.Unexplained)
	}
	return nil
}

// printReport writes the comparison.
func printReport(w io.Writer, asJSON bool, r app.Report) error {
	if asJSON {
		return printJSON(w, r)
	}
	rows := make([][]string, 0, len(r.Rules))
	for _, x := range r.Rules {
		rows = append(rows, []string{
			x.ID, strconv.Itoa(x.Planted), strconv.Itoa(x.Found), strconv.Itoa(x.LookAlikes), strconv.Itoa(x.LookAlikesFlagged),
		})
	}
	if err := printTable(w, []string{"规则", "预埋", "发现", "相似合规情形", "误报"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n预警 %d 条，无法解释 %d 条\n", r.Alerts, r.Unexplained)
	for title, cases := range map[string][]app.Case{"漏报": r.Missed, "误报": r.Flagged, "无法解释": r.Strange} {
		for i, c := range cases {
			if i == 20 {
				fmt.Fprintf(w, "%s 还有 %d 条\n", title, len(cases)-i)
				break
			}
			fmt.Fprintf(w, "%s %s %s %s %s\n", title, c.Rule, c.Subject, c.Story, c.Note)
		}
	}
	return nil
}
