package wire

import (
	"errors"
	"strings"
)

// Errors of ParseHead.
var (
	ErrHeadTooLarge = errors.New("the head is larger than 64 KiB")
	ErrNotHTTP      = errors.New("it is not HTTP/1.1")
)

// ParseHead reads the head of a request, if from is FromClient, else of a response, at the start of b. It returns how
// many octets the head has, its empty line included, or 0 if b does not hold all of it: call again with more. It is
// lenient: what it refuses, by ErrHeadTooLarge and ErrNotHTTP, cannot be relayed as HTTP at all.
func ParseHead(b []byte, from Direction) (h *Head, n int, err error) {
	n = endOfHead(b, 0)
	switch {
	case n < 0 && len(b) < maxHead:
		return nil, 0, nil
	case n < 0 || n > maxHead:
		return nil, 0, ErrHeadTooLarge
	}
	h, ok := parseHead(b[:n], from)
	if !ok {
		return nil, 0, ErrNotHTTP
	}
	return h, n, nil
}

// Append appends h as it stands on the wire, its empty line included, and returns the extended slice. Lines end in
// CR LF, and a colon and a space stand behind names.
func (h *Head) Append(dst []byte) []byte {
	dst = append(append(dst, h.Line...), "\r\n"...)
	for _, f := range h.Fields {
		dst = append(append(append(append(dst, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// Set gives the first field with a name a value and removes further ones; if there is none it is added at the end.
// An empty value removes all.
func (h *Head) Set(name, value string) {
	kept := h.Fields[:0:0]
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			if value == "" {
				continue
			}
			f.Value, value = value, ""
		}
		kept = append(kept, f)
	}
	if value != "" {
		kept = append(kept, Field{name, value})
	}
	h.Fields = kept
}
