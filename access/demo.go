package access

import (
	"context"
	"crypto/rand"
	"strings"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// DemoAccount is an account of the demonstration with the password to print.
type DemoAccount struct {
	Login    string
	Name     string
	Role     string
	Region   string // name of the place it sees; empty for administrators
	Password string
}

type demoPlan struct {
	login, name, unit, role string
	region                  fundwatch.Region
}

func demoPlans() []demoPlan {
	return []demoPlan{
		{"sysadmin", "系统管理员", "省人力资源社会保障厅", SysAdmin, ""},
		{"secadmin", "安全管理员", "省人力资源社会保障厅", SecAdmin, ""},
		{"auditadmin", "审计管理员", "省人力资源社会保障厅", AuditAdmin, ""},
		{"jiandu", "省级监督员", "省社会保险基金监督局", Supervisor, "520000"},
		{"jiandu.zunyi", "遵义市监督员", "遵义市人力资源社会保障局", Supervisor, "520300"},
		{"jiandu.honghuagang", "红花岗区监督员", "红花岗区人力资源社会保障局", Supervisor, "520302"},
		{"lingdao", "分管领导", "省人力资源社会保障厅", Leader, "520000"},
		{"fenxi", "数据分析员", "省社会保险基金监督局", Analyst, "520000"},
		{"jiance", "基金监测员", "省社会保险基金监测中心", Monitor, "520000"},
		{"hecha.zunyi", "遵义市核查员", "遵义市社会保险事业局", Agency, "520300"},
		{"shuju", "数据管理员", "省人力资源社会保障信息中心", Data, "520000"},
	}
}

// SeedDemo makes one account for each role, and supervisors of three levels, with random passwords. Called again it
// gives them new passwords. A store with an account that is not of the demonstration is refused: it is a real one.
func (s *Service) SeedDemo(ctx context.Context) (out []DemoAccount, err error) {
	defer fundwatch.Wrap(&err, "access.SeedDemo")
	plans := demoPlans()
	hashes := make([]string, len(plans))
	for i, p := range plans {
		password := demoPassword()
		if hashes[i], err = s.hasher.hash(ctx, password); err != nil {
			return nil, err
		}
		out = append(out, DemoAccount{Login: p.login, Name: p.name, Role: p.role, Region: s.regions[p.region], Password: password})
	}
	err = s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		foreign, err := tx.NewSelect().Model((*accountRow)(nil)).Where("demo = 0").Count(ctx)
		if err != nil {
			return err
		}
		if foreign > 0 {
			return fundwatch.Errorf(fundwatch.Conflict, "数据目录中已有 %d 个正式账号，不能生成演示账号；请另选一个数据目录", foreign)
		}
		for i, p := range plans {
			if err := s.seedOne(ctx, tx, p, hashes[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) seedOne(ctx context.Context, tx *store.Tx, p demoPlan, hash string) error {
	row, err := oneRow(ctx, tx, "login = ?", p.login)
	switch fundwatch.CodeOf(err) {
	case "":
	case fundwatch.NotFound:
		if row, err = s.insert(ctx, tx, NewUser{Login: p.login, Name: p.name, Unit: p.unit}, console().ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE account SET demo = 1 WHERE id = ?`, row.ID); err != nil {
			return err
		}
		if err := setRoles(ctx, tx, &row, []string{p.role}); err != nil {
			return err
		}
		if p.region != "" {
			row.Regions, row.Lines = string(p.region), join(fundwatch.Insurances())
		}
	default:
		return err
	}
	row.Disabled = 0
	if err := save(ctx, tx, &row); err != nil {
		return err
	}
	if err := setPassword(ctx, tx, row.ID, hash); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, row.ID, ""); err != nil {
		return err
	}
	if err := forget(ctx, tx, guardAccount, row.Login); err != nil {
		return err
	}
	return s.audit.Append(ctx, tx, audit.Entry{
		Actor: console(), Action: "account.seed", Object: "account:" + row.ID, Detail: map[string]string{"login": row.Login, "role": p.role},
	})
}

// demoPassword is random and can be read out: Fw7-abcd-efgh-ijkl.
func demoPassword() string {
	text := strings.ToLower(rand.Text())
	return "Fw" + string('2'+text[0]%8) + "-" + text[1:5] + "-" + text[5:9] + "-" + text[9:13]
}
