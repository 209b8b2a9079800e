package conformance_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

// What must come is waited for by this in tests of peers in order: whatever is slow is the machine. It ends only a test that
// hangs.
const (
	patient = 30 * time.Second // for one thing
	atMost  = 5 * time.Minute  // for a case
)

// deadlines are the cases in which a server in order may leave the suite waiting to the end of its patience.
const deadlines = "14.10.7,14.10.8"

// The families that move much data. They are asked only with EVERWIRE_LONG=1, as "make long" has it.
var longFamilies = []int{9, 12, 13}

// mayTell are the cases in which the standards leave us free, and what we do with that.
var mayTell = map[string]string{
	"7.1.6":  "which of a large message and the Close frame behind it is seen first is up to timing",
	"7.13.1": "any answer to the close code 5000 will do",
	"7.13.2": "any answer to the close code 65535 will do",

	"16.1.8":  "any answer to the close codes 5000 to 65535 will do",
	"16.2.21": "any answer to the close code 5001 will do",
	"16.2.22": "any answer to the close code 32768 will do",

	"14.10.1": "net/http's server takes a header of up to 1 MiB",
	"14.10.2": "net/http's server takes a header of up to 1 MiB",
	"14.10.3": "net/http's server takes a header of up to 1 MiB",
	"14.10.4": "net/http's server takes a header of up to 1 MiB",
	"14.10.7": "a net/http server has the deadlines that its program gives it",
	"14.10.8": "a net/http server has the deadlines that its program gives it",

	"20.6.5":  "we know x-webkit-deflate-frame, which old Safari offers",
	"20.6.6":  "we know deflate-frame",
	"20.6.8":  "of two extensions that we know we take the first that is offered",
	"20.6.9":  "we tell extensions' names in capital letters from others",
	"20.6.10": "and those of parameters",
	"21.4.10": "we take no message of very many final blocks: that is much work for few octets",
	"21.4.22": "we take a message that ends in a final block, though an octet is missing",
	"21.7.9":  "we have a larger window than we ask of the other end",
}

// A face is one way to use our product as a peer.
type face struct {
	name       string
	socket     bool
	driver     websocket.Driver
	compressed bool
}

// eachFace runs a test for Conn, and for Socket with each of its drivers, with and without compression, of the everyday
// cases, or the long ones.
func eachFace(t *testing.T, peer conformance.Peer, long bool, test func(*testing.T, face, *conformance.Options)) {
	t.Helper()
	cases := chosen(peer, long)
	const loops, goroutines = websocket.EventLoops, websocket.Goroutines
	for _, f := range []face{
		{"Conn", false, 0, false}, {"Socket", true, loops, false}, {"Socket on goroutines", true, goroutines, false},
		{"Conn", false, 0, true}, {"Socket", true, loops, true}, {"Socket on goroutines", true, goroutines, true},
	} {
		name := f.name + " without compression"
		if f.compressed {
			name = f.name + " with compression"
		}
		t.Run(name, func(t *testing.T) {
			if !long {
				t.Parallel() // some cases wait
			}
			test(t, f, f.options(t, cases))
		})
	}
}

// options are for asking the face some cases.
func (f face) options(t *testing.T, cases string) *conformance.Options {
	return &conformance.Options{Cases: cases, Patience: patient, Timeout: atMost, OnResult: func(r *conformance.Result) {
		if why := f.objection(r); why != "" {
			t.Errorf("case %s: %s\n%v", r.Case.ID, why, r)
		}
	}}
}

// chosen names the cases of the long families, or of the others.
func chosen(peer conformance.Peer, long bool) string {
	var families []string
	for _, c := range conformance.Cases(peer) {
		n := strconv.Itoa(c.Family())
		if slices.Contains(longFamilies, c.Family()) == long && !slices.Contains(families, n) {
			families = append(families, n)
		}
	}
	return strings.Join(families, ",")
}

// objection returns what is wrong with a result of ours that would be good enough for others.
func (f face) objection(r *conformance.Result) string {
	switch {
	case r.Close != conformance.OK && r.Close.Good() && mayTell[r.Case.ID] == "":
		return "our closing of a connection is never less than OK"
	case r.Behavior == conformance.Informational && mayTell[r.Case.ID] == "":
		return "it is not among those that may be INFORMATIONAL"
	case r.Behavior == conformance.Unimplemented && f.compressed:
		return "with compression there is nothing that we have not"
	case r.Behavior == conformance.Unimplemented && !aboutDeflate(r.Case):
		return "without compression only what is about it may be UNIMPLEMENTED"
	case r.Behavior == conformance.OK && !f.compressed && r.Case.Family() >= 12 && r.Case.Family() <= 13:
		return "without compression the classic cases about it must be UNIMPLEMENTED"
	}
	return ""
}

func aboutDeflate(c *conformance.Case) bool {
	return slices.ContainsFunc(c.Tags, func(t conformance.Tag) bool {
		return t == conformance.Deflate || strings.HasPrefix(string(t), "deflate-")
	})
}

// compression is that of a face. What can be compressed is, with all that was sent before.
func (f face) compression() websocket.Compression {
	if !f.compressed {
		return websocket.Compression{Disabled: true}
	}
	return websocket.Compression{Threshold: -1, ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext}
}

// limits are our defaults, but for the long cases' messages of 16 MiB.
func limits(long bool) (l websocket.Limits) {
	if long {
		l.MessageSize = 16 << 20
	}
	return l
}

func skipUnlessLong(t *testing.T) {
	t.Helper()
	if os.Getenv("EVERWIRE_LONG") == "" {
		t.Skip("it takes minutes: set EVERWIRE_LONG=1")
	}
}

// TestMayTellNamesCases keeps the list from outliving what it is about.
func TestMayTellNamesCases(t *testing.T) {
	all := conformance.Cases(conformance.Server | conformance.Client)
	for id := range mayTell {
		if !slices.ContainsFunc(all, func(c *conformance.Case) bool { return c.ID == id }) {
			t.Errorf("there is no case %s", id)
		}
	}
}
