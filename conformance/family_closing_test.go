package conformance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/internal/brokenpeer"
)

// TestFaultsAfterTheHandshake has peers with a fault found by the cases of families 16 to 19 that are for it.
func TestFaultsAfterTheHandshake(t *testing.T) {
	const server, client = conformance.Server, conformance.Client
	tests := []struct {
		fault   brokenpeer.Fault
		roles   conformance.Peer
		caught  string // by all of these cases
		verdict conformance.Verdict
	}{
		{brokenpeer.AcceptsCloseCodes, server, "16.1.1 16.1.4 16.1.5", conformance.Failed},
		{brokenpeer.AcceptsCloseCodes, server | client, "16.2.1 16.2.5 16.2.6 16.2.7 16.2.8 16.2.11", conformance.Failed},
		{brokenpeer.RejectsPrivateCodes, server, "16.1.6 16.1.7", conformance.Failed},
		{brokenpeer.RejectsPrivateCodes, server | client, "16.2.12 16.2.17", conformance.Failed},
		{brokenpeer.Sends1006, server | client, "16.3.2 16.3.6", conformance.Failed},
		{brokenpeer.ChecksNoReason, server | client, "16.4.9 16.4.11 16.4.12 16.4.14 16.4.16", conformance.Failed},
		{brokenpeer.EchoesAfterClose, server | client, "16.5.1 16.5.2 16.5.3", conformance.Failed},
		{brokenpeer.FailsAfterClose, server | client, "16.5.13", conformance.Failed},
		{brokenpeer.IgnoresHalfClose, server | client, "16.7.2", conformance.Failed},
		{brokenpeer.FailsWithoutClose, server | client, "16.6.1 17.1.1 18.2.1 18.4.1", conformance.NonStrict},
		{brokenpeer.NeverFails, server | client, "16.6.1 17.1.1 18.2.1", conformance.Failed},
		{brokenpeer.AcceptsUnmasked, server, "17.1.1 17.1.3 17.1.6 17.1.9 17.1.12 17.1.14 17.1.16", conformance.Failed},
		{brokenpeer.AcceptsMasked, client, "17.1.1 17.1.3 17.1.6 17.1.9 17.1.12 17.1.14 17.1.16", conformance.Failed},
		{brokenpeer.UnmasksPiecewise, server, "17.3.1 17.3.3", conformance.Failed},
		{brokenpeer.SameMaskingKey, client, "17.4.1", conformance.Failed},
		{brokenpeer.ZeroMaskingKey, client, "17.4.1", conformance.Failed},
		{brokenpeer.AcceptsLongForm, server | client, "18.1.1 18.1.5 18.1.9 18.1.14 18.1.15", conformance.NonStrict},
		{brokenpeer.AcceptsTopBit, server | client, "18.2.6", conformance.Failed},
		{brokenpeer.AcceptsLongControl, server | client, "18.4.1 18.4.5", conformance.Failed},
		{brokenpeer.LimitsTo64K, server | client, "18.6.1", conformance.Failed},
		{brokenpeer.SignedLength, server | client, "18.6.9", conformance.Failed},
		{brokenpeer.DropsEmpty, server | client, "19.1.6 19.1.12", conformance.Failed},
		{brokenpeer.LosesLastFragment, server | client, "19.1.11 19.1.13", conformance.Failed},
		{brokenpeer.LimitsFragments, server | client, "19.1.11", conformance.Informational},
		{brokenpeer.NeverPongs, server | client, "19.1.1 19.1.5", conformance.Failed},
		{brokenpeer.PongsReversed, server | client, "19.1.1", conformance.Failed},
		{brokenpeer.PongIsError, server | client, "19.1.4", conformance.Failed},
	}
	for _, tt := range tests {
		for _, role := range []conformance.Peer{server, client} {
			if tt.roles&role == 0 {
				continue
			}
			t.Run(string(tt.fault)+" "+roleName(role)+" "+tt.caught, func(t *testing.T) {
				t.Parallel()
				want := strings.Fields(tt.caught)
				opts := &conformance.Options{Cases: strings.Join(want, ","), Patience: patient, Timeout: atMost}
				if tt.verdict == conformance.Failed {
					opts.Patience = 300 * time.Millisecond // which is what the peer may be waited for in vain
				}
				results := runBroken(t, tt.fault, role, opts)
				if len(results) != len(want) {
					t.Fatalf("%d results of %d cases", len(results), len(want))
				}
				for _, r := range results {
					if r.Behavior != tt.verdict {
						t.Errorf("case %s is %s (%s), %s (%s)", r.Case.ID, r.Behavior, r.Reason, r.Close, r.CloseReason)
					}
				}
			})
		}
	}
}
