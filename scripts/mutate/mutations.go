package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A mutation is a way to break the program: in file, old becomes new.
type mutation struct {
	name     string
	file     string
	old, new string       // old must stand in the file exactly once
	in       *testPackage // where there is
	test     string       // the test that must fail,
	says     string       // and a part of what it must say then
}

// apply returns a file's content with the mutation in it.
func (m *mutation) apply(content []byte) ([]byte, error) {
	if n := bytes.Count(content, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("the mutation %q does not match the code: %s has %q %d times, not once", m.name, m.file, m.old, n)
	}
	return bytes.Replace(content, []byte(m.old), []byte(m.new), 1), nil
}

// applyAll returns the file of each mutation, below root, with the mutation in it. Its error has all that do not
// match.
func applyAll(root string, mutations []mutation) (mutants [][]byte, err error) {
	for _, m := range mutations {
		content, e := os.ReadFile(filepath.Join(root, m.file))
		if e == nil {
			content, e = m.apply(content)
		}
		mutants = append(mutants, content)
		err = errors.Join(err, e)
	}
	return mutants, err
}
