package synth

// dice is a stream of pseudo-random numbers (splitmix64): small, fast and the same on every machine.
type dice struct{ s uint64 }

func (d *dice) next() uint64 {
	d.s += 0x9e3779b97f4a7c15
	z := d.s
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// n draws from 0..k-1.
func (d *dice) n(k int32) int32 { return int32((d.next() >> 32) * uint64(k) >> 32) }

// between draws from a..b, both included.
func (d *dice) between(a, b int32) int32 {
	if b <= a {
		return a
	}
	return a + d.n(b-a+1)
}

// chance is true p times in ten thousand.
func (d *dice) chance(p int32) bool { return d.n(10000) < p }

// mix hashes up to three numbers into one.
func mix(a, b, c uint64) uint64 {
	d := dice{s: a ^ b*0xff51afd7ed558ccd ^ c*0xc4ceb9fe1a85ec53}
	d.s = d.next() ^ b
	return d.next()
}

// pick draws a place 0..k-1 from a hash.
func pick(h uint64, k int32) int32 { return int32((h >> 32) * uint64(k) >> 32) }
