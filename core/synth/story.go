package synth

import "fundwatch"

// timing says on which day a story can come to light.
type timing int8

const (
	anyDay    timing = iota
	onPay            // the monthly run of payments
	onContrib        // the monthly posting of contributions
)

// storyDef is a kind of story: who it needs and what happens. A story becomes detectable on the day it is scheduled
// for; act arranges the life so that it does, and calls reveal.
type storyDef struct {
	name   string
	kind   string // Plant or LookAlike; empty for families that prove nothing
	rules  []string
	may    []string
	when   timing
	run    int64 // neighbours that take part
	reach  int32 // how many months before the end of history it may lie; default 20
	least  int   // persons the province needs for it to be seen; default 0
	months int32 // months of history it needs; default leastMonths
	note   string
	cast   func(w *world, l *life, d *dice)
	born   func(w *world, l *life, d *dice) int32
	// retire is how and when the person retires, given the lawful month.
	retire func(w *world, l *life, lawful int32) (kind string, month int32)
	// approve is the day on which the pension is decided.
	approve func(w *world, l *life) int32
	act     func(w *world, l *life, v int32)
}

// storyDefs is all kinds of stories; the order decides where they fall.
func storyDefs() []storyDef {
	var all []storyDef
	for _, part := range [][]storyDef{deathStories(), prisonStories(), pensionStories(), paymentStories(),
		residentStories(), joblessStories(), injuryStories(), officeStories()} {
		all = append(all, part...)
	}
	for k := range all {
		d := &all[k]
		if d.run == 0 {
			d.run = 1
		}
		if d.reach == 0 {
			d.reach = 20
		}
		if d.months == 0 {
			d.months = leastMonths
		}
	}
	return all
}

// reveal says when the story comes to light and what is at stake; the subject is the person.
func (l *life) reveal(day int32, amount int64) {
	l.visible = day
	l.truth = Truth{Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: decimal(l.key)}, Amount: amount}
}

// truths is what becomes visible about a life inside the window.
func (w *world) truths(win window, l *life) []Truth {
	if !win.in(l.visible) || l.story.def.kind == "" {
		return nil
	}
	t, d := l.truth, l.story.def
	t.Story, t.Kind, t.Rules, t.May, t.Note = d.name, d.kind, d.rules, d.may, d.note
	if t.May == nil {
		t.May = []string{}
	}
	t.VisibleOn = isoDay(l.visible)
	return []Truth{t}
}

// Casts and birthdays that many stories share.

func castAs(kind archetype) func(*world, *life, *dice) {
	return func(_ *world, l *life, _ *dice) {
		l.kind, l.female = kind, false
		l.cadre = kind == official || kind == emeritus
	}
}

// aged makes the person a number of years old when the story comes to light.
func aged(years, spread int32) func(*world, *life, *dice) int32 {
	return func(_ *world, l *life, d *dice) int32 {
		return l.story.day - years*366 - d.n(spread*365)
	}
}

// retiring makes a birthday with which the lawful month of retirement is months away from the story's day, or the
// last one before where the delay skips that month.
func retiring(months int32) func(*world, *life, *dice) int32 {
	return func(_ *world, l *life, d *dice) int32 {
		want := monthOf(l.story.day) + months
		day := d.n(28)
		for m := want - 60*12; ; m-- {
			birth := firstDay(m) + day
			if statutoryMonth(birth, false, false) <= want {
				return birth
			}
		}
	}
}

// turning60 makes the sixtieth birthday fall so that the first month due is months away from the story's day.
func turning60(months int32) func(*world, *life, *dice) int32 {
	return func(_ *world, l *life, d *dice) int32 {
		return firstDay(monthOf(l.story.day)+months-60*12-1) + d.n(28)
	}
}

func onTime(_ *world, _ *life, lawful int32) (string, int32) { return "1", lawful }

// approvedOn decides the pension on the day of the story.
func approvedOn(_ *world, l *life) int32 { return l.story.day }

// monthly is the sum of a month's items.
func (w *world) monthly(l *life, b *benefit, mi int32) int64 {
	var items [4]item
	total := int64(0)
	for _, it := range items[:w.due(l, b, mi, &items)] {
		total += it.amount
	}
	return total
}

// scaleTo sets the pension to about a monthly total in fen.
func (b *benefit) scaleTo(total int64) {
	if b.line == pension110 {
		b.amount = [3]int64{total * 6 / 10, total - total*6/10, 0}
		return
	}
	b.amount = [3]int64{total * 8 / 10, total - total*8/10, 0}
}

// endOn stops the benefit on a day; what was run before it stays paid.
func (b *benefit) endOn(day, end int32) {
	b.stop, b.end = day, end
	b.last = monthOf(day)
	if payDay(b.last) >= day {
		b.last--
	}
}

// chance is a small number that belongs to the story's instance, 0..k-1.
func (l *life) chance(salt uint64, k int32) int32 { return pick(mix(l.h, 800, salt), k) }
