package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"sync"
)

// A suite is a cipher suite that can be looked into: AES-GCM, with a hash.
type suite struct {
	keySize int
	hash    func() hash.Hash
}

var suites = func() map[uint16]*suite {
	small, large := &suite{16, sha256.New}, &suite{32, sha512.New384}
	return map[uint16]*suite{
		tls.TLS_AES_128_GCM_SHA256:                  small,
		tls.TLS_AES_256_GCM_SHA384:                  large,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   small,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: small,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:   large,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: large,
	}
}()

// labels are what a key log calls the secrets from which data's keys are made.
const masterLabel = "CLIENT_RANDOM" // TLS 1.2, both directions

var trafficLabels = [2]string{"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} // TLS 1.3

// sessionKeys are the secrets of the TLS sessions that are being made, until they are used.
type sessionKeys struct {
	mu      sync.Mutex
	secrets map[string][]byte // by label and the client's random
	order   []string          // the oldest first
}

// maxSecrets bounds how many secrets are kept that nobody has asked for, such as those of sessions that failed.
const maxSecrets = 64

func (k *sessionKeys) add(label string, clientRandom, secret []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.secrets == nil {
		k.secrets = map[string][]byte{}
	}
	name := label + string(clientRandom)
	k.secrets[name] = secret
	if k.order = append(k.order, name); len(k.order) > maxSecrets {
		delete(k.secrets, k.order[0])
		k.order = k.order[1:]
	}
}

func (k *sessionKeys) secret(label string, clientRandom []byte) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.secrets[label+string(clientRandom)]
}

// opener returns what decrypts a direction of a session, nil while its secret is not known.
func (k *sessionKeys) opener(w *tlsWatcher, from Direction) *opener {
	if w.version == tls.VersionTLS13 {
		secret := k.secret(trafficLabels[from], w.clientRandom)
		if secret == nil {
			return nil
		}
		o := &opener{suite: w.suite}
		o.use(secret)
		return o
	}
	master := k.secret(masterLabel, w.clientRandom)
	if master == nil {
		return nil
	}
	const ivSize = 4 // RFC 5288 §3
	size := w.suite.keySize
	block := expand12(w.suite.hash, master, "key expansion", append(bytes.Clone(w.serverRandom), w.clientRandom...), 2*(size+ivSize))
	o := &opener{suite: w.suite, old: true}
	o.key(block[int(from)*size:][:size], block[2*size+int(from)*ivSize:][:ivSize])
	return o
}

// keyLog takes the lines of a key log: a label, the client's random and a secret.
type keyLog struct {
	keys *sessionKeys
	too  io.Writer
}

func (l keyLog) Write(line []byte) (int, error) {
	if words := strings.Fields(string(line)); len(words) == 3 {
		random, err1 := hex.DecodeString(words[1])
		secret, err2 := hex.DecodeString(words[2])
		wanted := words[0] == masterLabel || words[0] == trafficLabels[0] || words[0] == trafficLabels[1]
		if err1 == nil && err2 == nil && wanted {
			l.keys.add(words[0], random, secret)
		}
	}
	if l.too != nil {
		return l.too.Write(line)
	}
	return len(line), nil
}

// An opener decrypts the records of one direction.
type opener struct {
	suite  *suite
	old    bool   // TLS 1.2
	secret []byte // TLS 1.3
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

func (o *opener) key(key, iv []byte) {
	block, err := aes.NewCipher(key)
	if err == nil {
		o.aead, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic(err) // only for sizes that no suite has
	}
	o.iv, o.seq = bytes.Clone(iv), 0
}

// use makes the keys of a traffic secret (RFC 8446 §7.3).
func (o *opener) use(secret []byte) {
	o.secret = secret
	o.key(o.expand13("key", o.suite.keySize), o.expand13("iv", 12))
}

// update makes the next keys (RFC 8446 §7.2).
func (o *opener) update() { o.use(o.expand13("traffic upd", o.suite.hash().Size())) }

// expand13 is HKDF-Expand-Label without a context (RFC 8446 §7.1).
func (o *opener) expand13(label string, size int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(append(append(info, byte(len(label))), label...), 0)
	out, err := hkdf.Expand(o.suite.hash, o.secret, string(info), size)
	if err != nil {
		panic(err) // only for sizes that no suite has
	}
	return out
}

// expand12 is the PRF of TLS 1.2 (RFC 5246 §5).
func expand12(hash func() hash.Hash, secret []byte, label string, seed []byte, size int) (out []byte) {
	seed = append([]byte(label), seed...)
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(hash, secret)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	for a := mac(seed); len(out) < size; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:size]
}

var errRecord = errors.New("a record that cannot be")

// open decrypts a record. After an error nothing has changed.
func (o *opener) open(record []byte) (kind byte, plain []byte, err error) {
	header, body := record[:recordHeader], record[recordHeader:]
	if o.old {
		if len(body) < 8+o.aead.Overhead() {
			return 0, nil, errRecord
		}
		nonce := append(bytes.Clone(o.iv), body[:8]...)
		body = body[8:]
		extra := binary.BigEndian.AppendUint64(nil, o.seq)
		extra = append(extra, header[:3]...)
		extra = binary.BigEndian.AppendUint16(extra, uint16(len(body)-o.aead.Overhead()))
		plain, err = o.aead.Open(nil, nonce, body, extra)
		if err == nil {
			o.seq++
		}
		return header[0], plain, err
	}
	nonce := bytes.Clone(o.iv)
	for i := range 8 {
		nonce[len(nonce)-1-i] ^= byte(o.seq >> (8 * i))
	}
	if plain, err = o.aead.Open(nil, nonce, body, header); err != nil {
		return 0, nil, err
	}
	o.seq++
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 {
		return 0, nil, errRecord
	}
	return plain[len(plain)-1], plain[:len(plain)-1], nil
}
