package access

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fundwatch"
)

//go:embed common.txt
var commonWords string

// The rules of passwords.
const (
	passwordMin     = 10
	passwordMax     = 128
	passwordClasses = 3
	passwordHistory = 5
)

// CheckPassword says whether a password may be used for the login; the error names what is missing.
func CheckPassword(login, password string) error {
	const field = "password"
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return fundwatch.FieldErrorf(field, "口令含有不可见字符，请重新输入")
	case n < passwordMin:
		return fundwatch.FieldErrorf(field, "口令只有 %d 位，至少需要 %d 位", n, passwordMin)
	case n > passwordMax:
		return fundwatch.FieldErrorf(field, "口令有 %d 位，最多 %d 位", n, passwordMax)
	}
	if got := classes(password); got < passwordClasses {
		return fundwatch.FieldErrorf(field, "口令只用了 %d 类字符，应至少包含大写字母、小写字母、数字、符号中的 %d 类", got, passwordClasses)
	}
	lower := strings.ToLower(password)
	if login != "" && strings.Contains(lower, strings.ToLower(login)) {
		return fundwatch.FieldErrorf(field, "口令不能包含登录名")
	}
	if isCommon(lower) {
		return fundwatch.FieldErrorf(field, "口令是常见口令或其简单变形，容易被猜中，请更换")
	}
	return nil
}

func classes(password string) int {
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}

// isCommon finds a common word that is only dressed up: Qwerty12345!, P@ssw0rd2026, Admin@12345. A password is common
// when nothing but one such word, once or twice, is left after its digits and signs.
func isCommon(lower string) bool {
	leet := strings.NewReplacer("@", "a", "0", "o", "1", "l", "3", "e", "$", "s", "5", "s", "!", "i")
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, s)
	}
	// The digits and signs around the word are dressing; inside it they stand for letters.
	inner := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	left := []string{letters(lower), letters(leet.Replace(inner)), letters(leet.Replace(lower))}
	for word := range strings.Lines(commonWords) {
		word = strings.TrimSpace(word)
		if slices.Contains(left, word) || slices.Contains(left, word+word) {
			return true
		}
	}
	return false
}
