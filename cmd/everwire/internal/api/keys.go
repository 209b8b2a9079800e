package api

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
)

// Keys are the API keys of a file. The file is looked at again when it has changed, so that keys can be
// rotated without a restart. A Keys is safe for concurrent use; nil has no keys.
//
// Each line has a key, or a name, a space and a key; the name is for the log. Empty lines, and those that
// begin with #, do not count. A key has 16 to 1,024 characters of ASCII, without a space.
type Keys struct {
	file string

	mu     sync.Mutex
	keys   []key
	looked time.Time // at the file
	stamp  stamp
	failed error // of the last look
}

type key struct {
	name   string
	secret *access.Secret
}

// A stamp tells one content of a file from another.
type stamp struct {
	time time.Time
	size int64
}

const (
	lookPause   = time.Second // between two looks at the file
	mostKeys    = 100
	mostKeyFile = 1 << 20
)

// ReadKeys reads the keys of a file. A file without a key, or with one that will not do, is an error, which
// does not tell the key.
func ReadKeys(file string) (*Keys, error) {
	k := &Keys{file: file, looked: time.Now()}
	if err := k.read(); err != nil {
		return nil, err
	}
	return k, nil
}

// read reads the file, if it is another than last time.
func (k *Keys) read() error {
	info, err := os.Stat(k.file)
	if err != nil {
		return fmt.Errorf("cannot read the API keys: %w", err)
	}
	if now := (stamp{info.ModTime(), info.Size()}); now != k.stamp {
		if info.Size() > mostKeyFile {
			return fmt.Errorf("the file of the API keys, %s, has %d octets; it may have %d", k.file, info.Size(), mostKeyFile)
		}
		content, err := os.ReadFile(k.file)
		if err != nil {
			return fmt.Errorf("cannot read the API keys: %w", err)
		}
		keys, err := parseKeys(string(content))
		if err != nil {
			return fmt.Errorf("%s: %w", k.file, err)
		}
		k.keys, k.stamp = keys, now
	}
	return nil
}

func parseKeys(content string) ([]key, error) {
	var keys []key
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		name, text := fmt.Sprintf("line %d", number), words[len(words)-1]
		switch len(words) {
		case 1:
		case 2:
			name = words[0]
		default:
			return nil, fmt.Errorf("line %d has %d words; it is a key, or a name and a key", number, len(words))
		}
		if fault := access.Fault(text); fault != "" {
			return nil, fmt.Errorf("the API key in line %d %s; make one with: openssl rand -hex 16", number, fault)
		}
		if len(keys) == mostKeys {
			return nil, fmt.Errorf("there are more than %d API keys", mostKeys)
		}
		keys = append(keys, key{name, access.NewSecret(text)})
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no API key in it; make one with: openssl rand -hex 16")
	}
	return keys, nil
}

// find returns the name of the key that a text is. An error is about the file, and is told once; the keys
// that were read before count then.
func (k *Keys) find(text string) (name string, ok bool, err error) {
	if k == nil {
		return "", false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); now.Sub(k.looked) >= lookPause {
		k.looked = now
		before := k.failed
		k.failed = k.read()
		if k.failed != nil && (before == nil || before.Error() != k.failed.Error()) {
			err = k.failed
		}
	}
	for _, key := range k.keys { // all of them, so that the time does not tell which one it is
		if key.secret.Is(text) {
			name, ok = key.name, true
		}
	}
	return name, ok, err
}
