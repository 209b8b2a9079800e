package report

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

func TestALongLogIsCut(t *testing.T) {
	var log []conformance.Entry
	for i := range 1000 {
		log = append(log, conformance.Entry{At: time.Duration(i) * time.Millisecond, Note: "Ping"})
	}
	var b strings.Builder
	writeWire(&b, &conformance.Result{Log: log})
	if n := strings.Count(b.String(), "Ping"); n != logBegin+logEnd || !strings.Contains(b.String(), "... 840 entries left out ...") {
		t.Errorf("%d entries:\n%.200s", n, b.String())
	}
	if !strings.HasSuffix(b.String(), "   999.000 < Ping\n") {
		t.Error("the end is missing")
	}
}

func TestDump(t *testing.T) {
	var b strings.Builder
	dump(&b, []byte("0123456789abcdef\x00\x7f~é"))
	want := "             30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n" +
		"             00 7f 7e c3 a9                                   ..~..\n"
	if b.String() != want {
		t.Errorf("\n%s\n%s", b.String(), want)
	}
}
