package terminal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// complete completes the command that stands before the cursor: its name, on and off, or a file's name. It
// returns what to insert, and what it could be if that is not decided.
func complete(typed string) (insert string, candidates []string) {
	name, ok := strings.CutPrefix(typed, "/")
	if !ok || strings.ContainsAny(typed, "\n") {
		return "", nil
	}
	name, args, more := strings.Cut(name, " ")
	if !more {
		for _, c := range commands {
			if !strings.HasPrefix(c.name, name) {
				continue
			}
			word := "/" + c.name
			if c.args != "" {
				word += " "
			}
			candidates = append(candidates, word)
		}
		return settle(typed, candidates)
	}
	switch name {
	case "json":
		for _, word := range []string{"on", "off"} {
			if strings.HasPrefix(word, args) {
				candidates = append(candidates, word)
			}
		}
		return settle(args, candidates)
	case "save":
		args = strings.TrimPrefix(args, "-f ")
		return settle(args, files(args))
	case "binary":
		if file, ok := strings.CutPrefix(args, "@"); ok {
			return settle(file, files(file))
		}
	}
	return "", nil
}

// settle returns what all candidates have in common beyond what is typed; and the candidates, if they differ.
func settle(typed string, candidates []string) (string, []string) {
	if len(candidates) == 0 {
		return "", nil
	}
	same := candidates[0]
	for _, c := range candidates[1:] {
		for !strings.HasPrefix(c, same) {
			same = same[:len(same)-1]
		}
	}
	same = strings.ToValidUTF8(same, "") // the last character may have been cut
	insert := strings.TrimPrefix(same, typed)
	if len(candidates) == 1 || insert != "" {
		return insert, nil
	}
	return "", candidates
}

// maxFiles bounds how many names of files are offered.
const maxFiles = 1000

// files are the names that begin with what is typed; a folder's ends with a slash. Hidden ones are for who
// types the dot.
func files(typed string) (names []string) {
	dir, base := filepath.Split(typed)
	folder, err := os.Open(dirOrHere(dir))
	if err != nil {
		return nil
	}
	defer folder.Close()
	entries, _ := folder.ReadDir(maxFiles)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || base == "" && name[0] == '.' {
			continue
		}
		if info, err := os.Stat(filepath.Join(dirOrHere(dir), name)); err == nil && info.IsDir() {
			name += string(filepath.Separator)
		}
		names = append(names, dir+name)
	}
	slices.Sort(names)
	return names
}

func dirOrHere(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}
