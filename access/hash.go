package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// HashConfig is the cost of one password hash.
type HashConfig struct {
	MemoryKiB uint32 // default 19456
	Passes    uint32 // default 2
	AtOnce    int    // hashes computed at one time, so that a flood of log-ins cannot eat the memory; default 4
}

func (c HashConfig) withDefaults() HashConfig {
	if c.MemoryKiB == 0 {
		c.MemoryKiB = 19456
	}
	if c.Passes == 0 {
		c.Passes = 2
	}
	if c.AtOnce == 0 {
		c.AtOnce = 4
	}
	return c
}

// hasher makes and checks argon2id hashes, a few at a time.
type hasher struct {
	cfg   HashConfig
	slots chan struct{}
	dummy string // compared where there is no hash, so that the answer takes as long
}

func newHasher(cfg HashConfig) (*hasher, error) {
	h := &hasher{cfg: cfg, slots: make(chan struct{}, cfg.AtOnce)}
	dummy, err := h.hash(context.Background(), rand.Text())
	h.dummy = dummy
	return h, err
}

const hashFormat = "$argon2id$v=19$m=%d,t=%d,p=1$%s$%s"

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key, err := h.derive(ctx, password, salt, h.cfg.Passes, h.cfg.MemoryKiB)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(hashFormat, h.cfg.MemoryKiB, h.cfg.Passes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

func (h *hasher) derive(ctx context.Context, password string, salt []byte, passes, memory uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, passes, memory, 1, 32), nil
}

// matches compares a password with a stored hash; an empty hash, of an account that has no password yet, matches
// nothing and takes as long.
func (h *hasher) matches(ctx context.Context, stored, password string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	part := strings.Split(stored, "$") // "", argon2id, v=19, m=…,t=…,p=1, salt, key
	if len(part) != 6 {
		return false, errors.New("password hash unreadable")
	}
	var memory, passes uint32
	_, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=1", &memory, &passes)
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	want, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err := errors.Join(err, err1, err2); err != nil {
		return false, fmt.Errorf("password hash unreadable: %w", err)
	}
	got, err := h.derive(ctx, password, salt, passes, memory)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}
