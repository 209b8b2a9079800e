package conformance

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

func TestPayloadsAreOfTheirNature(t *testing.T) {
	for _, c := range []struct {
		kind        *corpus
		least, most int // how many times smaller 128 KiB become
	}{
		{jsonCorpus, 8, 30}, {bitmapCorpus, 1, 2}, {genomeCorpus, 2, 5}, {germanCorpus, 2, 6}, {englishCorpus, 2, 6},
	} {
		t.Run(c.kind.name, func(t *testing.T) {
			all := c.kind.all()
			if c.kind.text && !utf8.Valid(all[:len(all)-utf8.UTFMax]) {
				t.Errorf("it is not UTF-8")
			}
			seen := make(map[string]bool)
			wide := false
			for number := range 1000 {
				for _, n := range []int{0, 1, 16, 64, 1024, 131072} {
					if n > 1024 && number%50 != 0 {
						continue
					}
					p := c.kind.slice(number, n)
					if len(p) != n || c.kind.text && !utf8.Valid(p) {
						t.Fatalf("slice %d of %d octets has %d, UTF-8 is %v", number, n, len(p), utf8.Valid(p))
					}
					if n == 1024 {
						seen[string(p)] = true
						wide = wide || utf8.RuneCount(p) < n
					}
				}
			}
			if len(seen) < 900 {
				t.Errorf("only %d of 1000 slices differ", len(seen))
			}
			if c.kind.text && !wide {
				t.Errorf("all is ASCII")
			}
			p := c.kind.slice(1, 131072)
			n := len(deflate.NewDeflater(15, false).Message(p))
			if n*c.least > len(p) || n*c.most < len(p) {
				t.Errorf("%d octets are compressed to %d", len(p), n)
			}
		})
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	whole := "aß𝄞"
	for n, want := range []string{"", "a", "a ", "aß", "aß ", "aß  ", "aß   ", "aß𝄞"} {
		if got := fitText([]byte(whole), n); string(got) != want {
			t.Errorf("%d octets are %q, not %q", n, got, want)
		}
	}
	if whole != "aß𝄞" {
		t.Errorf("the text is now %q", whole)
	}
}

func TestLargePayloads(t *testing.T) {
	for _, op := range []byte{opText, opBinary} {
		for _, n := range []int{0, 1, 65536, 4 << 20} {
			p := largePayload(op, n)
			if len(p) != n || op == opText && !utf8.Valid(p) {
				t.Errorf("%s, %d octets: %d, UTF-8 is %v", messageName(op), n, len(p), utf8.Valid(p))
			}
			if n > 1<<20 && op == opText && !bytes.ContainsRune(p, '𝄞') {
				t.Errorf("no character of four octets is there")
			}
		}
	}
}
