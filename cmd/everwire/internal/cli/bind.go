package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"
)

const (
	envPrefix  = "EVERWIRE_"
	configFlag = "config" // the flag that names the file
)

// bind gives each flag that the command line did not set its value from the environment, or else from the TOML
// file that the flag "config" names. The flag "log-level" is the variable EVERWIRE_LOG_LEVEL, which counts as not
// set if it is empty, and the file's key log-level.
//
// A bad value is an error that names the variable, or the file and line; so is a key of the file that is no flag.
// A value that another one overrides is not looked at.
func bind(flags *pflag.FlagSet) error {
	if err := bindEnv(flags); err != nil {
		return err
	}
	if file := flags.Lookup(configFlag).Value.String(); file != "" {
		return bindFile(flags, file)
	}
	return nil
}

func bindEnv(flags *pflag.FlagSet) error {
	var bad error
	flags.VisitAll(func(f *pflag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		text := os.Getenv(name)
		if text == "" || f.Changed || f.Name == "help" || bad != nil {
			return
		}
		if err := flags.Set(f.Name, text); err != nil {
			bad = fmt.Errorf("the variable %s=%q: %w", name, text, why(err))
		}
	})
	return bad
}

func bindFile(flags *pflag.FlagSet, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("cannot read the configuration: %w", err)
	}
	var table map[string]toml.Primitive
	meta, err := toml.Decode(string(text), &table)
	if err != nil {
		return inFile(file, text, err)
	}
	for _, key := range meta.Keys() { // in the order of the file
		f := flags.Lookup(key.String()) // nil also for what stands in a table
		if f != nil && (f.Name == configFlag || f.Name == "help") {
			f = nil
		}
		if f != nil && f.Changed {
			continue
		}
		if err := meta.PrimitiveDecode(valueOf(&meta, table, key), &setting{flags, f, key}); err != nil {
			return inFile(file, text, err)
		}
	}
	return nil
}

// valueOf returns the value of a key. Those before its last part are tables.
func valueOf(meta *toml.MetaData, table map[string]toml.Primitive, key toml.Key) toml.Primitive {
	for _, part := range key[:len(key)-1] {
		var inner map[string]toml.Primitive
		meta.PrimitiveDecode(table[part], &inner)
		table = inner
	}
	return table[key[len(key)-1]]
}

// inFile says where in the file an error is.
func inFile(file string, text []byte, err error) error {
	var at toml.ParseError
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", file, err)
	}
	// The line is one too small where the text ends inside an escape.
	before := text[:min(max(at.Position.Start, 0), len(text))]
	line := max(at.Position.Line, 1+bytes.Count(before, []byte("\n")))
	return fmt.Errorf("%s:%d: %s", file, line, at.Message)
}

// why is an error of FlagSet.Set without the flag, which the user did not write.
func why(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return invalid.Unwrap()
	}
	return err
}

// setting is where a key of the file goes: into a flag, if it is one. As a toml.Unmarshaler its errors get the
// key's line.
type setting struct {
	flags *pflag.FlagSet
	flag  *pflag.Flag
	key   toml.Key
}

func (s *setting) UnmarshalTOML(value any) error {
	if s.flag == nil {
		return fmt.Errorf("there is no setting %s", s.key)
	}
	values := []any{value}
	if list, ok := value.([]any); ok {
		if _, ok := s.flag.Value.(interface{ Append(string) error }); !ok {
			return fmt.Errorf("%s takes one value, not a list", s.key)
		}
		values = list
	}
	for _, v := range values {
		switch v.(type) {
		case string, bool, int64:
		default:
			return fmt.Errorf("%s must be written in quotes", s.key)
		}
		if err := s.flags.Set(s.flag.Name, fmt.Sprint(v)); err != nil {
			return fmt.Errorf("%s = %#v: %w", s.key, v, why(err))
		}
	}
	return nil
}
