package auth

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// maxKeyFile bounds a file of keys, in octets.
const maxKeyFile = 256 << 10

// keyFile has the keys of a file, and reads it again when it has changed. What it cannot read then it logs,
// once, and goes on with the keys it has: a file that is half written must not lock everybody out.
type keyFile struct {
	path  string
	parse func([]byte) ([]key, error)
	log   *slog.Logger

	mu        sync.Mutex
	keys      []key       // not changed, only replaced
	seen      os.FileInfo // as it was when what it has was last judged
	complaint string      // the last, if the file could not be read since
}

// openKeyFile reads a file for the first time, when what is wrong with it is an error.
func openKeyFile(path string, parse func([]byte) ([]key, error), log *slog.Logger) (*keyFile, error) {
	f := &keyFile{path: path, parse: parse, log: log}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	f.seen = info
	if f.keys, err = f.read(info); err != nil {
		return nil, fmt.Errorf("keys: %s: %w", path, err)
	}
	return f, nil
}

// current returns the keys. It looks at the file's time, size and identity each time: that is little beside
// the verifying of a signature.
func (f *keyFile) current() []key {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && unchanged(info, f.seen) {
		f.complaint = ""
		return f.keys
	}
	var keys []key
	if err == nil {
		keys, err = f.read(info)
	}
	var unread *fs.PathError
	if errors.As(err, &unread) { // nothing of the file has to change until it can be read, so try each time
		if text := err.Error(); text != f.complaint {
			f.complaint = text
			f.complain(err)
		}
		return f.keys
	}
	f.seen, f.complaint = info, ""
	if err != nil {
		f.complain(err)
		return f.keys
	}
	f.log.Info("keys were read again", "file", f.path, "keys", len(keys))
	f.keys = keys
	return keys
}

func (f *keyFile) complain(err error) {
	f.log.Error("keys cannot be read again; those of before stay", "file", f.path, "error", err)
}

func unchanged(a, b os.FileInfo) bool {
	return a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && os.SameFile(a, b)
}

// read reads the file, which is as info says.
func (f *keyFile) read(info os.FileInfo) ([]key, error) {
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("it has more than %d octets", maxKeyFile)
	}
	return f.parse(data)
}
