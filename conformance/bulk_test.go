package conformance_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/internal/brokenpeer"
	"github.com/everwire/everwire/websocket"
)

// A few of the cases of families 9, 12 and 13 that do not take long.
const someBulk = "9.1.2,9.3.8,9.4.2,9.6.6,9.7.2,9.8.1,12.1.1,12.1.4,12.2.11,12.3.2,12.4.3,12.5.4," +
	"13.1.4,13.2.4,13.3.4,13.4.4,13.5.4,13.6.1,13.7.4"

func TestSomeBulkCasesArePassed(t *testing.T) {
	for _, role := range []conformance.Peer{conformance.Server, conformance.Client} {
		t.Run(roleName(role), func(t *testing.T) {
			t.Parallel()
			cases := someBulk
			if conformance.RaceDetector {
				cases = "9.3.8,9.6.6,9.7.2,12.1.1,13.5.4"
			}
			results := runBroken(t, brokenpeer.None, role, &conformance.Options{Cases: cases, Patience: patient})
			for _, r := range results {
				if r.Behavior != conformance.OK || r.Close != conformance.OK {
					t.Errorf("%s", r)
				}
				if len(r.Log) > 100 {
					t.Errorf("case %s logs %d entries", r.Case.ID, len(r.Log))
				}
			}
			if len(results) != strings.Count(cases, ",")+1 {
				t.Errorf("%d cases were asked", len(results))
			}
		})
	}
}

// Peers with a fault fail those of some cases that are about it, and pass the others.
func TestBulkCasesFindFaults(t *testing.T) {
	const both = conformance.Server | conformance.Client
	for _, f := range []struct {
		fault      brokenpeer.Fault
		roles      conformance.Peer
		red, green string
	}{
		{brokenpeer.TextAsBinary, both, "9.7.2 12.1.1", "9.8.1 12.3.2"},
		{brokenpeer.LimitsTo64K, both, "9.1.2 9.3.8", "9.7.2"},
		{brokenpeer.LosesLastFragment, both, "9.3.8 9.4.2", "9.1.2 12.2.11"},
		{brokenpeer.DropsEmpty, both, "9.8.1", "9.7.2"},
		{brokenpeer.IgnoresWindow, both, "13.3.4 13.5.4", "12.1.4 13.4.4"},
		{brokenpeer.KeepsContext, both, "13.2.4", "13.1.4"},
		{brokenpeer.DropsContext, conformance.Client, "12.1.4 13.1.4", "9.8.1"},
		{brokenpeer.SmallInflateWindow, both, "12.1.4", "9.7.2"},
		{brokenpeer.MarksContinuations, conformance.Server, "12.1.1 12.2.11", "9.8.1"},
	} {
		for _, role := range []conformance.Peer{conformance.Server, conformance.Client} {
			if f.roles&role == 0 {
				continue
			}
			t.Run(string(f.fault)+", "+roleName(role), func(t *testing.T) {
				t.Parallel()
				red, green := strings.Fields(f.red), strings.Fields(f.green)
				if conformance.RaceDetector {
					red, green = red[:1], green[:1]
				}
				for _, opts := range []*conformance.Options{
					{Cases: strings.Join(red, ",")}, {Cases: strings.Join(green, ","), Patience: patient},
				} {
					for _, r := range runBroken(t, f.fault, role, opts) {
						if r.Good() == slices.Contains(red, r.Case.ID) {
							t.Errorf("%s", r)
						}
					}
				}
			})
		}
	}
}

func TestBulkCasesWithoutCompressionAreUnimplemented(t *testing.T) {
	srv := httptest.NewServer(echoByConn(&websocket.AcceptOptions{Compression: websocket.Compression{Disabled: true}}))
	defer srv.Close()
	results, err := conformance.RunServer(t.Context(), wsURL(srv), &conformance.Options{Cases: "12,13", Patience: patient})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Behavior != conformance.Unimplemented || r.Close != conformance.OK {
			t.Errorf("%s", r)
		}
	}
	if len(results) != 90+126 {
		t.Errorf("%d cases were asked", len(results))
	}
}

func TestPeerThatRefusesLargeMessagesIsTold(t *testing.T) {
	for _, role := range []conformance.Peer{conformance.Server, conformance.Client} {
		for _, r := range runBroken(t, brokenpeer.LimitsTo64K, role, &conformance.Options{Cases: "9.1.2,9.4.9", Patience: patient}) {
			if r.Behavior != conformance.Failed || !strings.Contains(r.Reason, "refuse") {
				t.Errorf("%s", r)
			}
		}
	}
}
