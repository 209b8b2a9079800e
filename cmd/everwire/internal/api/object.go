package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// readObject reads a JSON object whose fields are pointers by name. It is stricter than json.Unmarshal,
// because what a backend gets wrong it should hear of: a name that is not among the fields, or is there
// twice, or differs in case, is an error that says so, and so is null for anything but a *json.RawMessage.
// What is missing stays as it was.
func readObject(body []byte, fields map[string]any) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil {
		return notJSON(err)
	} else if start != json.Delim('{') {
		return errors.New("the body is not a JSON object")
	}
	seen := make(map[string]bool, len(fields))
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		name := token.(string) // the decoder takes nothing else for a name
		field, ok := fields[name]
		switch {
		case !ok:
			return fmt.Errorf("there is no field %q", short(name))
		case seen[name]:
			return fmt.Errorf("the field %q is there twice", name)
		}
		seen[name] = true
		if err := readField(d, field); err != nil {
			return fmt.Errorf("the field %q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return notJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func readField(d *json.Decoder, field any) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return notJSON(err)
	}
	if any, ok := field.(*json.RawMessage); ok {
		*any = raw
		return nil
	}
	if string(raw) == "null" {
		return errors.New("it must not be null")
	}
	err := json.Unmarshal(raw, field)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("it must be %s, not %s", kindName(field), kind.Value)
	}
	return err
}

// kindName is what JSON calls the values of a field.
func kindName(field any) string {
	switch field.(type) {
	case *string, **string:
		return "a string"
	case *int:
		return "a whole number"
	}
	return "something else"
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the body is not JSON: it ends too early")
	}
	return fmt.Errorf("the body is not JSON: %w", err)
}

// short cuts what comes from outside, for an error's text.
func short(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
