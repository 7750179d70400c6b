package access_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
)

// house is a service over a fresh store, with a clock of its own and cheap hashes.
type house struct {
	t     *testing.T
	db    *store.DB
	audit *audit.Log
	svc   *access.Service
	clock atomic.Int64 // unix ms
}

func newHouse(t *testing.T, cfg access.Config) *house {
	t.Helper()
	h := &house{t: t}
	h.clock.Store(time.Date(2026, 11, 2, 9, 0, 0, 0, fundwatch.Shanghai()).UnixMilli())
	h.db = storetest.OpenAt(t, filepath.Join(t.TempDir(), "store.db"), func() time.Time { return time.UnixMilli(h.clock.Load()) })
	var err error
	if h.audit, err = audit.Open(t.Context(), h.db, audit.Config{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	cfg.Hash = access.HashConfig{MemoryKiB: 16, Passes: 1}
	h.svc, err = access.New(cfg, access.Options{Store: h.db, Audit: h.audit, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) pass(d time.Duration) { h.clock.Add(d.Milliseconds()) }

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) want(err error, code fundwatch.Code, says string) {
	h.t.Helper()
	if fundwatch.CodeOf(err) != code || !strings.Contains(fundwatch.MessageOf(err), says) {
		h.t.Errorf("want %s %q, got %v", code, says, err)
	}
}

const (
	good  = "Qingshan-Lvshui-7"
	other = "Yunwu.Chaxiang-19"
	desk  = "10.0.0.1"
)

// admins sets the three administrators up by their links and logs them in.
func (h *house) admins() (sys, sec, aud fundwatch.Actor) {
	h.t.Helper()
	links, err := h.svc.Setup(h.t.Context())
	h.must(err)
	if len(links) != 3 {
		h.t.Fatalf("%d links", len(links))
	}
	for _, l := range links {
		h.must(h.svc.UseLink(h.t.Context(), l.Token, good, desk))
	}
	return h.login("sysadmin", good), h.login("secadmin", good), h.login("auditadmin", good)
}

func (h *house) login(login, password string) fundwatch.Actor {
	h.t.Helper()
	_, s, err := h.svc.Login(h.t.Context(), login, password, desk, "test")
	h.must(err)
	return s.Actor
}

// user makes an account with roles and scope that can log in with good.
func (h *house) user(sys, sec fundwatch.Actor, login string, roles []string, regions ...fundwatch.Region) access.Account {
	h.t.Helper()
	ctx := h.t.Context()
	a, link, err := h.svc.CreateUser(ctx, sys, access.NewUser{Login: login, Name: "某人", Unit: "某局"})
	h.must(err)
	h.must(h.svc.UseLink(ctx, link.Token, good, desk))
	a, err = h.svc.SetRoles(ctx, sys, a.ID, 0, roles)
	h.must(err)
	if len(regions) > 0 {
		a, err = h.svc.SetScope(ctx, sys, a.ID, 0, regions, fundwatch.Insurances())
		h.must(err)
	}
	for _, g := range a.Waiting {
		a, err = h.svc.Confirm(ctx, sec, g.ID)
		h.must(err)
	}
	return a
}

func TestSetupLinks(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	first, err := h.svc.Setup(ctx)
	h.must(err)
	_, _, err = h.svc.Login(ctx, "sysadmin", "", desk, "")
	if !errors.Is(err, access.ErrLogin) {
		t.Errorf("logged in without a password: %v", err)
	}
	second, err := h.svc.Setup(ctx) // the first links were lost
	h.must(err)
	h.want(h.svc.UseLink(ctx, first[0].Token, good, desk), fundwatch.Invalid, "链接无效")
	h.want(h.svc.UseLink(ctx, second[0].Token, "short", desk), fundwatch.Invalid, "至少需要")
	h.must(h.svc.UseLink(ctx, second[0].Token, good, desk))
	h.want(h.svc.UseLink(ctx, second[0].Token, other, desk), fundwatch.Invalid, "链接无效")
	third, err := h.svc.Setup(ctx)
	h.must(err)
	if len(third) != 2 {
		t.Errorf("one administrator is set, %d links", len(third))
	}
	h.pass(25 * time.Hour)
	h.want(h.svc.UseLink(ctx, third[0].Token, good, desk), fundwatch.Invalid, "链接无效")
	fourth, err := h.svc.Setup(ctx)
	h.must(err)
	for _, l := range fourth {
		h.must(h.svc.UseLink(ctx, l.Token, good, desk))
	}
	if last, err := h.svc.Setup(ctx); err != nil || len(last) != 0 {
		t.Errorf("all are set: %v %v", last, err)
	}
	if _, err := h.svc.SeedDemo(ctx); fundwatch.CodeOf(err) != fundwatch.Conflict {
		t.Errorf("demo accounts in a real store: %v", err)
	}
}

func TestSessionEnds(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	sys, sec, _ := h.admins()
	a := h.user(sys, sec, "zhang", []string{access.Supervisor}, "520300")
	open := func() string {
		token, _, err := h.svc.Login(ctx, "Zhang ", good, desk, "test")
		h.must(err)
		return token
	}
	alive := func(token string) bool {
		_, _, err := h.svc.ActorByToken(ctx, token, desk)
		if err != nil && !errors.Is(err, access.ErrNoSession) {
			t.Fatal(err)
		}
		return err == nil
	}
	token := open()
	actor, session, err := h.svc.ActorByToken(ctx, token, "10.0.0.9")
	h.must(err)
	if actor.ID != a.ID || actor.Name != "zhang" || actor.Address != "10.0.0.9" || !actor.HasRole(access.Supervisor) ||
		!actor.Scope.Covers("520302", "110") || actor.Scope.Covers("520402", "110") || session.MustChange {
		t.Errorf("%+v %+v", actor, session)
	}
	for range 20 { // kept alive by use, up to the absolute limit
		h.pass(29 * time.Minute)
		if !alive(token) {
			t.Fatal("ended while in use")
		}
	}
	h.pass(31 * time.Minute)
	if alive(token) {
		t.Error("alive after 31 idle minutes")
	}
	token = open()
	for range 24 {
		h.pass(29 * time.Minute)
		alive(token)
	}
	h.pass(29 * time.Minute)
	if alive(token) {
		t.Error("alive after 12 hours")
	}
	token = open()
	h.must(h.svc.Logout(ctx, token, desk))
	h.must(h.svc.Logout(ctx, token, desk))
	if alive(token) || alive("") || alive("nonsense") {
		t.Error("alive after logout, or without a session")
	}
	token = open()
	sessions, err := h.svc.Sessions(ctx, sec, a.ID)
	h.must(err)
	if len(sessions) != 1 || sessions[0].Login != "zhang" || sessions[0].ID == token {
		t.Errorf("%+v", sessions)
	}
	h.must(h.svc.EndSession(ctx, sec, sessions[0].ID, "离岗"))
	if alive(token) {
		t.Error("alive after it was ended")
	}
	token = open()
	_, err = h.svc.Disable(ctx, sys, a.ID, "调离")
	h.must(err)
	if alive(token) {
		t.Error("alive after the account was disabled")
	}
	if _, _, err := h.svc.Login(ctx, "zhang", good, desk, ""); !errors.Is(err, access.ErrLogin) {
		t.Errorf("a disabled account logged in: %v", err)
	}
}

// TestLockout guesses at an account from many addresses: after five failures the right password is refused as the
// wrong one is, with the same words, until the lock has passed or an administrator lifts it.
func TestLockout(t *testing.T) {
	h := newHouse(t, access.Config{AddressFailures: 1000})
	ctx := t.Context()
	sys, sec, _ := h.admins()
	a := h.user(sys, sec, "zhang", []string{access.Leader}, "520000")
	try := func(login, password string) error {
		_, _, err := h.svc.Login(ctx, login, password, desk, "")
		return err
	}
	lock := func() {
		for range 5 {
			if err := try("zhang", "wrong"); !errors.Is(err, access.ErrLogin) {
				t.Fatal(err)
			}
		}
		if err := try("zhang", good); !errors.Is(err, access.ErrLogin) {
			t.Errorf("locked, got %v", err)
		}
	}
	for range 4 {
		_ = try("zhang", "wrong")
	}
	h.must(try("zhang", good)) // a success forgets the failures
	lock()
	if err := try("nobody", "wrong"); fundwatch.MessageOf(err) != fundwatch.MessageOf(try("zhang", good)) {
		t.Error("an unknown and a locked account are told apart")
	}
	h.pass(14 * time.Minute)
	if err := try("zhang", good); err == nil {
		t.Error("open after 14 minutes")
	}
	h.pass(time.Minute)
	h.must(try("zhang", good))
	lock()
	if u, err := h.svc.User(ctx, sec, a.ID); err != nil || !u.Locked {
		t.Errorf("%+v %v", u, err)
	}
	if _, err := h.svc.Unlock(ctx, sys, a.ID, ""); fundwatch.CodeOf(err) != fundwatch.Denied {
		t.Errorf("the system administrator unlocked: %v", err)
	}
	u, err := h.svc.Unlock(ctx, sec, a.ID, "本人到场核实")
	h.must(err)
	if u.Locked {
		t.Error("still locked")
	}
	h.must(try("zhang", good))
}

func TestAddressLock(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	sys, sec, _ := h.admins()
	h.user(sys, sec, "zhang", []string{access.Leader}, "520000")
	for _, login := range []string{"a1", "b2", "c3", "d4", "e5"} {
		_, _, err := h.svc.Login(ctx, login, "wrong", "10.9.9.9", "")
		if !errors.Is(err, access.ErrLogin) {
			t.Fatal(err)
		}
	}
	if _, _, err := h.svc.Login(ctx, "zhang", good, "10.9.9.9", ""); !errors.Is(err, access.ErrLogin) {
		t.Errorf("an address with five failures: %v", err)
	}
	if _, _, err := h.svc.Login(ctx, "zhang", good, desk, ""); err != nil {
		t.Errorf("another address: %v", err)
	}
}

// TestGuessingAtOnce sends a hundred guesses at one moment; the right password is among those beyond the fifth.
func TestGuessingAtOnce(t *testing.T) {
	h := newHouse(t, access.Config{AddressFailures: 1000})
	sys, sec, _ := h.admins()
	h.user(sys, sec, "zhang", []string{access.Leader}, "520000")
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, _, err := h.svc.Login(t.Context(), "zhang", "wrong", desk, ""); !errors.Is(err, access.ErrLogin) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	causes := map[string]int{}
	list, _, err := h.audit.Find(t.Context(), audit.Filter{Action: "login", Outcome: audit.Denied, Limit: 1000})
	h.must(err)
	for _, e := range list {
		causes[e.Detail["cause"]]++
	}
	if causes["password"] != 5 || causes["locked"] != 95 {
		t.Errorf("%v: want 5 that reached the password", causes)
	}
}

func TestPasswordPolicy(t *testing.T) {
	for _, c := range []struct{ password, says string }{
		{"Short-7x", "至少需要 10 位"},
		{strings.Repeat("aB3-", 40), "最多 128 位"},
		{"alllowercase", "1 类"},
		{"lowercase-and-signs", "2 类"},
		{"Zhangsan-2026", "登录名"},
		{"xxZHANGSAN-77", "登录名"},
		{"Password2026!", "常见口令"},
		{"P@ssw0rd12345", "常见口令"},
		{"Admin@123456", "常见口令"},
		{"123Qwerty456!", "常见口令"},
		{"Huawei12#$huawei", "常见口令"},
		{"With\ttab-12345", "不可见"},
		{"Bad\xffbytes-123", "不可见"},
	} {
		if err := access.CheckPassword("zhangsan", c.password); !strings.Contains(fundwatch.MessageOf(err), c.says) {
			t.Errorf("%q: want %q, got %v", c.password, c.says, err)
		}
	}
	for _, password := range []string{good, other, "青山绿水Qs-2026", "correct Horse 9 battery"} {
		if err := access.CheckPassword("zhangsan", password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("zhang", good)
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, login, password string) {
		err := access.CheckPassword(login, password)
		if err == nil && (len([]rune(password)) < 10 || (login != "" && strings.Contains(strings.ToLower(password), strings.ToLower(login)))) {
			t.Errorf("%q for %q passed", password, login)
		}
		if err != nil && fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Error(err)
		}
	})
}

func TestChangePassword(t *testing.T) {
	h := newHouse(t, access.Config{AccountFailures: 50, AddressFailures: 50})
	ctx := t.Context()
	sys, sec, _ := h.admins()
	h.user(sys, sec, "zhang", []string{access.Leader}, "520000")
	here, session, err := h.svc.Login(ctx, "zhang", good, desk, "")
	h.must(err)
	there, _, err := h.svc.Login(ctx, "zhang", good, desk, "")
	h.must(err)
	change := func(from, to string) error { return h.svc.ChangePassword(ctx, session.Actor, session.ID, from, to) }
	h.want(change("wrong", other), fundwatch.Invalid, "原口令不正确")
	h.want(change(good, "weak"), fundwatch.Invalid, "至少需要")
	h.want(change(good, good), fundwatch.Invalid, "最近 5 次")
	h.must(change(good, other))
	if _, _, err := h.svc.ActorByToken(ctx, here, desk); err != nil {
		t.Errorf("the session that changed it ended: %v", err)
	}
	if _, _, err := h.svc.ActorByToken(ctx, there, desk); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the other session lives: %v", err)
	}
	last := other
	for _, next := range []string{"Shiliu.Hua-31a", "Shiliu.Hua-31b", "Shiliu.Hua-31c"} {
		h.want(change(last, good), fundwatch.Invalid, "最近 5 次")
		h.must(change(last, next))
		last = next
	}
	h.want(change(last, good), fundwatch.Invalid, "最近 5 次")
	h.must(change(last, "Shiliu.Hua-31d"))
	h.must(change("Shiliu.Hua-31d", good)) // the sixth back may come again

	h.pass(91 * 24 * time.Hour)
	_, s, err := h.svc.Login(ctx, "zhang", good, desk, "")
	h.must(err)
	if !s.MustChange || len(s.Actor.Roles) != 0 || !s.Actor.Scope.Empty() {
		t.Errorf("a password of 91 days: %+v", s)
	}
	h.must(h.svc.ChangePassword(ctx, s.Actor, s.ID, good, "Shiliu.Hua-31e"))
	if a := h.login("zhang", "Shiliu.Hua-31e"); !a.HasRole(access.Leader) {
		t.Errorf("%+v", a)
	}
}

// TestGrantsNeedTwo: nothing holds until the second administrator confirms, and nobody grants himself anything.
func TestGrantsNeedTwo(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	sys, sec, aud := h.admins()
	a, link, err := h.svc.CreateUser(ctx, sys, access.NewUser{Login: "li", Name: "李某"})
	h.want(err, fundwatch.Invalid, "登录名")
	a, link, err = h.svc.CreateUser(ctx, sys, access.NewUser{Login: "li.mou", Name: "李某"})
	h.must(err)
	h.must(h.svc.UseLink(ctx, link.Token, good, desk))
	_, _, err = h.svc.CreateUser(ctx, sys, access.NewUser{Login: "LI.mou", Name: "另一人"})
	h.want(err, fundwatch.Conflict, "已被使用过")

	_, err = h.svc.SetRoles(ctx, sec, a.ID, 0, []string{access.Analyst})
	h.want(err, fundwatch.Denied, "权限")
	_, err = h.svc.SetRoles(ctx, sys, sys.ID, 0, []string{access.Analyst})
	h.want(err, fundwatch.Denied, "本人")
	_, err = h.svc.SetRoles(ctx, sys, a.ID, a.Rev+7, []string{access.Analyst})
	h.want(err, fundwatch.Conflict, "已被他人修改")
	a, err = h.svc.SetRoles(ctx, sys, a.ID, a.Rev, []string{access.Leader})
	h.must(err)
	a, err = h.svc.SetRoles(ctx, sys, a.ID, a.Rev, []string{access.Analyst, access.Data}) // takes the first one's place
	h.must(err)
	if len(a.Roles) != 0 || len(a.Waiting) != 1 || len(a.Waiting[0].Roles) != 2 {
		t.Fatalf("%+v", a)
	}
	if got := h.login("li.mou", good); len(got.Roles) != 0 {
		t.Errorf("an unconfirmed role holds: %+v", got)
	}
	_, err = h.svc.Confirm(ctx, sys, a.Waiting[0].ID)
	h.want(err, fundwatch.Denied, "权限")
	waiting, err := h.svc.Grants(ctx, sec)
	h.must(err)
	if len(waiting) != 1 {
		t.Errorf("%+v", waiting)
	}
	a, err = h.svc.Confirm(ctx, sec, waiting[0].ID)
	h.must(err)
	if !slices.Equal(a.Roles, []string{access.Analyst, access.Data}) || len(a.Waiting) != 0 {
		t.Errorf("%+v", a)
	}
	_, err = h.svc.Confirm(ctx, sec, waiting[0].ID)
	h.want(err, fundwatch.NotFound, "待确认")

	for _, c := range []struct {
		regions []fundwatch.Region
		lines   []fundwatch.Insurance
		says    string
	}{
		{[]fundwatch.Region{"110000"}, fundwatch.Insurances(), "行政区划"},
		{[]fundwatch.Region{"520000"}, []fundwatch.Insurance{"999"}, "险种"},
		{[]fundwatch.Region{"520000"}, nil, "同时设置"},
	} {
		_, err := h.svc.SetScope(ctx, sys, a.ID, 0, c.regions, c.lines)
		h.want(err, fundwatch.Invalid, c.says)
	}
	a, err = h.svc.SetScope(ctx, sys, a.ID, 0, []fundwatch.Region{"520300"}, []fundwatch.Insurance{"110"})
	h.must(err)
	_, err = h.svc.Refuse(ctx, sec, a.Waiting[0].ID, " ")
	h.want(err, fundwatch.Invalid, "驳回理由")
	a, err = h.svc.Refuse(ctx, sec, a.Waiting[0].ID, "范围过大")
	h.must(err)
	if !a.Scope().Empty() || len(a.Waiting) != 0 {
		t.Errorf("%+v", a)
	}
	_, err = h.svc.SetRoles(ctx, sys, "nobody", 0, []string{access.Leader})
	h.want(err, fundwatch.NotFound, "没有这个账号")
	report, err := h.svc.VerifyAudit(ctx, aud)
	h.must(err)
	if !report.OK() {
		t.Errorf("%+v", report)
	}
}

// TestThreeAdminsExclude tries every pair of an administrator's role and another through the service, and by hand in
// the store.
func TestThreeAdminsExclude(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	sys, sec, _ := h.admins()
	a := h.user(sys, sec, "zhang", []string{access.Supervisor}, "520000")
	for _, first := range access.Roles() {
		for _, second := range access.Roles() {
			if first.ID == second.ID || (!first.Exclusive && !second.Exclusive) {
				continue
			}
			_, err := h.svc.SetRoles(ctx, sys, a.ID, 0, []string{first.ID, second.ID})
			h.want(err, fundwatch.Invalid, "不能与其他角色")
			err = h.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO account (id, login, name, unit, rev, duty, disabled, demo, password,
					password_at, must_change, regions, lines, made_at, made_by, login_at)
					VALUES ('x', 'x', 'x', 'x', 1, ?, 0, 0, '', 0, 0, '', '', 0, '', 0)`, dutyFor(first))
				if err != nil {
					return err
				}
				for _, r := range []access.Role{first, second} {
					_, err := tx.ExecContext(ctx, `INSERT INTO account_role (account_id, duty, role) VALUES ('x', ?, ?)`, dutyFor(r), r.ID)
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), "constraint") {
				t.Fatalf("the store took %s with %s: %v", first.ID, second.ID, err)
			}
		}
	}
	// An account that becomes an administrator's loses what it saw.
	a, err := h.svc.SetRoles(ctx, sys, a.ID, 0, []string{access.AuditAdmin})
	h.must(err)
	a, err = h.svc.Confirm(ctx, sec, a.Waiting[0].ID)
	h.must(err)
	if !a.Scope().Empty() || !slices.Equal(a.Roles, []string{access.AuditAdmin}) {
		t.Errorf("%+v", a)
	}
	_, err = h.svc.SetScope(ctx, sys, a.ID, 0, []fundwatch.Region{"520000"}, fundwatch.Insurances())
	h.want(err, fundwatch.Conflict, "不看业务数据")
	// The last of a duty stays.
	_, err = h.svc.Disable(ctx, sys, sec.ID, "")
	h.want(err, fundwatch.Conflict, "最后一个")
	_, err = h.svc.Disable(ctx, sys, sys.ID, "")
	h.want(err, fundwatch.Conflict, "本人")
}

func dutyFor(r access.Role) string {
	if r.Exclusive {
		return r.ID
	}
	return "business"
}

// TestTable holds the table of permissions to the separation of the administrators.
func TestTable(t *testing.T) {
	business := map[access.Permission]bool{}
	for _, r := range access.Roles() {
		held := access.PermissionsOf(r.ID)
		if len(held) == 0 {
			t.Errorf("%s may do nothing", r.ID)
		}
		if !r.Exclusive {
			for _, p := range held {
				business[p] = true
			}
		}
		for _, p := range held {
			if access.PermissionTitle(p) == string(p) {
				t.Errorf("%s has no Chinese name", p)
			}
			if err := access.Require(fundwatch.Actor{Roles: []string{r.ID}}, p); err != nil {
				t.Errorf("%s holds %s: %v", r.ID, p, err)
			}
		}
	}
	for _, r := range access.Roles() {
		for _, p := range access.PermissionsOf(r.ID) {
			if r.Exclusive && business[p] {
				t.Errorf("%s is an administrator and holds the business permission %s", r.ID, p)
			}
		}
	}
	one := func(p access.Permission) []string {
		var out []string
		for _, r := range access.Roles() {
			if slices.Contains(access.PermissionsOf(r.ID), p) {
				out = append(out, r.ID)
			}
		}
		return out
	}
	for p, only := range map[access.Permission]string{
		access.UserManage: access.SysAdmin, access.UserGrant: access.SysAdmin, access.UserConfirm: access.SecAdmin,
		access.UserUnlock: access.SecAdmin, access.AuditRead: access.AuditAdmin,
	} {
		if got := one(p); !slices.Equal(got, []string{only}) {
			t.Errorf("%s is held by %v, want %s alone", p, got, only)
		}
	}
	for _, a := range []fundwatch.Actor{{}, {Roles: []string{"root"}}, {Roles: []string{""}}} {
		for _, p := range append(access.PermissionsOf(access.Supervisor, access.SysAdmin, access.SecAdmin, access.AuditAdmin), "", "no.such") {
			if access.Require(a, p) == nil {
				t.Errorf("%v may %s", a.Roles, p)
			}
		}
	}
}

// TestEverythingIsRecorded walks through changes and denials and looks for each in the audit chain.
func TestEverythingIsRecorded(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	sys, sec, aud := h.admins()
	a := h.user(sys, sec, "zhang", []string{access.Supervisor}, "520300")
	actor := h.login("zhang", good)
	_, _, err := h.svc.ResetPassword(ctx, sys, a.ID, "遗忘口令")
	h.must(err)
	_, err = h.svc.Disable(ctx, sys, a.ID, "调离")
	h.must(err)
	_, err = h.svc.Enable(ctx, sys, a.ID, "返岗")
	h.must(err)
	_, _, err = h.svc.Users(ctx, actor, access.UserFilter{})
	h.want(err, fundwatch.Denied, "查看账号")
	_, _, err = h.svc.AuditEntries(ctx, sys, audit.Filter{})
	h.want(err, fundwatch.Denied, "审计")
	_, err = h.svc.Recover(ctx, "secadmin")
	h.must(err)
	entries, total, err := h.svc.AuditEntries(ctx, aud, audit.Filter{Limit: 1000})
	h.must(err)
	if total != int64(len(entries)) {
		t.Errorf("%d of %d", len(entries), total)
	}
	seen := map[string]int{}
	for _, e := range entries {
		seen[e.Action+" "+string(e.Outcome)]++
		if e.ActorID == "" {
			t.Errorf("entry without actor: %+v", e)
		}
	}
	for _, want := range []string{
		"link.make done", "link.use done", "login done", "account.create done", "grant.propose done", "grant.confirmed done",
		"account.reset done", "account.disable done", "account.enable done", "user.read denied", "audit.read denied", "audit.read done",
	} {
		if seen[want] == 0 {
			t.Errorf("no entry %q in %v", want, seen)
		}
	}
	report, err := h.svc.VerifyAudit(ctx, aud)
	h.must(err)
	if !report.OK() {
		t.Errorf("%+v", report)
	}
}

func TestSeedDemo(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	first, err := h.svc.SeedDemo(ctx)
	h.must(err)
	second, err := h.svc.SeedDemo(ctx)
	h.must(err)
	roles := map[string]int{}
	for i, d := range second {
		if d.Password == first[i].Password {
			t.Errorf("%s kept its password", d.Login)
		}
		if err := access.CheckPassword(d.Login, d.Password); err != nil {
			t.Errorf("%s: %v", d.Login, err)
		}
		if _, _, err := h.svc.Login(ctx, d.Login, first[i].Password, "old", ""); err == nil && i < 4 {
			t.Errorf("%s: the old password works", d.Login)
		}
		actor := h.login(d.Login, d.Password)
		if !actor.HasRole(d.Role) {
			t.Errorf("%s: %v", d.Login, actor.Roles)
		}
		roles[d.Role]++
	}
	for _, r := range access.Roles() {
		if roles[r.ID] == 0 {
			t.Errorf("no demo account for %s", r.Title)
		}
	}
	county := h.login("jiandu.honghuagang", second[slices.IndexFunc(second, func(d access.DemoAccount) bool { return d.Login == "jiandu.honghuagang" })].Password)
	if !county.Scope.Covers("520302", "410") || county.Scope.Covers("520303", "410") {
		t.Errorf("%v", county.Scope.Regions())
	}
}

func TestUsersList(t *testing.T) {
	h := newHouse(t, access.Config{})
	ctx := t.Context()
	_, err := h.svc.SeedDemo(ctx)
	h.must(err)
	sys := fundwatch.Actor{ID: "s", Name: "s", Roles: []string{access.SysAdmin}}
	for name, c := range map[string]struct {
		f     access.UserFilter
		total int
		first string
	}{
		"all":       {access.UserFilter{}, 11, "auditadmin"},
		"role":      {access.UserFilter{Role: access.Supervisor}, 3, "jiandu"},
		"name":      {access.UserFilter{Text: "遵义"}, 2, "hecha.zunyi"},
		"login":     {access.UserFilter{Text: "ZUNYI"}, 2, "hecha.zunyi"},
		"page":      {access.UserFilter{Offset: 10, Limit: 5}, 11, "sysadmin"},
		"past end":  {access.UserFilter{Offset: 50}, 11, ""},
		"not there": {access.UserFilter{Text: "无此人"}, 0, ""},
	} {
		list, total, err := h.svc.Users(ctx, sys, c.f)
		h.must(err)
		first := ""
		if len(list) > 0 {
			first = list[0].Login
		}
		if total != c.total || first != c.first {
			t.Errorf("%s: %d, first %s", name, total, first)
		}
	}
}
