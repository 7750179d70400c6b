package synth

// deathStories are about people who die while a benefit is being paid.
func deathStories() []storyDef {
	lines := []struct {
		rule, tag string
		kind      archetype
		line      int32
		may       []string
	}{
		{"QY-047", "enterprise", retiree, pension110, nil},
		{"JG-019", "state", emeritus, pension120, nil},
		{"CX-021", "resident", elder, pension170, []string{"CX-030"}},
		{"GS-045", "injury", disabled, line410, nil},
	}
	var all []storyDef
	for _, x := range lines {
		rules := []string{x.rule}
		born := aged(66, 14)
		if x.kind == disabled {
			born = aged(38, 18)
		}
		line := x.line
		all = append(all,
			storyDef{name: "hidden-death-" + x.tag, kind: Plant, rules: rules, may: x.may, cast: castAs(x.kind), born: born,
				note: "家属隐瞒死亡，待遇继续发放，公安名单后到",
				act:  func(w *world, l *life, v int32) { w.hideDeath(l, v, line) }},
			storyDef{name: "listed-before-paid-" + x.tag, kind: Plant, rules: rules, may: x.may, cast: castAs(x.kind), born: born,
				when: onPay, note: "公安名单已到，当月发放仍未停发",
				act: func(w *world, l *life, v int32) { w.payAfterList(l, v, line) }},
			storyDef{name: "death-in-month-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: born,
				note: "死亡当月待遇依法应发",
				act:  func(w *world, l *life, v int32) { w.dieInTime(l, v) }},
			storyDef{name: "death-made-good-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: born,
				note: "死亡登记较晚，多发待遇已全部扣回",
				act:  func(w *world, l *life, v int32) { w.makeGood(l, v, line) }},
		)
		if x.kind == disabled || x.kind == emeritus {
			continue
		}
		all = append(all,
			storyDef{name: "namesake-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: born,
				note: "死亡名单上的同名者，证件号码不同",
				act: func(w *world, l *life, v int32) {
					l.listDied, l.police = v-90, v
					l.policeName = nameOf(mix(w.seed, 201, uint64(l.i)))
					l.policeID = strangerID(mix(l.h, 801, 0), l.birth, false)
					l.reveal(v, 0)
				}},
			storyDef{name: "wrong-name-on-list-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: born,
				note: "死亡名单证件号码相同但姓名不同，无法认定",
				act: func(_ *world, l *life, v int32) {
					l.listDied, l.police = v-90, v
					l.policeName = "欧阳" + nameOf(mix(l.h, 802, 0))[3:]
					if l.chance(1, 2) == 0 {
						l.policeGone = v + 20
					}
					l.reveal(v, 0)
				}},
		)
	}
	return all
}

// register makes the core learn of the death on a day; payments run until then.
func (w *world) register(l *life, died, known, police int32) {
	l.died, l.listDied, l.deathKnown, l.police = died, died, known, police
	l.certEnd = died
	l.civil, l.clinic = police+l.chance(2, 15), police+l.chance(3, 15)
	for k := range l.benefits {
		l.benefits[k].endOn(known, monthOf(died))
	}
	l.residentEnd = min(l.residentEnd, died)
}

// provedOn makes one of the proofs of life fall on a day.
func (l *life) provedOn(day int32) { l.certFirst = day - 8*l.certStep }

// hideDeath lets the family draw on for months; the list comes on day v, the core stops weeks later.
func (w *world) hideDeath(l *life, v, line int32) {
	back := int32(13)
	if line == pension170 { // the proof of life lapses only after the list has come
		back = 7
	}
	md := max(monthOf(v)-2-l.chance(4, back), w.h0)
	died := firstDay(md) + l.chance(5, 28)
	l.provedOn(died - 20)
	w.register(l, died, v+25+l.chance(6, 160), v)
	b := l.benefitOf(line)
	l.reveal(v, w.monthly(l, b, md)*int64(monthOf(v)-md))
}

// payAfterList has the list first: the run of day v pays nevertheless for the month after the death.
func (w *world) payAfterList(l *life, v, line int32) {
	died := firstDay(monthOf(v)-1) + l.chance(5, 20)
	l.provedOn(died - 20)
	w.register(l, died, v+25+l.chance(6, 90), died+4+l.chance(7, 6))
	l.reveal(v, w.monthly(l, l.benefitOf(line), monthOf(v)))
}

// dieInTime has the month of death paid and nothing after it.
func (w *world) dieInTime(l *life, v int32) {
	mi := monthOf(v) - 1
	died := payDay(mi) + 1 + l.chance(5, 15)
	w.register(l, died, payDay(mi+1)-1-l.chance(6, 3), v)
	l.reveal(v, 0)
}

// makeGood has two months overpaid and taken back before the list comes.
func (w *world) makeGood(l *life, v, line int32) {
	md := monthOf(v) - 4
	died := firstDay(md) + l.chance(5, 28)
	known := payDay(md+2) + 3
	l.provedOn(died - 20)
	w.register(l, died, known, v)
	l.extras = append(l.extras, extra{day: known + 4, line: line, act: '3', from: md + 1, to: md + 2})
	l.reveal(v, 0)
}

// prisonStories are about people who serve a sentence.
func prisonStories() []storyDef {
	var all []storyDef
	for _, x := range []struct {
		rule, tag string
		kind      archetype
		line      int32
	}{{"QY-053", "enterprise", retiree, pension110}, {"CX-026", "resident", elder, pension170}} {
		rules := []string{x.rule}
		line := x.line
		all = append(all,
			storyDef{name: "prisoner-draws-" + x.tag, kind: Plant, rules: rules, cast: castAs(x.kind), born: aged(62, 8),
				note: "服刑期间继续领取待遇",
				act:  func(w *world, l *life, v int32) { w.serve(l, v, line) }},
			storyDef{name: "parole-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: aged(62, 8),
				note: "假释后恢复发放",
				act:  func(w *world, l *life, v int32) { w.parole(l, v, line) }},
			storyDef{name: "probation-" + x.tag, kind: LookAlike, rules: rules, cast: castAs(x.kind), born: aged(62, 8),
				note: "缓刑人员依法继续领取",
				act: func(_ *world, l *life, v int32) {
					l.prison = sentence{on: true, from: v - 100, until: v + 600, paroled: never, kind: "4", listed: v,
						amended: v + 610}
					l.reveal(v, 0)
				}},
		)
	}
	return all
}

// serve has a prisoner drawing on; the list comes on day v, the core pauses the benefit some runs later.
func (w *world) serve(l *life, v, line int32) {
	from := max(firstDay(monthOf(v)-2-l.chance(4, 8))+l.chance(5, 28), firstDay(w.h0))
	until := v + 200 + l.chance(6, 500)
	l.prison = sentence{on: true, from: from, until: until, paroled: never, kind: "2", listed: v, amended: until + 8}
	b := l.benefitOf(line)
	b.pause(monthOf(v)+2+l.chance(7, 3), monthOf(until))
	l.reveal(v, w.monthly(l, b, monthOf(v))*int64(monthOf(v)-monthOf(from)))
}

// parole has the benefit paused in time and resumed in the month after release.
func (w *world) parole(l *life, v, line int32) {
	paroled := v - 2
	from := max(paroled-300-l.chance(4, 200), firstDay(w.h0)+5)
	l.prison = sentence{on: true, from: from, until: paroled + 400, paroled: paroled, kind: "2", listed: from + 12,
		amended: v}
	l.benefitOf(line).pause(monthOf(from)+1, monthOf(paroled))
	l.reveal(v, 0)
}
