package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/everwire/everwire/conformance"
)

// writeWire writes a result's handshake and log as text.
func writeWire(w io.Writer, result *conformance.Result) {
	for _, head := range []string{result.Request, result.Response} {
		if head != "" {
			fmt.Fprintf(w, "%s\n\n", strings.TrimRight(strings.ReplaceAll(head, "\r\n", "\n"), "\n"))
		}
	}
	begin, end, left := cutLog(result.Log)
	writeEntries(w, begin)
	if left > 0 {
		fmt.Fprintf(w, "             ... %s left out ...\n", plural(left, "entry"))
	}
	writeEntries(w, end)
}

func writeEntries(w io.Writer, entries []conformance.Entry) {
	for _, e := range entries {
		arrow := "<"
		if e.Sent {
			arrow = ">"
		}
		fmt.Fprintf(w, "%10s %s %s\n", millis(e.At), arrow, e.Note)
		dump(w, e.Octets)
		if e.Length > len(e.Octets) && len(e.Octets) > 0 {
			fmt.Fprintf(w, "             ... of %d octets\n", e.Length)
		}
	}
}

// dump writes octets in lines of 16, as numbers and as ASCII.
func dump(w io.Writer, octets []byte) {
	for at := 0; at < len(octets); at += 16 {
		line := octets[at:min(at+16, len(octets))]
		ascii := []byte(nil)
		for _, b := range line {
			if b < 32 || b > 126 {
				b = '.'
			}
			ascii = append(ascii, b)
		}
		fmt.Fprintf(w, "             %-48s %s\n", fmt.Sprintf("% x", line), ascii)
	}
}
