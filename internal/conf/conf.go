// Package conf reads the settings of the workbench (配置): built-in defaults, then one strict YAML file, then the
// environment.
//
// It owns the names of the keys and nothing that they set. Every key stands in config.example.yaml with its
// default and a sentence; a test holds the two together. A key that is not known is an error with its line,
// because a misspelt limit that silently does nothing is worse than a program that does not start.
//
// The environment wins: FUNDWATCH_ and the key in capitals, dots as two underscores (FUNDWATCH_CORE__TOKEN for
// core.token). FUNDWATCH_DATA names the data folder. To add a key, add the field, its default and its line in
// the example.
package conf

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fundwatch"
)

// Config is everything that can be set.
type Config struct {
	Data      string    `yaml:"data"`
	Web       Web       `yaml:"web"`
	Core      Core      `yaml:"core"`
	Warehouse Warehouse `yaml:"warehouse"`
	Patrol    Patrol    `yaml:"patrol"`
	Checks    Checks    `yaml:"checks"`
	Access    Access    `yaml:"access"`
	Log       Log       `yaml:"log"`
}

// Web is where and how the pages are served.
type Web struct {
	Address   string   `yaml:"address"`
	PublicURL string   `yaml:"public_url"`
	Secure    bool     `yaml:"secure"`
	Proxies   []string `yaml:"proxies"`
	Scrapers  []string `yaml:"scrapers"`
	Clients   int      `yaml:"clients"`
}

// Core is the business core to follow.
type Core struct {
	URL     string        `yaml:"url"`
	Token   string        `yaml:"token"`
	Plain   bool          `yaml:"plain"`
	Timeout time.Duration `yaml:"timeout"`
	Every   time.Duration `yaml:"every"`
}

// Warehouse is the engine that holds the facts.
type Warehouse struct {
	Memory  string `yaml:"memory"`
	Threads int    `yaml:"threads"`
}

// Patrol is when the rules run without new data.
type Patrol struct {
	Full string `yaml:"full"`
}

// Checks is when the check points run.
type Checks struct {
	At string `yaml:"at"`
}

// Access is how long a session lasts and how many reveals a day are allowed.
type Access struct {
	Idle     time.Duration `yaml:"idle"`
	Absolute time.Duration `yaml:"absolute"`
	Reveals  int           `yaml:"reveals"`
}

// Log is what the program says of itself.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Default is the configuration of a program without a file.
func Default() Config {
	return Config{
		Data:      "data",
		Web:       Web{Address: "127.0.0.1:8080", Proxies: []string{}, Scrapers: []string{"127.0.0.0/8", "::1/128"}, Clients: 2000},
		Core:      Core{Timeout: 30 * time.Second, Every: 2 * time.Second},
		Warehouse: Warehouse{Memory: "2GB"},
		Patrol:    Patrol{Full: "30 3 * * *"},
		Checks:    Checks{At: "0 4 * * *"},
		Access:    Access{Idle: 15 * time.Minute, Absolute: 12 * time.Hour, Reveals: 50},
		Log:       Log{Level: "info", Format: "text"},
	}
}

// Path names a file in the data folder.
func (c Config) Path(parts ...string) string {
	return filepath.Join(append([]string{c.Data}, parts...)...)
}

// Validate lists every fault at once.
func (c Config) Validate() error {
	var faults []error
	wrong := func(field, format string, args ...any) {
		faults = append(faults, fundwatch.FieldErrorf(field, format, args...))
	}
	if c.Data == "" {
		wrong("data", "未指定数据目录，请填写 data 或设置环境变量 FUNDWATCH_DATA")
	}
	if _, _, err := net.SplitHostPort(c.Web.Address); err != nil {
		wrong("web.address", "监听地址 %q 应为 主机:端口，例如 127.0.0.1:8080", c.Web.Address)
	}
	if c.Web.PublicURL != "" && !isHTTP(c.Web.PublicURL) {
		wrong("web.public_url", "对外地址 %q 应以 http:// 或 https:// 开头", c.Web.PublicURL)
	}
	for field, list := range map[string][]string{"web.proxies": c.Web.Proxies, "web.scrapers": c.Web.Scrapers} {
		for _, p := range list {
			if _, _, err := net.ParseCIDR(p); err != nil {
				wrong(field, "地址段 %q 应写成 10.0.0.0/8 的形式", p)
			}
		}
	}
	if c.Web.Clients < 1 {
		wrong("web.clients", "实时连接上限至少为 1，当前为 %d", c.Web.Clients)
	}
	if c.Core.URL != "" && !isHTTP(c.Core.URL) {
		wrong("core.url", "业务系统地址 %q 应以 http:// 或 https:// 开头", c.Core.URL)
	}
	for field, d := range map[string]time.Duration{
		"core.timeout": c.Core.Timeout, "core.every": c.Core.Every,
		"access.idle": c.Access.Idle, "access.absolute": c.Access.Absolute,
	} {
		if d <= 0 {
			wrong(field, "时间长度应大于零，例如 30s、15m，当前为 %s", d)
		}
	}
	if c.Warehouse.Threads < 0 {
		wrong("warehouse.threads", "线程数不能为负，0 表示与处理器核数相同，当前为 %d", c.Warehouse.Threads)
	}
	if c.Access.Reveals < 0 {
		wrong("access.reveals", "每日查看明文次数不能为负，当前为 %d", c.Access.Reveals)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		wrong("log.level", "日志级别应为 debug、info、warn、error 之一，当前为 %q", c.Log.Level)
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		wrong("log.format", "日志格式应为 text 或 json，当前为 %q", c.Log.Format)
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(faults...)
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// Load reads the file, when path names one, and lays the environment (os.Environ) over it.
func Load(path string, environ []string) (Config, error) {
	var file []byte
	if path != "" {
		var err error
		if file, err = os.ReadFile(path); err != nil { //nolint:gosec // the operator's own file
			return Config{}, fundwatch.FieldErrorf("config", "读不到配置文件 %s，请检查路径与权限: %w", path, err)
		}
	}
	c, err := parse(path, file, environ)
	if err != nil {
		return Config{}, err
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("conf: %w", err)
	}
	return c, nil
}
