package synth

// storyDef is a kind of story: who it needs and what happens.
type storyDef struct {
	name   string
	kind   string // Plant or LookAlike
	rules  []string
	may    []string
	run    int64 // neighbours that take part
	cast   func(w *world, l *life, d *dice)
	born   func(w *world, l *life, d *dice) int32
	retire func(w *world, l *life, lawful int32) (kind string, month int32)
	// approve is the day on which the pension is decided.
	approve func(w *world, l *life) int32
	act     func(w *world, l *life)
}

// instance is one story that happens to the persons from first on, and should come to light on day.
type instance struct {
	first int64
	day   int32
	def   *storyDef
}

// schedule is all stories of a province.
type schedule struct {
	instances []instance // by first
}

func (w *world) plot(rate float64) *schedule { return &schedule{} }

// storyAt finds the story a person is in.
func (w *world) storyAt(i int64) *instance {
	list := w.stories.instances
	lo, hi := 0, len(list)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if list[mid].first <= i {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || i >= list[lo-1].first+list[lo-1].def.run {
		return nil
	}
	return &list[lo-1]
}

func (w *world) truths(win window, l *life) []Truth { return nil }

func (w *world) divergence(line, c, mi int32) int64 { return 0 }

func (w *world) divergences(win window) []Truth { return nil }
