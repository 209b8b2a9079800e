package handshake

import (
	"net/http"
	"strings"
)

// Extension is one element of Sec-WebSocket-Extensions: an extension's name and its parameters in their
// order. What the parameters mean, and whether one may occur twice, is for the extension to say (RFC 6455
// §9.1).
type Extension struct {
	Name   string
	Params []Param
}

// Param is a parameter of an [Extension], "name" or "name=value". Name and Value are tokens. Value counts
// only with HasValue, and then is not empty: the grammar has no empty value.
type Param struct {
	Name, Value string
	HasValue    bool
}

// String returns the extension as it stands in the header field: "permessage-deflate;
// client_max_window_bits=12".
func (e Extension) String() string {
	return string(e.append(nil))
}

func (e Extension) append(dst []byte) []byte {
	dst = append(dst, e.Name...)
	for _, p := range e.Params {
		dst = append(append(dst, "; "...), p.Name...)
		if p.HasValue {
			dst = append(append(dst, '='), p.Value...)
		}
	}
	return dst
}

// AppendExtensions appends list to dst as the value of one Sec-WebSocket-Extensions field and returns the
// extended slice. Names and values are written as they are; they must be tokens.
func AppendExtensions(dst []byte, list []Extension) []byte {
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.append(dst)
	}
	return dst
}

const (
	sectionExtensions = "RFC 6455 §9.1"
	maxExtensions     = 32
	maxParams         = 64 // of all extensions together
)

// ParseExtensions returns the extensions in Sec-WebSocket-Extensions in their order, over however many
// lines the field has; nil if there is no such field. One extension may stand there several times: a client
// offers alternatives that way. Values in quotes are returned without them.
//
// The error is an [*Error] with status 400: the field is there but names no extension, breaks the grammar of
// RFC 6455 §9.1, has a quoted value that is no token, or has more than 32 extensions or 64 parameters in all.
func ParseExtensions(h http.Header) ([]Extension, error) {
	list, e := parseExtensions(fieldExtensions.lines(h))
	if e != nil {
		return nil, e
	}
	return list, nil
}

func parseExtensions(lines []string) ([]Extension, *Error) {
	var list []Extension
	params := 0
	for _, line := range lines {
		s := scanner{rest: line}
		for s.skipEmpty(); s.rest != ""; s.skipEmpty() {
			e, problem := s.extension()
			list, params = append(list, e), params+len(e.Params)
			switch {
			case problem != "":
				return nil, refuse(http.StatusBadRequest, sectionExtensions, "Sec-WebSocket-Extensions %.64q: at offset %d %s",
					line, len(line)-len(s.rest), problem)
			case len(list) > maxExtensions || params > maxParams:
				return nil, refuse(http.StatusBadRequest, sectionExtensions,
					"Sec-WebSocket-Extensions has more than %d extensions or %d parameters", maxExtensions, maxParams)
			}
		}
	}
	if len(list) == 0 && len(lines) > 0 {
		return nil, refuse(http.StatusBadRequest, sectionExtensions,
			"Sec-WebSocket-Extensions names no extension; without extensions, leave it out")
	}
	return list, nil
}

// scanner reads a line of Sec-WebSocket-Extensions from the front. A problem, as its methods return it, is
// found at the first octet of rest.
type scanner struct{ rest string }

func (s *scanner) skipSpace() {
	for s.rest != "" && isSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

// skipEmpty goes to the next element of the list that is not empty.
func (s *scanner) skipEmpty() {
	for s.take(',') {
	}
}

// take takes the delimiter and the space around it, if it comes next.
func (s *scanner) take(delimiter byte) bool {
	s.skipSpace()
	if s.rest == "" || s.rest[0] != delimiter {
		return false
	}
	s.rest = s.rest[1:]
	s.skipSpace()
	return true
}

func (s *scanner) token() string {
	n := tokenLen(s.rest)
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

// extension reads up to the comma after the extension, or to the end.
func (s *scanner) extension() (e Extension, problem string) {
	if e.Name = s.token(); e.Name == "" {
		return e, "an extension's name must stand here"
	}
	for s.take(';') {
		p, problem := s.param()
		if problem != "" {
			return e, problem
		}
		if e.Params = append(e.Params, p); len(e.Params) > maxParams {
			return e, ""
		}
	}
	if s.rest != "" && s.rest[0] != ',' {
		return e, "a comma or a semicolon must stand here"
	}
	return e, ""
}

func (s *scanner) param() (p Param, problem string) {
	if p.Name = s.token(); p.Name == "" {
		return p, "a parameter's name must stand here"
	}
	if !s.take('=') {
		return p, ""
	}
	p.HasValue = true
	if strings.HasPrefix(s.rest, `"`) {
		p.Value, problem = s.quoted()
		return p, problem
	}
	if p.Value = s.token(); p.Value == "" {
		return p, "a parameter's value must stand here, a token or a quoted string"
	}
	return p, ""
}

// quoted reads a quoted-string (RFC 9110 §5.6.4), of which this field allows those that are a token without
// their quotes and backslashes.
func (s *scanner) quoted() (value, problem string) {
	in := s.rest[1:]
	var unquoted []byte
	for i := 0; i < len(in); i++ {
		switch in[i] {
		case '"':
			if value = string(unquoted); !ValidToken(value) {
				return "", "the quoted value must be a token without its quotes"
			}
			s.rest = in[i+1:]
			return value, ""
		case '\\':
			if i++; i == len(in) {
				continue
			}
		}
		unquoted = append(unquoted, in[i])
	}
	return "", "the quoted value has no closing quote"
}
