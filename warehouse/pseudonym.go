package warehouse

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

// keySize is the length of the pseudonym key in bytes, the block that SM3 yields.
const keySize = 32

// loadKey reads the pseudonym key, or makes one. The key outlives every database file: with another key no person
// would be found again.
func loadKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("warehouse: read the pseudonym key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("warehouse: %s does not hold a pseudonym key of %d bytes in hexadecimal", path, keySize)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("warehouse: make the key's folder: %w", err)
	}
	if err := writeFile(path, []byte(hex.EncodeToString(key)+"\n")); err != nil {
		return nil, fmt.Errorf("warehouse: write the pseudonym key: %w", err)
	}
	return key, nil
}

// pseudonymizer turns identity numbers and accounts into integer keys. It belongs to one goroutine.
type pseudonymizer struct {
	mac  hash.Hash
	sum  []byte
	last string
	key  int64
}

func newPseudonymizer(key []byte) *pseudonymizer {
	return &pseudonymizer{mac: hmac.New(sm3.New, key)}
}

// of is the key of s, and false when s holds nothing. Spaces and the case of letters do not count, so that
// suppliers who write a number differently still mean the same person. Rows come clustered by person, so the last
// answer is kept.
func (p *pseudonymizer) of(s string) (int64, bool) {
	if s == p.last {
		return p.key, s != ""
	}
	norm := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if norm == "" {
		return 0, false
	}
	p.mac.Reset()
	_, _ = p.mac.Write([]byte(norm)) // hash.Hash never fails
	p.sum = p.mac.Sum(p.sum[:0])
	p.last, p.key = strings.Clone(s), int64(binary.BigEndian.Uint64(p.sum))
	return p.key, true
}

// Pseudonym is the key under which the warehouse keeps an identity number (person_key) or a bank account
// (account_key).
func (db *DB) Pseudonym(s string) int64 {
	key, _ := newPseudonymizer(db.key).of(s)
	return key
}
