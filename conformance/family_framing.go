package conformance

import (
	"bytes"
	"fmt"
)

// Family 1: frames of both types, by the sizes at which the form of their length changes.
func init() {
	for i, op := range []byte{opText, opBinary} {
		for j, size := range []struct{ n, chop int }{{0, 0}, {125, 0}, {126, 0}, {127, 0}, {128, 0}, {65535, 0}, {65536, 0}, {65536, 997}} {
			payload := bytes.Repeat([]byte{[]byte{'*', 0xfe}[i]}, size.n)
			want := event{kind: textMessage, data: payload}
			if op == opBinary {
				want.kind = binaryMessage
			}
			c := &Case{
				ID:      fmt.Sprintf("1.%d.%d", i+1, j+1),
				Name:    fmt.Sprintf("a %s message of %d octets", []string{"text", "binary"}[i], size.n),
				Does:    fmt.Sprintf("Sends one %s frame with %d octets.", opcodeName(op), size.n),
				Expects: "The same message comes back.",
				Section: "RFC 6455 §5.6",
				Tags:    []Tag{Echo},
				Peers:   Server | Client,
				run:     script{send: []frame{{op: op, payload: payload, chop: size.chop}}, want: []event{want}}.run,
			}
			switch {
			case size.n == 0:
				c.Tags = append(c.Tags, Empty)
			case size.n > 65535:
				c.Tags = append(c.Tags, Length64)
			case size.n > 125:
				c.Tags = append(c.Tags, Length16)
			}
			if size.chop > 0 {
				c.Name += fmt.Sprintf(", %d octets at a time", size.chop)
				c.Does = fmt.Sprintf("%s It is written %d octets at a time.", c.Does, size.chop)
				c.Tags = append(c.Tags, Chopped)
			}
			register(c)
		}
	}
}
