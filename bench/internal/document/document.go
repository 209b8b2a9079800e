// Package document puts what programs write into documents that people write.
package document

import (
	"fmt"
	"os"
	"strings"
)

// Marks are the lines between which a document has what a program writes.
type Marks struct{ Begin, End string }

// Insert replaces what is between the marks in a document by text.
func (m Marks) Insert(name, text string) error {
	before, after, err := m.around(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(before+m.Begin+"\n\n"+text+"\n"+m.End+"\n"+after), 0o644)
}

// Check returns the error that Insert would return for a document without the marks.
func (m Marks) Check(name string) error {
	_, _, err := m.around(name)
	return err
}

// around returns what a document has before the first mark and after the second one.
func (m Marks) around(name string) (before, after string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	before, rest, ok := strings.Cut(string(text), m.Begin+"\n")
	_, after, ok2 := strings.Cut(rest, m.End+"\n")
	if !ok || !ok2 {
		return "", "", fmt.Errorf("%s has no place for it, between\n%s\n%s", name, m.Begin, m.End)
	}
	return before, after, nil
}
