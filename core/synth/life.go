package synth

// archetype is what a person is, as far as the insurances go.
type archetype int8

const (
	worker   archetype = iota // employee of an enterprise (110)
	flexible                  // pays for himself (110)
	retiree                   // retired before the history began or inside it (110)
	official                  // employee of the state (120)
	emeritus                  // retired from the state (120)
	peasant                   // pays into the resident scheme (170)
	elder                     // draws from the resident scheme (170)
	disabled                  // draws an injury allowance (410)
)

// job is one spell of work at a unit of the segment.
type job struct {
	unit       int32
	start, end int32 // days; end is never while it lasts
	from, to   int32 // months with contributions
	reason     string
	ue, inj    bool // insured against unemployment and injury
}

// span is a range of months, both ends included.
type span struct{ from, to int32 }

// benefit is a periodic benefit.
type benefit struct {
	line     int32
	start    int32 // first month due
	approved int32 // day
	last     int32 // last month paid regularly
	stop     int32 // day on which the core ends it
	end      int32 // last month due, as the core sees it after stop
	pauses   [2]span
	holder   int64 // number of the person whose account receives it
	amount   [3]int64
	category string
	unit     int64
	handler  int32
	reviewer int32
	steady   bool // payments are never returned by the bank
}

// extra is a payment outside the regular run.
type extra struct {
	day      int32
	line     int32
	act      byte   // '1' normal, '2' supplement, '3' deduction
	item     string // empty: all items of the regular benefit
	from, to int32  // months it is for
	amount   int64  // per month, when item is set
	batch    int32  // extras of the same day and batch are one plan
}

// claim is one spell of unemployment with benefit.
type claim struct {
	on         bool
	unit       int32
	left       int32 // day
	registered int32
	reason     string
	this, all  int32 // months paid: this spell, cumulative
	granted    int32 // months
	benefit    int8  // place in life.benefits
}

// injury is one accident at work.
type injury struct {
	on                   bool
	day                  int32
	unit                 int32
	declared, accepted   int32
	concluded, appraised int32
	verdict              string
	grade, care          int32
	wage                 int64
	visit                int32 // day of treatment
	cost                 int64
	fatal                bool
}

// amendment is a change of a person's record, told in AE02 and AE04.
type amendment struct {
	day    int32
	code   string
	name   string
	before string
	after  string
}

// sentence is a prison term on the list of the justice authority.
type sentence struct {
	on                   bool
	from, until, paroled int32
	kind                 string
	listed               int32 // day on which the list brings it
	amended              int32 // day on which release or parole is told
}

// life is everything that happens to one person: a pure function of seed and number.
type life struct {
	i    int64
	key  int64
	h    uint64
	at   *place
	seg  *segment
	kind archetype

	female, cadre bool
	birth         int32
	name, id      string
	recordedID    string // as it stands in AC01 from the beginning
	recordedName  string
	joined        int32 // day on which the province first knows the person

	jobs                  []job
	wage                  int64 // in thousandths of the average wage
	raiseFrom, raiseTo    int32
	raise                 int64 // thousandths
	retire                int32 // month; never when not retired
	retired, fileBirth    int32
	retireKind            string
	approved              int32
	earlyWork             int32 // months credited
	benefits              []benefit
	died, deathKnown      int32
	resident              int32 // day of joining the resident scheme, never if not
	residentEnd           int32
	grade                 int32 // of the resident contribution
	claim                 claim
	injury                injury
	certFirst, certStep   int32
	certEnd               int32
	prison                sentence
	police, civil, clinic int32 // days on which the lists bring the death
	policeGone            int32
	policeName, policeID  string
	listDied              int32 // date of death on the lists
	extras                []extra
	amendments            []amendment
	handledSelf           bool  // the approval was reviewed by its own handler
	sibling               int64 // number of the deceased whose dependant this is
	grantPaid             int32 // day of skill subsidy

	scratch scratch
	story   *instance
	role    int32
	visible int32
	truth   Truth
}

// clear makes the life ready for another person and keeps its memory.
func (l *life) clear() {
	jobs, benefits, extras, amendments := l.jobs[:0], l.benefits[:0], l.extras[:0], l.amendments[:0]
	*l = life{
		jobs: jobs, benefits: benefits, extras: extras, amendments: amendments,
		retire: never, retired: never, approved: never, died: never, deathKnown: never, resident: never,
		residentEnd: never, joined: never, certEnd: never, police: never, civil: never, clinic: never,
		policeGone: never, listDied: never, raiseFrom: never, raiseTo: never, raise: 1000, sibling: -1,
		visible: never, grantPaid: never,
	}
}

// identify gives the person names and numbers; only those whose rows are told need them.
func (w *world) identify(l *life) {
	l.name = nameOf(mix(w.seed, 201, uint64(l.i)))
	l.id = idNumber(l.i, l.birth, l.female)
	l.recordedID, l.recordedName = l.id, l.name
	if l.story != nil {
		return
	}
	switch f := mix(w.seed, 202, uint64(l.i)); {
	case f%2500 == 0:
		l.recordedID = spoiledID(l.id, f>>20)
	case f%5000 == 1:
		l.recordedName = l.name[:3] + " " + l.name[3:]
	}
}

// paused reports whether a month of the benefit is withheld.
func (b *benefit) paused(mi int32) bool {
	for _, s := range b.pauses {
		if s.from != 0 && mi >= s.from && mi <= s.to {
			return true
		}
	}
	return false
}

// pause withholds the months from..to.
func (b *benefit) pause(from, to int32) {
	for k := range b.pauses {
		if b.pauses[k].from == 0 {
			b.pauses[k] = span{from, to}
			return
		}
	}
}

// firstPaid is the month with whose run the benefit is first paid.
func (b *benefit) firstPaid() int32 {
	m := monthOf(b.approved)
	if payDay(m) <= b.approved {
		m++
	}
	return max(m, b.start)
}

// benefitOf finds the person's benefit of a line.
func (l *life) benefitOf(line int32) *benefit {
	for k := range l.benefits {
		if l.benefits[k].line == line {
			return &l.benefits[k]
		}
	}
	return nil
}

// pensionLine is the pension line the person's work belongs to.
func (l *life) pensionLine() int32 {
	if l.kind == official || l.kind == emeritus {
		return pension120
	}
	return pension110
}
