package terminal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// HistoryFile returns where the history of a user's lines belongs: everwire/history below $XDG_STATE_HOME,
// which is ~/.local/state unless set; on Windows below %LocalAppData%. It makes no file and no folder.
func HistoryFile() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "everwire", "history"), nil
	}
	if runtime.GOOS == "windows" {
		dir, err := os.UserCacheDir() // %LocalAppData%
		if err != nil {
			return "", err
		}
		return filepath.Join(dir, "everwire", "history"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "everwire", "history"), nil
}

// A historyFile keeps entries, one a line: a line feed in an entry is written \n, a backslash \\. Several
// programs may append to it at once. Only its owner may read it, since messages hold secrets.
type historyFile string

const (
	maxEntry       = 8 << 10 // octets of an entry that is kept in the file
	maxHistoryFile = 1 << 20 // octets of the file that are read, its last ones
)

// load returns the entries, at most maxHistory. If the file has grown far beyond that it is written anew.
func (f historyFile) load() ([]string, error) {
	if f == "" {
		return nil, nil
	}
	data, whole, err := readTail(string(f), maxHistoryFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !whole { // the first line may have lost its beginning
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	crowded := !whole || len(lines) > 2*maxHistory
	lines = lines[max(0, len(lines)-maxHistory):]
	entries := make([]string, 0, len(lines))
	for _, line := range lines {
		if entry := entryUnescape.Replace(line); entry != "" {
			entries = append(entries, strings.ToValidUTF8(entry, "\ufffd"))
		}
	}
	if crowded {
		return entries, f.rewrite(lines)
	}
	return entries, nil
}

// readTail reads the last octets of a regular file, and tells whether they are all of it.
func readTail(name string, most int64) (data []byte, whole bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, errors.New(name + " is not a regular file")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	from := max(0, info.Size()-most)
	data, err = io.ReadAll(io.NewSectionReader(file, from, most))
	return data, from == 0, err
}

// rewrite replaces the file in one step, so that who reads it meanwhile finds all of one state.
func (f historyFile) rewrite(lines []string) error {
	file, err := os.CreateTemp(filepath.Dir(string(f)), ".history-*") // 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(strings.Join(lines, "\n") + "\n")
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), string(f))
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}

// append adds an entry to the file, which it makes if need be.
func (f historyFile) append(entry string) error {
	line := entryEscape.Replace(entry) + "\n"
	if f == "" || len(line) > maxEntry {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(string(f), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		file.Chmod(0o600)
	}
	_, err = file.WriteString(line)
	return errors.Join(err, file.Close())
}

var (
	entryEscape   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	entryUnescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
)
