package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"fundwatch"
	"fundwatch/internal/app"
	"fundwatch/patrol"
	"fundwatch/warehouse/intake"
)

// withConsole opens the workbench without its page, does one thing and closes it.
func (s *settings) withConsole(ctx context.Context, do func(*app.Console) error) (err error) {
	o, err := s.options(true)
	if err != nil {
		return err
	}
	c, err := app.OpenConsole(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return do(c)
}

func loadCommand(s *settings) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "load TABLE FILE",
		Short: "把文件整批入库",
		Long: `把文件整批入库：CSV（UTF-8 或 GB18030）、XLSX、Parquet。列按代码或中文名对应；
有一处不合要求就整个文件都不入库，并指出所在行列。入库后立即按规则巡查。

服务运行时数据仓库由服务独占，请改在页面“数据汇聚”中上传。`,
		Example: `  fundwatch load X_GA_SW 公安死亡名单.xlsx
  fundwatch load X_SF_FX 服刑名单.csv --replace`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[1])
			if err != nil {
				return fundwatch.FieldErrorf("FILE", "打不开文件 %s：%w", args[1], err)
			}
			defer f.Close()
			mode := intake.Append
			if replace {
				mode = intake.Replace
			}
			return s.withConsole(cmd.Context(), func(c *app.Console) error {
				done, err := c.Load(cmd.Context(), args[0], filepath.Base(args[1]), f, mode)
				if s.json {
					return errors.Join(printJSON(cmd.OutOrStdout(), done), err)
				}
				for _, p := range done.Problems {
					fmt.Fprintln(cmd.OutOrStdout(), p.String())
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "已入库 %d 行：新增 %d，更新 %d，删除 %d，入库序号 %d\n",
					done.Rows, done.Inserted, done.Updated, done.Deleted, done.LoadSeq)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "以此文件取代以前导入的全部名单")
	return cmd
}

func patrolCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "patrol full|delta",
		Short: "运行一轮巡查",
		Long: `运行一轮巡查：full 全量，重新判断全省；delta 增量，只判断上一轮以来数据有变动的对象。
两种方式得出的预警一致。服务运行时由服务自动巡查，不需要此命令。`,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"full", "delta"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withConsole(cmd.Context(), func(c *app.Console) error {
				run := c.Full
				if args[0] == "delta" {
					run = c.Delta
				}
				r, err := run(cmd.Context())
				if err != nil {
					return err
				}
				if s.json {
					return printJSON(cmd.OutOrStdout(), r)
				}
				return printRound(cmd, r)
			})
		},
	}
	return cmd
}

func printRound(cmd *cobra.Command, r patrol.Round) error {
	if r.ID == 0 {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "自上一轮以来没有新数据，无需巡查")
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "第 %d 轮：规则 %d 条，未能运行 %d 条，疑点 %d，新增 %d，变化 %d，消除 %d\n\n", r.ID, r.Rules, r.Failed,
		r.Findings, r.Appeared, r.Changed, r.Gone)
	rows := make([][]string, 0, len(r.Runs))
	for _, x := range r.Runs {
		rows = append(rows, []string{
			x.Rule, string(x.State), strconv.Itoa(x.Findings), strconv.Itoa(x.Appeared), strconv.Itoa(x.Gone),
			strconv.FormatInt(x.Millis, 10), x.Fault,
		})
	}
	return printTable(cmd.OutOrStdout(), []string{"规则", "结果", "疑点", "新增", "消除", "毫秒", "说明"}, rows)
}

func checkCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "运行全部数据校验点",
		Long: "运行全部数据校验点，给出校验点通过率和数据条数通过率（均应不低于 95%），问题按地区登记并可指派。",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withConsole(cmd.Context(), func(c *app.Console) error {
				run, status, err := c.Check(cmd.Context())
				if err != nil {
					return err
				}
				if s.json {
					return printJSON(cmd.OutOrStdout(), map[string]any{"run": run, "points": status})
				}
				rows := make([][]string, 0, len(status))
				for _, p := range status {
					if p.Last == nil || p.Last.Passed {
						continue
					}
					rows = append(rows, []string{p.ID, p.TableName, p.Title, string(p.Grade), strconv.FormatInt(p.Last.Faulty, 10), p.Last.Fault})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "校验点 %d 个，通过率 %.2f%%；数据 %d 行，通过率 %.4f%%\n\n", run.Points, 100*run.PointRate,
					run.RowsChecked, 100*run.RowRate)
				return printTable(cmd.OutOrStdout(), []string{"未通过", "数据表", "校验内容", "等级", "问题行", "说明"}, rows)
			})
		},
	}
}

func evalCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "eval", Short: "把演示数据的预警与真实情况比对",
		Long: "把演示数据目录中的预警与合成省份的真实情况比对：每条规则预埋多少、发现多少，误报了多少相似合规情形。工作台本身从不读取真实情况。",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			truth, err := app.Truth(c.Path("demo"))
			if err != nil {
				return err
			}
			return s.withConsole(cmd.Context(), func(c *app.Console) error {
				r, err := c.Evaluate(cmd.Context(), truth)
				if err != nil {
					return err
				}
				return printReport(cmd.OutOrStdout(), s.json, r)
			})
		},
	}
}

func warehouseCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "warehouse", Short: "数据仓库：状态、重建、校验值"}
	list := func(hashed bool) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			return s.withConsole(cmd.Context(), func(c *app.Console) error {
				tables, err := c.Tables(cmd.Context(), hashed)
				if err != nil {
					return err
				}
				if s.json {
					return printJSON(cmd.OutOrStdout(), tables)
				}
				rows := make([][]string, 0, len(tables))
				for _, t := range tables {
					rows = append(rows, []string{t.Table, strconv.FormatInt(t.Rows, 10), strconv.FormatInt(t.LoadSeq, 10), t.Hash, t.History, t.Name})
				}
				return printTable(cmd.OutOrStdout(), []string{"表", "行数", "入库序号", "校验值", "历史校验值", "名称"}, rows)
			})
		}
	}
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "各表行数和入库序号", Args: cobra.NoArgs, RunE: list(false)},
		&cobra.Command{
			Use: "hashes", Short: "各表内容校验值：两个数据仓库校验值相同，内容就相同", Args: cobra.NoArgs, RunE: list(true),
		},
		&cobra.Command{
			Use: "rebuild", Short: "由落地文件重建数据仓库", Args: cobra.NoArgs,
			Long: "由落地文件重建数据仓库：数据仓库文件损坏或丢失时使用，结果与原来逐行相同。请先停止服务。",
			RunE: func(cmd *cobra.Command, _ []string) error {
				o, err := s.options(true)
				if err != nil {
					return err
				}
				if err := app.Rebuild(cmd.Context(), o); err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "已重建")
				return err
			},
		},
	)
	return cmd
}
