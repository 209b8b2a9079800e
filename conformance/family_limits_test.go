package conformance

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// eachOfFamily9 runs a test for each case of family 9 that an in-memory peer can be asked quickly.
func eachOfFamily9(t *testing.T, test func(*testing.T, *Case, recording)) {
	ours := byNumber(t)
	for _, rec := range recordings(t) {
		if c := ours[rec.ID]; strings.HasPrefix(rec.ID, "9.") {
			t.Run(rec.ID, func(t *testing.T) {
				if c == nil {
					t.Fatal("there is no such case")
				}
				test(t, c, rec)
			})
		}
	}
}

func TestLimitsSendWhatTheClassicSuiteDid(t *testing.T) {
	if testing.Short() || RaceDetector {
		t.Skip("much data")
	}
	eachOfFamily9(t, func(t *testing.T, c *Case, rec recording) {
		m := &mirror{late: true}
		wantVerdicts(t, m.ask(t, c), OK, OK)
		counts := make(map[string]int)
		for _, f := range m.frames(t) {
			counts[fmt.Sprint(f.op)]++
		}
		if last := rec.SentFramesByOpcode["0"]; last > 0 {
			counts["0"]++ // the classic suite ended the message by an empty frame of its own
		}
		if !maps.Equal(counts, rec.SentFramesByOpcode) {
			t.Errorf("the frames by opcode are %v, not %v", counts, rec.SentFramesByOpcode)
		}
	})
}

// Who does not answer is FAILED, and so is who answers something else.
func TestLimitsFindFaults(t *testing.T) {
	ours := byNumber(t)
	for _, id := range []string{"9.1.1", "9.4.6", "9.5.6", "9.7.2", "9.8.1"} {
		for name, m := range map[string]*mirror{"mute": {mute: true}, "extra": {extra: true}, "deaf": {deaf: true}, "eager": {eager: true}} {
			r := m.ask(t, ours[id])
			if r.Behavior != Failed && r.Close != Failed {
				t.Errorf("case %s, a peer that is %s: %s (%s), %s (%s)", id, name, r.Behavior, r.Reason, r.Close, r.CloseReason)
			}
		}
	}
}
