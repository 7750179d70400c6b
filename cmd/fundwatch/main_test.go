package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"fundwatch"
)

func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// TestHelpTeaches walks every command: each says in Chinese what it does.
func TestHelpTeaches(t *testing.T) {
	var walk func(c *cobra.Command)
	seen := 0
	walk = func(c *cobra.Command) {
		seen++
		if c.Short == "" || strings.IndexFunc(c.Short, func(r rune) bool { return r > 0x4e00 }) < 0 {
			t.Errorf("%s says nothing of itself: %q", c.CommandPath(), c.Short)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root())
	if seen < 17 {
		t.Errorf("only %d commands", seen)
	}
}

func TestSetupAndUsers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if _, err := execute(t, "user", "list", "--data", data); err == nil || !strings.Contains(say(err), "不存在") {
		t.Errorf("a folder that is not there: %v", err)
	}
	out, err := execute(t, "user", "setup", "--data", data, "--json", "--url", "https://jg.example.cn/")
	if err != nil {
		t.Fatal(err)
	}
	var links []struct{ Login, Link string }
	if err := json.Unmarshal([]byte(out), &links); err != nil || len(links) != 3 || !strings.HasPrefix(links[0].Link, "https://jg.example.cn/setup#") {
		t.Fatalf("links %s, %v", out, err)
	}
	if out, err = execute(t, "user", "add", "zhang.san", "张三", "--data", data); err != nil || !strings.Contains(out, "/setup#") {
		t.Errorf("add: %s, %v", out, err)
	}
	if _, err = execute(t, "user", "add", "zhang.san", "张三", "--data", data); err == nil {
		t.Error("a login was given out twice")
	}
	if out, err = execute(t, "user", "list", "--data", data); err != nil || !strings.Contains(out, "zhang.san") || !strings.Contains(out, "未设口令") {
		t.Errorf("list: %s, %v", out, err)
	}
	if out, err = execute(t, "audit", "verify", "--data", data); err != nil || !strings.Contains(out, "完整") {
		t.Errorf("verify: %s, %v", out, err)
	}
}

func TestFaultsAreSaid(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"Config":  {[]string{"serve", "--config", "/nowhere/fundwatch.yaml"}, "读不到配置文件"},
		"Log":     {[]string{"check", "--log", "loud"}, "日志级别"},
		"File":    {[]string{"load", "X_GA_SW", "/nowhere.csv"}, "打不开文件"},
		"Command": {[]string{"partol"}, "partol"},
		"Kind":    {[]string{"patrol", "half"}, "half"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := execute(t, c.args...)
			if err == nil || !strings.Contains(say(err), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	joined := errors.Join(fundwatch.FieldErrorf("web.address", "监听地址有误"), errors.New("disk on fire"))
	if got := say(joined); !strings.Contains(got, "web.address：监听地址有误") || !strings.Contains(got, "disk on fire") {
		t.Errorf("joined faults read %q", got)
	}
}
