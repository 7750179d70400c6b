package synth

// pensionStories are about how people come to a pension of an employee.
func pensionStories() []storyDef {
	return []storyDef{
		{name: "forged-file", kind: Plant, rules: []string{"QY-033"}, cast: castAs(worker), born: retiring(24), approve: approvedOn,
			retire: func(_ *world, l *life, _ int32) (string, int32) { return "1", monthOf(l.story.day) - 1 },
			note:   "涂改档案出生日期，提前两年办理退休",
			act: func(w *world, l *life, v int32) {
				l.fileBirth = l.birth - 2*365
				l.reveal(v, w.monthly(l, l.benefitOf(pension110), monthOf(v))*24)
			}},
		{name: "elastic-early", kind: LookAlike, rules: []string{"QY-033"}, cast: castAs(worker), born: retiring(3), reach: 18,
			retire: func(_ *world, l *life, _ int32) (string, int32) {
				return "4", max(originalMonth(l.birth, false, false), monthOf(l.story.day)-2)
			}, approve: lateEnough, note: "自愿弹性提前退休",
			act: func(_ *world, l *life, _ int32) { l.reveal(l.approved, 0) }},
		{name: "base-raised", kind: Plant, rules: []string{"QY-003"}, cast: castAs(worker), born: retiring(-2), retire: onTime,
			approve: approvedOn, reach: 2, months: 36, note: "退休前两年缴费基数突增",
			act: func(_ *world, l *life, v int32) {
				l.wage, l.raise, l.raiseFrom, l.raiseTo = 700+int64(l.chance(1, 300)), 2800, l.retire-24, l.retire
				l.reveal(v, 0)
			}},
		{name: "base-promoted", kind: LookAlike, rules: []string{"QY-003"}, cast: castAs(worker), born: retiring(-2), retire: onTime,
			approve: approvedOn, reach: 2, months: 36, note: "退休前正常晋升，缴费基数增幅未超一倍",
			act: func(_ *world, l *life, v int32) {
				l.wage, l.raise, l.raiseFrom, l.raiseTo = 800+int64(l.chance(1, 300)), 1600, l.retire-24, l.retire
				l.reveal(v, 0)
			}},
		{name: "pays-in-after-retirement", kind: Plant, rules: []string{"QY-023"}, cast: castAs(worker), born: retiring(-5),
			retire: onTime, when: onContrib, note: "退休后仍由单位缴纳养老保险",
			act: func(w *world, l *life, v int32) {
				l.jobs = append(l.jobs, job{unit: l.seg.enterprises[0], start: firstDay(monthOf(v)) - 20,
					end: v + 100 + l.chance(1, 100), from: monthOf(v), reason: "2405"})
				j := &l.jobs[len(l.jobs)-1]
				j.to = monthOf(j.end)
				l.reveal(v, w.base(l, monthOf(v))*24/100)
			}},
		{name: "pays-in-until-retirement", kind: LookAlike, rules: []string{"QY-023"}, cast: castAs(worker), born: retiring(-1),
			retire: onTime, approve: lateEnough, note: "退休当月正常缴费",
			act: func(_ *world, l *life, _ int32) { l.reveal(l.approved, 0) }},
		{name: "excessive-pension", kind: Plant, rules: []string{"QY-071"}, cast: castAs(worker), born: retiring(-2), retire: onTime,
			when: onPay, least: 15_000, approve: justBefore, note: "核定金额多录一位，月养老金畸高",
			act: func(_ *world, l *life, v int32) {
				b := l.benefitOf(pension110)
				b.start = monthOf(v)
				b.scaleTo(3_200_000 + int64(l.chance(1, 300_000)))
				l.reveal(v, b.amount[0]+b.amount[1])
			}},
		{name: "large-pension", kind: LookAlike, rules: []string{"QY-071"}, cast: castAs(worker), born: retiring(-2), retire: onTime,
			when: onPay, least: 15_000, approve: justBefore, note: "高缴费长年限，养老金较高但未超五倍",
			act: func(_ *world, l *life, v int32) {
				b := l.benefitOf(pension110)
				b.start = monthOf(v)
				b.scaleTo(1_100_000 + int64(l.chance(1, 60_000)))
				l.reveal(v, 0)
			}},
		{name: "arrears-in-one-run", kind: LookAlike, rules: []string{"QY-073", "QY-068"}, cast: castAs(worker), born: retiring(-3),
			retire: onTime, when: onPay, approve: justBefore, note: "核定较晚，两个月待遇在同一期补发",
			act: func(_ *world, l *life, v int32) { l.reveal(v, 0) }},
		doubleStory("resident-and-enterprise", "QY-059", retiree),
		doubleStory("resident-and-state", "JG-022", emeritus),
		successionStory("resident-then-enterprise", "QY-059", retiree),
		successionStory("resident-then-state", "JG-022", emeritus),
	}
}

// lateEnough decides the pension on the story's day, or soon after retirement when that comes later.
func lateEnough(_ *world, l *life) int32 { return max(l.story.day, l.retired+5) }

