package synth

import "fundwatch"

// residentStories are about the resident scheme.
func residentStories() []storyDef {
	return []storyDef{
		{name: "draws-before-sixty", kind: Plant, rules: []string{"CX-018"}, cast: castAs(elder), born: aged(57, 2),
			note: "未满六十周岁领取居民养老金",
			act: func(w *world, l *life, v int32) {
				b := w.residentPension(l, monthOf(v), v)
				l.benefits = append(l.benefits[:0], b)
				l.certFirst = v + l.chance(1, 200)
				l.reveal(v, w.monthly(l, &b, monthOf(v)))
			}},
		{name: "draws-at-sixty", kind: LookAlike, rules: []string{"CX-018"}, cast: castAs(elder), born: turning60(0),
			note: "满六十周岁次月起领",
			act: func(_ *world, l *life, v int32) {
				l.benefits[0].approved, l.residentEnd = v, v
				l.certFirst = v + l.chance(1, 250)
				l.reveal(v, 0)
			}},
		{name: "not-certified", kind: Plant, rules: []string{"CX-030"}, cast: castAs(elder), born: aged(64, 12), when: onPay,
			note: "超过十二个月未认证仍发放",
			act: func(w *world, l *life, v int32) {
				last := firstDay(monthOf(v)-12) + l.chance(1, 24)
				l.certFirst = last - 8*l.certStep
				l.certEnd = last
				b := l.benefitOf(pension170)
				b.pause(monthOf(v)+3+l.chance(2, 4), monthOf(v)+200)
				l.reveal(v, w.monthly(l, b, monthOf(v)))
			}},
		{name: "certified-eleven-months-ago", kind: LookAlike, rules: []string{"CX-030"}, cast: castAs(elder), born: aged(64, 12),
			when: onPay, note: "上次认证在十一个月前，未超期",
			act: func(w *world, l *life, v int32) {
				l.certStep = 340
				l.certFirst = v - 325 - (v-325-firstDay(w.h0))/340*340 - 340
				l.reveal(v, 0)
			}},
		{name: "village-account", kind: Plant, rules: []string{"CX-038"}, cast: castAs(elder), born: bornForAccount, when: onPay,
			run: 4, note: "村干部以一个账户代领多名老人养老金",
			act: func(w *world, l *life, v int32) { w.share(l, v, 2) }},
		{name: "couple-account", kind: LookAlike, rules: []string{"CX-038"}, cast: castAs(elder), born: bornForAccount, when: onPay,
			run: 2, note: "夫妻二人共用一个账户",
			act: func(w *world, l *life, v int32) { w.share(l, v, 1) }},
	}
}

// bornForAccount makes the first two old, and those who come later sixty just in time for the run.
func bornForAccount(w *world, l *life, d *dice) int32 {
	if l.role < 2 && (l.role == 0 || l.story.def.run > 2) {
		return aged(65, 12)(w, l, d)
	}
	return turning60(0)(w, l, d)
}

// share pays everybody's pension into the first one's account; those from role late on join with the run of day v.
func (w *world) share(l *life, v, late int32) {
	for k := range l.benefits {
		l.benefits[k].holder = l.story.first
	}
	if l.role >= late {
		l.benefits[0].approved, l.residentEnd = v-4, v-4
		l.certFirst = v + l.chance(1, 200)
	}
	if l.role == 0 {
		l.reveal(v, residentBase(yearOf(monthOf(v)))*l.story.def.run)
		l.truth.Subject = fundwatch.Subject{Kind: fundwatch.SubjectAccount, ID: account(l.i, int32(l.i%7))}
	}
}
