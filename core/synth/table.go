package synth

import (
	"fmt"

	"fundwatch/core"
)

// The tables of the contract that the province fills, in the order of the contract.
const (
	tAC01 = iota
	tAC02
	tAC20
	tAC26
	tAC43
	tAB01
	tAB02
	tAB07
	tAC27
	tAC09
	tAC11
	tAC12
	tAC10
	tAC60
	tAC61
	tAC62
	tAC71
	tAC73
	tIC10
	tIC11
	tAC82
	tAC83
	tAC84
	tAC90
	tAE02
	tAE04
	tAE10
	tYWLOG
	tAB58
	tAC88
	tAC89
	tJC10
	tJC11
	tJC12
	tJC13
	tJC14
	tJC15
	tJB12
	tJB13
	tJB14
	tJB15
	tJB16
	tJB17
	tJB18
	tJA01
	tJA02
	tLC30
	tLC31
	tLC50
	tLC03
	tLC01
	tLC24
	tLC26
	tLB01
	tAA02
	tAF01
	tAF11
	tFN01
	tFN02
	tNB01
	tXGASW
	tXMZHH
	tXWJSW
	tXSFFX
	tXSG
	tXSWZJ
	tXGAHJ
	tXQGCB
	tXQGDY
	tXZS
	tXJY
	tableCount
)

// tableCodes lists the codes of the constants above, in their order.
func tableCodes() [tableCount]string {
	return [tableCount]string{
		"AC01", "AC02", "AC20", "AC26", "AC43", "AB01", "AB02", "AB07", "AC27", "AC09", "AC11", "AC12", "AC10",
		"AC60", "AC61", "AC62", "AC71", "AC73", "IC10", "IC11", "AC82", "AC83", "AC84", "AC90", "AE02", "AE04",
		"AE10", "YWLOG", "AB58", "AC88", "AC89", "JC10", "JC11", "JC12", "JC13", "JC14", "JC15", "JB12", "JB13",
		"JB14", "JB15", "JB16", "JB17", "JB18", "JA01", "JA02", "LC30", "LC31", "LC50", "LC03", "LC01", "LC24",
		"LC26", "LB01", "AA02", "AF01", "AF11", "FN01", "FN02", "NB01", "X_GA_SW", "X_MZ_HH", "X_WJ_SW", "X_SF_FX",
		"X_SG", "X_SW_ZJ", "X_GA_HJ", "X_QG_CB", "X_QG_DY", "X_ZS", "X_JY",
	}
}

// ownTables reads the contract's tables in the order of the constants.
func ownTables() ([]core.Table, error) {
	all, err := core.Tables()
	if err != nil {
		return nil, err
	}
	byCode := make(map[string]core.Table, len(all))
	for _, t := range all {
		byCode[t.Code] = t
	}
	out := make([]core.Table, 0, tableCount)
	for _, code := range tableCodes() {
		t, ok := byCode[code]
		if !ok {
			return nil, fmt.Errorf("synth: the contract has no table %s", code)
		}
		out = append(out, t)
	}
	return out, nil
}