// justBefore decides the pension four days before the run of the story's day.
func justBefore(_ *world, l *life) int32 { return l.story.day - 4 }

// doubleStory has a pensioner of an employee scheme draw from the resident scheme too.
func doubleStory(name, rule string, kind archetype) storyDef {
	return storyDef{name: name, kind: Plant, rules: []string{rule}, cast: castAs(kind), born: aged(62, 12), when: onPay,
		note: "职工养老待遇与城乡居民养老待遇重复领取",
		act: func(w *world, l *life, v int32) {
			b := w.residentPension(l, monthOf(v), v-5)
			if l.chance(2, 3) > 0 {
				b.endOn(v+120+l.chance(1, 200), monthOf(v)+3)
			}
			amount := w.monthly(l, &b, monthOf(v))
			l.benefits = append(l.benefits, b)
			l.reveal(v, amount)
		}}
}

// successionStory ends the resident pension with the month before the other begins.
func successionStory(name, rule string, kind archetype) storyDef {
	return storyDef{name: name, kind: LookAlike, rules: []string{rule}, cast: castAs(kind), born: retiring(-20), when: onPay,
		retire: func(_ *world, l *life, lawful int32) (string, int32) {
			return "5", max(lawful, monthOf(l.story.day)-1)
		}, approve: justBefore, note: "居民养老待遇终止后次月起领职工养老待遇",
		act: func(w *world, l *life, v int32) {
			start := monthOf(l.birth) + 60*12 + 1
			b := w.residentPension(l, start, firstDay(start)+3)
			b.stop, b.last, b.end = v-4, l.retire, l.retire
			l.benefits = append(l.benefits, b)
			l.reveal(v, 0)
		}}
}

// residentPension is a resident pension beside another one.
func (w *world) residentPension(l *life, start, approved int32) benefit {
	l.resident, l.grade = dayOf(2012, 1, 1)+l.chance(11, 2000), 2
	l.residentEnd = approved
	b := benefit{line: pension170, start: start, approved: approved, last: never, stop: never, end: never, holder: l.i,
		category: "17", amount: [3]int64{0, 900, 0}}
	b.handler, b.reviewer = l.at.two(mix(l.h, 32, 0))
	if approved-280 < l.certFirst {
		l.certFirst -= (l.certFirst - approved + 280 + l.certStep) / l.certStep * l.certStep
	}
	l.joined = min(l.joined, l.resident)
	return b
}

// paymentStories are about single payments.
func paymentStories() []storyDef {
	return []storyDef{
		{name: "paid-twice", kind: Plant, rules: []string{"QY-073"}, cast: castAs(retiree), born: aged(63, 12),
			note: "同一月待遇重复支付",
			act: func(w *world, l *life, v int32) {
				b := l.benefitOf(pension110)
				b.scaleTo(250_000 + int64(l.chance(1, 120_000)))
				mi := lastRun(v)
				l.extras = append(l.extras, extra{day: v, line: pension110, act: '1', from: mi, to: mi})
				l.reveal(v, w.monthly(l, b, mi))
			}},
		{name: "paid-twice-reversed", kind: LookAlike, rules: []string{"QY-073"}, cast: castAs(retiree), born: aged(63, 12),
			note: "重复支付当日冲回",
			act: func(_ *world, l *life, v int32) {
				l.benefitOf(pension110).scaleTo(250_000 + int64(l.chance(1, 120_000)))
				mi := lastRun(v)
				l.extras = append(l.extras, extra{day: v, line: pension110, act: '1', from: mi, to: mi},
					extra{day: v, line: pension110, act: '3', from: mi, to: mi, batch: 1})
				l.reveal(v, 0)
			}},
		{name: "large-back-payment", kind: Plant, rules: []string{"QY-068"}, cast: castAs(retiree), born: aged(66, 10),
			note: "一次性补发金额或月数超限",
			act: func(_ *world, l *life, v int32) {
				l.benefitOf(pension110).scaleTo(300_000)
				mi := lastRun(v)
				e := extra{day: v, line: pension110, act: '2', item: "110101", from: mi - 26, to: mi - 1, amount: 110_000}
				if l.chance(1, 2) == 0 {
					e.from, e.amount = mi-10, 540_000
				}
				l.extras = append(l.extras, e)
				l.reveal(v, e.amount*int64(e.to-e.from+1))
			}},
		{name: "modest-back-payment", kind: LookAlike, rules: []string{"QY-068"}, cast: castAs(retiree), born: aged(66, 10),
			note: "补发金额和月数均在规定范围内",
			act: func(_ *world, l *life, v int32) {
				mi := lastRun(v)
				l.extras = append(l.extras, extra{day: v, line: pension110, act: '2', item: "110101", from: mi - 20, to: mi - 1,
					amount: 190_000})
				l.reveal(v, 0)
			}},
	}
}

// lastRun is the month of the last run of payments before a day.
func lastRun(day int32) int32 {
	mi := monthOf(day)
	if payDay(mi) >= day {
		mi--
	}
	return mi
}
