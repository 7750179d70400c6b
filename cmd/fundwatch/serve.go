package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fundwatch/internal/app"
)

func serveCommand(s *settings) *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "启动服务",
		Long: `启动服务：页面、实时消息、数据接入、规则巡查和后台任务都在这一个进程里。

页面先于数据可用：首次接入和首轮巡查进行时，页面显示进度。按 Ctrl-C 平稳停止；
随时断电或被杀，重启后从中断处继续。`,
		Example: `  fundwatch serve --config /etc/fundwatch.yaml
  FUNDWATCH_DATA=/srv/fundwatch FUNDWATCH_CORE__TOKEN=… fundwatch serve`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := s.options(false)
			if err != nil {
				return err
			}
			if addr != "" {
				o.Config.Web.Address = addr
			}
			a, err := app.New(cmd.Context(), o)
			if err != nil {
				return err
			}
			o.Logger.InfoContext(cmd.Context(), "starting", "address", o.Config.Web.Address, "data", o.Config.Data, "version", version())
			return a.Run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "", "监听地址，优先于配置项 web.address")
	return cmd
}

func versionCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "版本", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.json {
				return printJSON(cmd.OutOrStdout(), map[string]string{"version": version()})
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "fundwatch", version())
			return err
		},
	}
}
