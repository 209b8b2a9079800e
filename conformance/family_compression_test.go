package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// What the classic suite offered, and the types of its messages, are ours.
func TestCompressedCasesAreTheClassicOnes(t *testing.T) {
	raw, err := os.ReadFile("testdata/classic-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		ID, Offer          string
		SentFramesByOpcode map[string]int
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	ours, found := byNumber(t), 0
	for _, rec := range all {
		if !strings.HasPrefix(rec.ID, "12.") && !strings.HasPrefix(rec.ID, "13.") {
			continue
		}
		found++
		c := ours[rec.ID]
		if c == nil {
			t.Errorf("there is no case %s", rec.ID)
			continue
		}
		if !strings.Contains(c.Does, fmt.Sprintf("Offers a server %q,", rec.Offer)) {
			t.Errorf("case %s: the offer was %q, and it says %s", rec.ID, rec.Offer, c.Does)
		}
		kind := "binary"
		if rec.SentFramesByOpcode["1"] == 1000 {
			kind = "text"
		}
		if !strings.Contains(c.Does, "1000 compressed "+kind+" messages") {
			t.Errorf("case %s: the messages were %s, and it says %s", rec.ID, kind, c.Does)
		}
		if rec.SentFramesByOpcode["0"] > 0 && !c.Has(Fragmentation) {
			t.Errorf("case %s: the messages were in fragments", rec.ID)
		}
	}
	if found != 90+126 {
		t.Errorf("%d cases were found", found)
	}
}

// A stream's messages can be inflated in order, also when they come round.
func TestStreamsComeRound(t *testing.T) {
	for _, key := range []streamKey{
		{jsonCorpus, 16, 15, false},
		{jsonCorpus, 16, 15, true},
		{jsonCorpus, 64, 9, true},
		{jsonCorpus, 1024, 15, true},
		{germanCorpus, 4096, 15, true},
		{germanCorpus, 32768, 15, true},
		{bitmapCorpus, 8192, 8, true},
		{genomeCorpus, 65536, 10, false},
	} {
		t.Run(fmt.Sprintf("%s of %d, %d bits, takeover %v", key.kind.name, key.n, key.bits, key.takeover), func(t *testing.T) {
			st := streamOf(key.kind, key.n, key.bits, key.takeover)
			z := deflate.NewInflater(key.bits, key.takeover)
			messages := 1000
			if RaceDetector {
				messages = 20
			}
			for i := range messages {
				m := st.message(i)
				got, err := z.Message(m.compressed, key.n)
				if err != nil || !bytes.Equal(got, m.content) || len(got) != key.n {
					t.Fatalf("message %d: %d octets, %v", i, len(got), err)
				}
			}
		})
	}
}

// Whatever a client offers, as long as that is permessage-deflate, one of the answers fits.
func TestEveryOfferIsAnswered(t *testing.T) {
	for _, offer := range []string{
		"permessage-deflate",
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
		"permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
		"x-unknown, permessage-deflate; server_max_window_bits=15",
	} {
		for i, n := range append(negotiations, plainNegotiation) {
			fits := false
			for _, answer := range strings.Split(n.allAnswers(), ", ") {
				agreed, wrong := judgeAnswerTo(offer, []string{answer})
				fits = fits || agreed != nil && len(wrong) == 0
			}
			if !fits {
				t.Errorf("negotiation %d: none of %q fits %q", i, n.allAnswers(), offer)
			}
		}
	}
}
