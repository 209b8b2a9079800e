package browser

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// upload writes a file and chooses it, as the browser's dialog would.
func (p *tab) upload(name string, content []byte) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.do("choose "+name, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
}

// wantVerdict waits for the verdict on what came back, "good" or "bad", and compares its words with a pattern.
func (p *tab) wantVerdict(verdict, words string) {
	p.t.Helper()
	if !p.sees(`document.getElementById("verdict").dataset.verdict !== "none"`, patience) {
		p.t.Fatalf("no verdict comes; the page:\n%s", p.visible())
	}
	if got := p.texts("#verdict[data-verdict=" + verdict + "]"); len(got) == 0 || !regexp.MustCompile("^"+words+"$").MatchString(got[0]) {
		p.t.Fatalf("the verdict is %q, want %q, which is %s", p.texts("#verdict"), words, verdict)
	}
}

// wantBothSides compares what is said of what was sent with what is said of what came back, and with want.
func (p *tab) wantBothSides(part, want string) {
	p.t.Helper()
	if got := p.texts("#sent-" + part + ", #received-" + part); !slices.Equal(got, []string{want, want}) {
		p.t.Errorf("the %ss are %q, want twice %q", part, got, want)
	}
}

// picture is a PNG in which every pixel differs from its neighbours.
func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for x := range 40 {
		for y := range 20 {
			img.Set(x, y, color.RGBA{uint8(6 * x), uint8(12 * y), 99, 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestBinarySendsAFileThereAndBack(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/binary")
		content := picture(t)
		size := fmt.Sprintf("%d bytes", len(content))
		for _, tt := range []struct{ choose, kind, code string }{
			{"#blob", "Blob", "await event.data.arrayBuffer()"},
			{"#arraybuffer", "ArrayBuffer", "new Uint8Array(event.data)"},
		} {
			p.click(tt.choose)
			p.upload("rainbow.png", content)
			p.wantText("#chosen", "To send: File “rainbow.png”, "+size+".")
			p.click("#send")
			p.wantVerdict("good", "The same: "+size+" went there and came back in [0-9.]+ m?s.")

			p.wantText("#sent-kind", "File “rainbow.png”")
			p.wantText("#received-kind", tt.kind)
			p.wantBothSides("size", size)
			p.wantBothSides("digest", fmt.Sprintf("%x", sha256.Sum256(content)))
			dump := p.texts("#received-dump")[0]
			if !strings.HasPrefix(dump, "0000  89 50 4e 47 0d 0a 1a 0a  .PNG....\n") ||
				!strings.HasSuffix(dump, fmt.Sprintf("\n… and %d more", len(content)-64)) {
				t.Errorf("the bytes that came back are shown as\n%s", dump)
			}
			p.wantBothSides("dump", dump)
			// The last pixel is red 234 and green 228.
			last := call[[]float64](p, `() => ["sent", "received"].flatMap(side => {
				const canvas = document.querySelector("#" + side + "-picture:not([hidden])");
				const copy = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
				copy.drawImage(canvas, 0, 0);
				return [...copy.getImageData(39, 19, 1, 1).data];
			})`)
			if want := []float64{234, 228, 99, 255, 234, 228, 99, 255}; !slices.Equal(last, want) {
				t.Errorf("the pictures end with %v, want %v", last, want)
			}
			if got := p.texts("#handler-in-code")[0]; !strings.Contains(got, tt.code) {
				t.Errorf("the code on the page is %q, without %q", got, tt.code)
			}
			p.wantText("#type-in-code", strings.ToLower(tt.kind))
			if got := p.texts("#throughput")[0]; !regexp.MustCompile(`^[0-9.]+ ([KMG]iB|bytes)/s$`).MatchString(got) {
				t.Errorf("throughput %q", got)
			}
		}
		p.wantText("#state", "OPEN") // one connection for all
		p.wantText("#buffered-amount", "0")
	})
}

func TestBinaryGeneratesBytes(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/binary")
		digests := make(map[string]bool)
		for _, tt := range []struct{ kib, size string }{
			{"64", "65,536 bytes"},
			{"64", "65,536 bytes"}, // other ones
			{"5000", "5,120,000 bytes"},
			{"0.5", "512 bytes"},
			{"0", "0 bytes"},
		} {
			p.write("#kib", tt.kib)
			p.click("#generate")
			p.wantText("#chosen", "To send: Uint8Array, "+tt.size+".")
			p.click("#send")
			p.wantText("#received-size", tt.size)
			p.wantVerdict("good", "The same: "+tt.size+" .*")
			p.wantBothSides("size", tt.size)
			digest := p.texts("#received-digest")[0]
			p.wantBothSides("digest", digest)
			if len(digest) != 64 || digests[digest] {
				t.Errorf("%s KiB have the digest %q, after %v", tt.kib, digest, digests)
			}
			digests[digest] = true
			if got := p.texts(".picture:not([hidden])"); len(got) > 0 {
				t.Errorf("%d pictures of random bytes", len(got))
			}
		}
		p.wantBothSides("dump", "(no bytes)")
	})
}

func TestBinaryTakesADroppedFile(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/binary")
		call[chromedp.Void](p, `() => {
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File(["dropped"], "note.txt"));
			for (const type of ["dragover", "drop"]) {
				const event = new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true});
				document.getElementById("drop").dispatchEvent(event);
				if (!event.defaultPrevented) {
					throw new Error("the browser would open the file");
				}
			}
		}`)
		p.wantText("#chosen", "To send: File “note.txt”, 7 bytes.")
		p.click("#send")
		p.wantVerdict("good", "The same: 7 bytes .*")
		p.wantBothSides("dump", "0000  64 72 6f 70 70 65 64     dropped")
	})
}

func TestBinarySaysWhatItCannotSend(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serveAlone(t, secure, "binary")
		p := open(t, s.http+"/binary")
		p.click("#send")
		p.wantText("#verdict", "Choose a file, or generate some bytes, first.")
		for _, kib := range []string{"65537", "-1", "e"} {
			p.write("#kib", kib)
			p.click("#generate")
			p.wantText("#verdict", "From 0 to 65536 KiB, please.")
			p.wantText("#chosen", "Nothing to send yet.")
		}
		evaluate[chromedp.Void](p, `choose(new Blob([new Uint8Array(64 * 2**20), "x"]), "File “large”")`)
		p.click("#send")
		p.wantText("#verdict", "Not sent: the server takes 64 MiB in one message, and this is 67,108,865 bytes.")
		p.wantText("#state", "CLOSED")

		s.stop()
		p.write("#kib", "1")
		p.click("#generate")
		p.click("#send")
		p.awaitConsole(refused)
		p.wantVerdict("bad", "The connection was closed with code 1006 before the bytes came back.")
		p.wantText("#last-close", "1006, not clean")
	})
}

// Fit to make the page see a difference: a server that changes one bit.
func TestBinaryNoticesADifference(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/binary")
		p.click("#generate")
		p.click("#send")
		p.wantVerdict("good", ".*")
		evaluate[chromedp.Void](p, `socket.onmessage = async event => {
			const bytes = new Uint8Array(await event.data.arrayBuffer());
			bytes[65535] ^= 1;
			receive({data: new Blob([bytes])});
		}`)
		p.click("#send")
		p.wantVerdict("bad", "Not the same: what came back differs from what was sent.")
		if got := p.texts("#sent-digest, #received-digest"); got[0] == got[1] {
			t.Errorf("the digests are the same: %s", got[0])
		}
	})
}
