package synth

// Numbers are valid by checksum and plainly artificial: identity numbers begin with 529 or 9, which no division
// of the country does, accounts with 6299, mobiles with 199.

const (
	firstPerson int64 = 1_000_000_001
	firstUnit   int64 = 3_000_000_001
)

// personKey is the internal number of a person, personAt its inverse.
func personKey(i int64) int64 { return firstPerson + i }

func digits(b []byte, v int64) {
	for k := len(b) - 1; k >= 0; k-- {
		b[k] = byte('0' + v%10)
		v /= 10
	}
}

// idNumber is the 18-digit identity number of person i: prefix and sequence are unique to the person among all
// who share the birthday.
func idNumber(i int64, birth int32, female bool) string {
	var b [18]byte
	code := i % 500_000 * 314_159 % 500_000
	if i < 500_000 {
		copy(b[:], "529")
		digits(b[3:6], code/500)
	} else {
		b[0] = '9'
		digits(b[1:6], (i/500_000*1000+code/500)%100_000)
	}
	return finishID(&b, birth, code%500, female)
}

// strangerID is an identity number that no person of the province has.
func strangerID(h uint64, birth int32, female bool) string {
	var b [18]byte
	copy(b[:], "528")
	digits(b[3:6], int64(h%1000))
	return finishID(&b, birth, int64(h/1000%500), female)
}

func finishID(b *[18]byte, birth int32, seq int64, female bool) string {
	y, m, d := civil(birth)
	digits(b[6:14], int64(y)*10000+int64(m)*100+int64(d))
	odd := int64(1)
	if female {
		odd = 0
	}
	digits(b[14:17], seq*2+odd)
	b[17] = idCheck(b[:17])
	return string(b[:])
}

// idCheck is the check character of GB 11643-1999.
func idCheck(b []byte) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for k, w := range weights {
		sum += int(b[k]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// spoiledID is a wrongly recorded number: an old one of 15 digits, or one whose check character is wrong.
func spoiledID(id string, h uint64) string {
	if h%4 == 0 {
		return id[:6] + id[8:17]
	}
	wrong := byte('0' + (id[16]-'0'+5)%10)
	if wrong == id[17] {
		wrong = '0' + (wrong-'0'+1)%10
	}
	return id[:17] + string(rune(wrong))
}

// creditCode is the 18-character unified credit code of a unit (GB 32100-2015) with an artificial sequence number.
func creditCode(kind byte, county string, seq int64) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	var b [18]byte
	b[0], b[1] = '9', '1'
	if kind != '9' {
		b[0], b[1] = '1', kind
	}
	copy(b[2:8], county)
	digits(b[8:16], seq)
	org := [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for k, w := range org {
		sum += int(b[8+k]-'0') * w
	}
	b[16] = "0X987654321"[sum%11]
	weights := [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	sum = 0
	for k, w := range weights {
		v := int(b[k] - '0')
		if b[k] >= 'A' {
			v = indexByte(alphabet, b[k])
		}
		sum += v * w
	}
	b[17] = alphabet[(31-sum%31)%31]
	return string(b[:])
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return 0
}

// account is the 19-digit bank account of a holder, valid by Luhn.
func account(i int64, bank int32) string {
	var b [19]byte
	copy(b[:], "6299")
	digits(b[4:6], int64(bank))
	digits(b[6:18], i*7_919_317%999_999_999_989)
	sum := 0
	for k := 17; k >= 0; k-- {
		v := int(b[k] - '0')
		if (17-k)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	b[18] = byte('0' + (10-sum%10)%10)
	return string(b[:])
}

// mobile is the telephone number of person i.
func mobile(i int64) string {
	var b [11]byte
	copy(b[:], "199")
	digits(b[3:], i*31_415_927%99_999_989)
	return string(b[:])
}
