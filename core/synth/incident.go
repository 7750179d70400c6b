package synth

// custom draws the ordinary incidents of a life: corrections of the record, accidents, courses, a prison term
// while nothing is paid.
func (w *world) custom(l *life, d *dice) {
	change, hurt, course, jail := d.n(10000), d.n(10000), d.n(10000), d.n(10000)
	if l.story != nil {
		return
	}
	span := w.horizon - firstDay(w.h0)
	if change < 450 {
		w.amend(l, d, firstDay(w.h0)+d.n(span), change)
	}
	if l.kind == worker && hurt < 160 {
		w.accident(l, d)
	}
	if l.kind == worker && len(l.jobs) > 0 && l.jobs[0].ue && course < 250 {
		if day := firstDay(w.h0) + d.n(span); day > l.jobs[0].start+365 && day < l.jobs[0].end {
			l.grantPaid = day
		}
	}
	age := (w.t0 - l.birth) / 365
	if l.kind == peasant && jail < 25 && age > 22 && age < 50 {
		from := firstDay(w.h0) + d.n(span-900)
		l.prison = sentence{on: true, from: from, until: from + 200 + d.n(600), paroled: never, kind: "2",
			listed: from + 15 + d.n(20), amended: never}
		l.prison.amended = l.prison.until + 10
	}
}

// amend changes one field of the record; a name or a number only ever alone.
func (w *world) amend(l *life, d *dice, day, what int32) {
	if day < firstDay(w.h0) || day > l.died {
		return
	}
	name := nameOf(mix(w.seed, 201, uint64(l.i)))
	id := idNumber(l.i, l.birth, l.female)
	switch {
	case what < 25:
		l.amendments = append(l.amendments, amendment{day, "AAC003", "姓名", name + "儿", name})
	case what < 45:
		l.amendments = append(l.amendments, amendment{day, "AAC147", "证件号码", spoiledID(id, mix(l.h, 81, 0)), id})
	case what < 250:
		l.amendments = append(l.amendments, amendment{day, "AAC067", "移动电话", mobile(l.i + 50_000_000), mobile(l.i)})
	default:
		old := "贵州省" + l.at.short + w.roads[d.n(10)] + string(rune('1'+d.n(9))) + "号"
		l.amendments = append(l.amendments, amendment{day, "AAE006", "地址", old, w.address(l)})
	}
}
