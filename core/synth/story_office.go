package synth

// officeStories are about what clerks do.
func officeStories() []storyDef {
	return []storyDef{
		{name: "name-and-number-changed", kind: Plant, rules: []string{"TY-026"}, cast: castAs(elder), born: aged(63, 12),
			note: "经办人合并两份档案，姓名与证件号码同改",
			act: func(w *world, l *life, v int32) {
				w.rename(l, v-l.chance(1, 12))
				w.renumber(l, v)
				l.reveal(v, 0)
			}},
		{name: "name-corrected", kind: LookAlike, rules: []string{"TY-026"}, cast: castAs(elder), born: aged(63, 12),
			note: "仅更正姓名",
			act: func(w *world, l *life, v int32) {
				w.rename(l, v)
				l.reveal(v, 0)
			}},
		{name: "name-then-number", kind: LookAlike, rules: []string{"TY-026"}, cast: castAs(retiree), born: aged(63, 12),
			note: "姓名与证件号码先后更正，相隔超过三十日",
			act: func(w *world, l *life, v int32) {
				w.rename(l, v-45-l.chance(1, 60))
				w.renumber(l, v)
				l.reveal(v, 0)
			}},
		{name: "own-case-approved", kind: Plant, rules: []string{"NK-001"}, cast: castAs(worker), born: retiring(-2), retire: onTime,
			approve: approvedOn, note: "同一经办人办理并复核待遇核定",
			act: func(w *world, l *life, v int32) {
				l.handledSelf = true
				l.reveal(v, w.monthly(l, l.benefitOf(pension110), monthOf(v)))
			}},
		{name: "each-reviews-the-other", kind: LookAlike, rules: []string{"NK-001"}, cast: castAs(worker), born: retiring(-2),
			retire: onTime, approve: approvedOn, run: 2, note: "两名经办人互为初审与复核",
			act: func(_ *world, l *life, v int32) {
				b := l.benefitOf(pension110)
				b.handler, b.reviewer = 0, 1
				if l.role == 1 {
					b.handler, b.reviewer = 1, 0
				}
				l.reveal(v, 0)
			}},
	}
}

// rename changes the name in the record to the true one.
func (w *world) rename(l *life, day int32) {
	l.amendments = append(l.amendments, amendment{day, "AAC003", "姓名", nameOf(mix(l.h, 803, 0)) + "子",
		nameOf(mix(w.seed, 201, uint64(l.i)))})
}

// renumber changes the identity number in the record to the true one.
func (w *world) renumber(l *life, day int32) {
	l.amendments = append(l.amendments, amendment{day, "AAC147", "证件号码",
		strangerID(mix(l.h, 804, 0), l.birth+700, l.female), idNumber(l.i, l.birth, l.female)})
}
