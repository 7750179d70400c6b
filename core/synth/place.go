package synth

import (
	"fmt"

	"fundwatch/core"
)

const counties = 88

// place is a county with its agency: code, clerks, and the persons who live there.
type place struct {
	code     string
	short    string
	index    int32
	first    int64 // number of its first person
	clerks   []string
	machines []string // network address of each clerk's machine
	towns    []string // code of each town
	villages []string // 4 villages of each town
	class    int32    // class of the minimum wage: 0 highest
}

// agency is an office of the insurance administration.
type agency struct{ code, name, region string }

// weightOf is the share of each prefecture in ten thousands of residents.
func weightOf(prefecture string) int64 {
	switch prefecture {
	case "520100":
		return 599
	case "520200":
		return 303
	case "520300":
		return 661
	case "520400":
		return 247
	case "520500":
		return 690
	case "520600":
		return 330
	case "522300":
		return 302
	case "522600":
		return 376
	default:
		return 350
	}
}

// layOut divides the persons among the counties by weight; a county's share of its prefecture varies by seed.
func layOut(seed uint64, n int64) ([]place, []agency, error) {
	regions, err := core.Regions()
	if err != nil {
		return nil, nil, err
	}
	var places []place
	var offices []agency
	inside := map[string]int64{}
	own := map[string]int64{}
	for _, r := range regions {
		code := string(r.Code)
		offices = append(offices, agency{code + "01", r.Name + "社会保险经办机构", code})
		if r.Level != "县区" {
			continue
		}
		w := 60 + int64(mix(seed, 101, uint64(len(places)))%81)
		own[code] = w
		inside[string(r.Parent)] += w
		places = append(places, place{code: code, short: r.Short, index: int32(len(places))})
	}
	if len(places) != counties {
		return nil, nil, fmt.Errorf("synth: the contract has %d counties, not %d", len(places), counties)
	}
	var all, before int64
	share := make([]int64, len(places))
	for k := range places {
		parent := places[k].code[:4] + "00"
		share[k] = own[places[k].code] * weightOf(parent) * 1000 / inside[parent]
		all += share[k]
	}
	for k := range places {
		p := &places[k]
		p.first = n * before / all
		before += share[k]
		p.staff(seed)
	}
	for k, zone := range []string{"贵安新区", "贵阳高新区", "贵阳经开区", "遵义经开区", "红果经开区", "碧江经开区", "凯里经开区"} {
		home := places[(k*13)%len(places)]
		offices = append(offices, agency{fmt.Sprintf("5299%02d01", k), zone + "社会保险经办机构", home.code})
	}
	return places, offices, nil
}

// staff gives the county its clerks, towns and villages.
func (p *place) staff(seed uint64) {
	n := 4 + int(mix(seed, 102, uint64(p.index))%5)
	for k := range n {
		p.clerks = append(p.clerks, fmt.Sprintf("%s%02d", p.code, k+1))
		p.machines = append(p.machines, fmt.Sprintf("10.52.%d.%d", p.index+1, 10+k))
	}
	for t := range 8 {
		town := fmt.Sprintf("%s%03d", p.code, 100+t)
		p.towns = append(p.towns, town)
		for v := range 4 {
			p.villages = append(p.villages, fmt.Sprintf("%s%03d", town, 200+v))
		}
	}
	switch p.code[:4] {
	case "5201", "5203":
		p.class = 0
	case "5202", "5205":
		p.class = 1
	default:
		p.class = 2
	}
}

// two draws a handling clerk and another one who reviews.
func (p *place) two(h uint64) (handler, reviewer int32) {
	n := int32(len(p.clerks))
	handler = pick(h, n)
	reviewer = (handler + 1 + pick(mix(h, 1, 1), n-1)) % n
	return handler, reviewer
}
