//go:build unix

package terminal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestScreenDrawsBelowWhatStays(t *testing.T) {
	v := newVT(20, 5)
	s := screen{out: v}
	check := func(want string, x, y int) {
		t.Helper()
		if got := v.text(); got != want || v.x != x || v.y != y {
			t.Errorf("the screen is\n%s\nwith the cursor at %d, %d, want\n%s\nat %d, %d", got, v.x, v.y, want, x, y)
		}
	}
	s.draw(nil, []string{"> a", "status"}, 0, 3)
	check("> a\nstatus", 3, 0)
	s.draw([]string{"one", "two"}, []string{"> ab", "status"}, 0, 4)
	check("one\ntwo\n> ab\nstatus", 4, 2)
	s.draw(nil, []string{"> first", "second", "st"}, 1, 0)
	check("one\ntwo\n> first\nsecond\nst", 0, 3)
	s.draw([]string{"a line that is longer than the screen"}, []string{"> ", "s"}, 0, 2)
	check("one\ntwo\na line that is longe\nr than the screen\n>\ns", 2, 3)
	s.erase()
	check("one\ntwo\na line that is longe\nr than the screen", 0, 3)
	if len(v.foreign) > 0 {
		t.Errorf("foreign control functions: %q", v.foreign)
	}
}

func TestScreenWritesOnceAndOnlyWhatChanges(t *testing.T) {
	var writes []string
	s := screen{out: writerFunc(func(p []byte) (int, error) {
		writes = append(writes, string(p))
		return len(p), nil
	})}
	rows := []string{"> a", "status"}
	for range 3 {
		s.draw(nil, rows, 0, 3)
	}
	if len(writes) != 1 {
		t.Errorf("%d writes of the same", len(writes))
	}
	s.draw([]string{"line"}, rows, 0, 3)
	s.draw(nil, rows, 0, 2) // the cursor
	s.forget()
	s.draw(nil, rows, 0, 2)
	if len(writes) != 4 {
		t.Errorf("%d writes of four changes", len(writes))
	}
	for _, w := range writes {
		if !strings.HasPrefix(w, beginUpdate) || !strings.HasSuffix(w, endUpdate) {
			t.Errorf("%q is not marked as one update", w)
		}
	}
}

func TestScreenTellsOfErrors(t *testing.T) {
	s := screen{out: writerFunc(func([]byte) (int, error) { return 0, errors.New("gone") })}
	if s.draw(nil, []string{"x"}, 0, 0) == nil || s.erase() == nil || s.write("x") == nil {
		t.Error("no error")
	}
}

func TestScreenWhoseWindowBecameNarrower(t *testing.T) {
	v := newVT(40, 5)
	s := screen{out: v}
	for i := range 3 {
		s.draw([]string{fmt.Sprint("line ", i)}, []string{"> typed", "a status that is as wide as this"}, 0, 7)
	}
	v.resize(10, 5)
	s.draw(nil, []string{"> typed", "a status that is still as wide"}, 0, 7) // not known yet
	s.draw(nil, []string{"> typed", "a status"}, 0, 7)
	if got, want := v.text(), "line 0\nline 1\nline 2\n> typed\na status"; got != want {
		t.Errorf("the screen is\n%s\nwant\n%s", got, want)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
