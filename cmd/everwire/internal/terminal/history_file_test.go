package terminal

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestHistoryFileKeepsEntriesAsTheyAre(t *testing.T) {
	f := historyFile(filepath.Join(t.TempDir(), "a", "b", "history"))
	if entries, err := f.load(); entries != nil || err != nil {
		t.Errorf("of no file: %q, %v", entries, err)
	}
	want := []string{"plain", "two\nlines", `back\slash\n`, "\\", "日本", "cr\r", "\x1b[2J"}
	for _, entry := range want {
		if err := f.append(entry); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.append(strings.Repeat("x", maxEntry)); err != nil { // too long to be kept
		t.Fatal(err)
	}
	if got, err := f.load(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestHistoryFileIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := filepath.Join(t.TempDir(), "everwire")
	f := historyFile(filepath.Join(dir, "history"))
	mode := func(name string) os.FileMode {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	f.append("one")
	if mode(string(f)) != 0o600 || mode(dir) != 0o700 {
		t.Errorf("the modes are %v and %v", mode(string(f)), mode(dir))
	}
	os.Chmod(string(f), 0o644)
	f.append("two")
	if mode(string(f)) != 0o600 {
		t.Errorf("the mode is still %v", mode(string(f)))
	}
}

func TestHistoryFileIsBounded(t *testing.T) {
	for name, entry := range map[string]string{"many": "", "large": strings.Repeat("x", 1000)} {
		t.Run(name, func(t *testing.T) {
			f := historyFile(filepath.Join(t.TempDir(), "history"))
			var all strings.Builder
			const n = 3 * maxHistory
			for i := range n {
				all.WriteString(strconv.Itoa(i) + entry + "\n")
			}
			if err := os.WriteFile(string(f), []byte(all.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time of a file that was written anew
				entries, err := f.load()
				if err != nil || len(entries) != maxHistory || entries[0] != strconv.Itoa(n-maxHistory)+entry {
					t.Fatalf("%d entries, %v", len(entries), err)
				}
			}
			info, err := os.Stat(string(f))
			if err != nil || info.Size() > maxHistoryFile || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
				t.Errorf("the file is %v, %v", info, err)
			}
			if left, _ := os.ReadDir(filepath.Dir(string(f))); len(left) != 1 {
				t.Errorf("there are %v", left)
			}
		})
	}
}

func TestHistoryFileWhereNoneCanBe(t *testing.T) {
	dir := t.TempDir()
	if _, err := historyFile(dir).load(); err == nil {
		t.Error("a folder can be loaded")
	}
	if err := historyFile(dir).append("x"); err == nil {
		t.Error("a folder can be appended to")
	}
	if entries, err := historyFile("").load(); entries != nil || err != nil {
		t.Errorf("without a file: %q, %v", entries, err)
	}
	if err := historyFile("").append("x"); err != nil {
		t.Error(err)
	}
}

func TestHistoryFilePlace(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if got, err := HistoryFile(); err != nil || got != filepath.Join(os.Getenv("XDG_STATE_HOME"), "everwire", "history") {
		t.Errorf("%q, %v", got, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	t.Setenv("XDG_STATE_HOME", "relative") // to be ignored, as its specification says
	t.Setenv("HOME", "/home/somebody")
	if got, err := HistoryFile(); err != nil || got != "/home/somebody/.local/state/everwire/history" {
		t.Errorf("%q, %v", got, err)
	}
}
