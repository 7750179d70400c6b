package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/app"
)

// withBase opens accounts and audit, does one thing and closes them. It works beside a running server.
func (s *settings) withBase(ctx context.Context, do func(*app.Base) error) (err error) {
	o, err := s.options(true)
	if err != nil {
		return err
	}
	b, err := app.OpenBase(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return do(b)
}

func auditCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "审计记录"}
	cmd.AddCommand(&cobra.Command{
		Use: "verify", Short: "校验审计链是否完整", Args: cobra.NoArgs,
		Long: "逐条校验审计链：每条记录含前一条的校验码，链尾和锚点另有签名文件。有改动、删除、对调或截断，指出从第几条开始。链不完整时退出码为 1。",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withBase(cmd.Context(), func(b *app.Base) error {
				r, err := b.Verify(cmd.Context())
				if err != nil {
					return err
				}
				if s.json {
					if err := printJSON(cmd.OutOrStdout(), r); err != nil {
						return err
					}
				}
				if !r.OK() {
					return fundwatch.Errorf(fundwatch.Conflict, "%s", r.Fault.Message)
				}
				if !s.json {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "审计链完整：%d 条记录，%d 个锚点\n", r.Entries, r.Anchors)
				}
				return err
			})
		},
	})
	return cmd
}

func userCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "user", Short: "账号",
		Long: "账号：生成首批管理员的一次性链接，或在管理员无法登录时恢复。其他账号由系统管理员在页面新建，由安全管理员确认授权。",
	}
	cmd.AddCommand(userSetup(s), userList(s), userAdd(s), userReset(s))
	return cmd
}

func userSetup(s *settings) *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use: "setup", Short: "生成三个管理员的一次性链接", Args: cobra.NoArgs,
		Long: "在空的数据目录中建立系统、安全、审计三个管理员账号，各给一个一次性链接，由本人打开并设置口令。尚未设置口令的，再次运行给出新链接。没有缺省口令。",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := s.options(true)
			if err != nil {
				return err
			}
			a, err := app.New(cmd.Context(), o) // makes the data folder, unlike the others
			if err != nil {
				return err
			}
			links, err := a.Access().Setup(cmd.Context())
			if err = errors.Join(err, a.Stop(cmd.Context())); err != nil {
				return err
			}
			if len(links) == 0 {
				return fundwatch.Errorf(fundwatch.Conflict, "三个管理员都已设置口令；如有人无法登录，请用 fundwatch user reset")
			}
			return printLinks(cmd.OutOrStdout(), s.json, base(url, o.Config.Web.PublicURL, o.Config.Web.Address), links)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "链接的起始部分，例如 https://jg.example.gov.cn；缺省取配置项 web.public_url")
	return cmd
}

func userAdd(s *settings) *cobra.Command {
	var url, unit string
	cmd := &cobra.Command{
		Use: "add LOGIN NAME", Short: "新建账号，给出设置口令的一次性链接", Args: cobra.ExactArgs(2),
		Long:    "新建账号并给出设置口令的一次性链接。角色和数据范围仍须在页面由系统管理员提出、安全管理员确认。",
		Example: "  fundwatch user add zhang.san 张三 --unit 省社会保险基金监督局",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withBase(cmd.Context(), func(b *app.Base) error {
				link, err := b.AddUser(cmd.Context(), access.NewUser{Login: args[0], Name: args[1], Unit: unit})
				if err != nil {
					return err
				}
				c, err := s.load()
				if err != nil {
					return err
				}
				return printLinks(cmd.OutOrStdout(), s.json, base(url, c.Web.PublicURL, c.Web.Address), []access.Link{link})
			})
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "链接的起始部分；缺省取配置项 web.public_url")
	cmd.Flags().StringVar(&unit, "unit", "", "单位")
	return cmd
}

func userReset(s *settings) *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use: "reset LOGIN", Short: "给无法登录的管理员一个新的一次性链接", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withBase(cmd.Context(), func(b *app.Base) error {
				link, err := b.App().Access().Recover(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c, err := s.load()
				if err != nil {
					return err
				}
				return printLinks(cmd.OutOrStdout(), s.json, base(url, c.Web.PublicURL, c.Web.Address), []access.Link{link})
			})
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "链接的起始部分；缺省取配置项 web.public_url")
	return cmd
}

func base(flag, public, address string) string {
	for _, u := range []string{flag, public} {
		if u != "" {
			return strings.TrimRight(u, "/")
		}
	}
	return "http://" + address
}

func printLinks(w io.Writer, asJSON bool, base string, links []access.Link) error {
	type line struct {
		Login string    `json:"login"`
		Name  string    `json:"name"`
		Link  string    `json:"link"`
		Until time.Time `json:"until"`
	}
	out := make([]line, 0, len(links))
	rows := make([][]string, 0, len(links))
	for _, l := range links {
		x := line{Login: l.Login, Name: l.Name, Link: base + "/setup#" + l.Token, Until: l.EndsAt}
		out = append(out, x)
		rows = append(rows, []string{x.Login, x.Name, x.Link, x.Until.Format("2006-01-02 15:04")})
	}
	if asJSON {
		return printJSON(w, out)
	}
	return printTable(w, []string{"登录名", "姓名", "一次性链接（只显示这一次）", "有效期至"}, rows)
}

func userList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "账号清单", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withBase(cmd.Context(), func(b *app.Base) error {
				accounts, err := b.Users(cmd.Context())
				if err != nil {
					return err
				}
				if s.json {
					return printJSON(cmd.OutOrStdout(), accounts)
				}
				rows := make([][]string, 0, len(accounts))
				for _, a := range accounts {
					var roles []string
					for _, r := range a.Roles {
						roles = append(roles, access.RoleTitle(r))
					}
					state := "正常"
					switch {
					case a.Disabled:
						state = "停用"
					case a.Locked:
						state = "锁定"
					case a.NoPassword:
						state = "未设口令"
					}
					rows = append(rows, []string{a.Login, a.Name, strings.Join(roles, "、"), state})
				}
				return printTable(cmd.OutOrStdout(), []string{"登录名", "姓名", "角色", "状态"}, rows)
			})
		},
	}
}
