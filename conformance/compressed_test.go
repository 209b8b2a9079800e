package conformance

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// compressedFully is what a compressor with the largest window makes of some octets, as a message's payload.
func compressedFully(t *testing.T, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

func TestFarRepeatsShowAWindowThatIsTooLarge(t *testing.T) {
	p := farRepeats()
	if !utf8.Valid(p) {
		t.Error("it is no text")
	}
	data := compressedFully(t, p)
	for bits := 8; bits <= 15; bits++ {
		got, err := deflate.NewInflater(bits, false).Message(data, len(p))
		var beyond *deflate.WindowError
		if is, should := errors.As(err, &beyond), bits < 15; is != should {
			t.Errorf("a window of 15 bits where %d are agreed on: %v", bits, err)
		}
		if !bytes.Equal(got, p) {
			t.Errorf("%d bits: %d octets were inflated, want the %d that were compressed", bits, len(got), len(p))
		}
	}
	// And one that is too large by one bit only.
	for bits := 8; bits < 15; bits++ {
		data := deflate.NewDeflater(bits+1, false).Message(p)
		var beyond *deflate.WindowError
		if _, err := deflate.NewInflater(bits, false).Message(data, len(p)); !errors.As(err, &beyond) {
			t.Errorf("a window of %d bits where %d are agreed on: %v", bits+1, bits, err)
		}
	}
}

func TestConversationShowsAContextThatIsKept(t *testing.T) {
	d, z := deflate.NewDeflater(15, true), deflate.NewInflater(15, false)
	shown := false
	for _, m := range conversation() {
		_, err := z.Message(d.Message(m.data), maxMessage)
		shown = shown || err != nil
	}
	if !shown {
		t.Error("no message refers to one before")
	}
}

func TestZeros(t *testing.T) {
	for _, size := range []int{1, 4, 259, 260, 261, 262, 517, 1 << 20} {
		data := zeros(size)
		got, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader([]byte(data)), bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))))
		if err != nil || len(got) != size || len(bytes.Trim(got, "\x00")) != 0 {
			t.Errorf("zeros(%d) inflates to %d octets, %v", size, len(got), err)
		}
		if size == 1<<20 && len(data)*1000 > size {
			t.Errorf("zeros(%d) has %d octets, want a thousandth", size, len(data))
		}
	}
}

func TestEveryMatch(t *testing.T) {
	tokens, content := everyMatch()
	for _, data := range []string{
		blocks(func(w *deflate.BlockWriter) { w.FixedTokens(tokens, false) }),
		blocks(func(w *deflate.BlockWriter) { w.DynamicTokens(tokens, false) }),
	} {
		got, err := deflate.NewInflater(8, false).Message([]byte(data), maxMessage)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d octets were inflated (%v), want %d", len(got), err, len(content))
		}
	}
}

func TestCutDeflated(t *testing.T) {
	frames := cutDeflated(opText, "abcdef", 0, 2, 2, 6)
	var all []byte
	for i, f := range frames {
		all = append(all, f.payload...)
		if (f.op == opText) != (i == 0) || (f.rsv == rsv1) != (i == 0) || f.more != (i < len(frames)-1) {
			t.Errorf("frame %d is %+v", i, f)
		}
	}
	if len(frames) != 5 || string(all) != "abcdef" {
		t.Errorf("%d frames have %q, want 5 with \"abcdef\"", len(frames), all)
	}
}
