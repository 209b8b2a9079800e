package access

import (
	"crypto/sha256"
	"crypto/subtle"
)

// A Secret is kept as its hash, so that comparing takes the same time for texts of every length. Nil is the
// secret that nobody has.
type Secret struct{ hash [sha256.Size]byte }

// NewSecret returns the Secret that a text is; "" is nil.
func NewSecret(text string) *Secret {
	if text == "" {
		return nil
	}
	return &Secret{sha256.Sum256([]byte(text))}
}

// Is reports whether a text is the secret.
func (s *Secret) Is(text string) bool {
	if s == nil {
		return false
	}
	hash := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(hash[:], s.hash[:]) == 1
}
