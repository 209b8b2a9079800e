package readme

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// names are the packages that the fragments may use.
var names = map[string]string{
	"context":     "context",
	"cookiejar":   "net/http/cookiejar",
	"errors":      "errors",
	"fmt":         "fmt",
	"frame":       "github.com/everwire/everwire/websocket/frame",
	"handshake":   "github.com/everwire/everwire/websocket/handshake",
	"http":        "net/http",
	"hub":         "github.com/everwire/everwire/hub",
	"io":          "io",
	"json":        "encoding/json",
	"log":         "log",
	"nats":        "github.com/everwire/everwire/hub/nats",
	"net":         "net",
	"netip":       "net/netip",
	"os":          "os",
	"strings":     "strings",
	"synctest":    "testing/synctest",
	"conformance": "github.com/everwire/everwire/conformance",
	"httptest":    "net/http/httptest",
	"testing":     "testing",
	"time":        "time",
	"tls":         "crypto/tls",
	"url":         "net/url",
	"websocket":   "github.com/everwire/everwire/websocket",
	"wstest":      "github.com/everwire/everwire/websocket/wstest",
	"x509":        "crypto/x509",
}

var selector = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.[A-Z]`)

// wrapped is where a fragment stands that is not a declaration, and the names that it may take for granted.
const wrapped = `func fragment%d(ctx context.Context, w http.ResponseWriter, r *http.Request, c *websocket.Conn, ` +
	`s *websocket.Socket, srv *websocket.Server, mux *http.ServeMux, data []byte, ` +
	`h *hub.Hub, options func(string) hub.RoomOptions, last hub.Position) error {
	{
//line %s:%d
%s	}
	return nil
}
`

// source makes a file of package docs of a fragment. The compiler's complaints name the place in the document.
func source(t *testing.T, b block) string {
	t.Helper()
	document, err := filepath.Abs(filepath.Join(root, b.document))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf("//line %s:%d\n%s", document, b.line, b.code)
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package docs\n"+body, parser.SkipObjectResolution); err != nil {
		body = fmt.Sprintf(wrapped, b.line, document, b.line, b.code)
	}
	var text strings.Builder
	fmt.Fprint(&text, "package docs\n\n")
	imported := map[string]bool{}
	for _, m := range selector.FindAllStringSubmatch(body, -1) {
		if path, known := names[m[1]]; known && !imported[path] {
			imported[path] = true
			fmt.Fprintf(&text, "import %q\n", path)
		}
	}
	return text.String() + body
}

// fragments writes the pieces of Go in a document that are no programs to files with the given ending, and
// returns their paths.
func fragments(t *testing.T, d document, ending string) []string {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for _, b := range d.blocks {
		if b.language == "go" && !b.program() {
			files = append(files, filepath.Join(dir, fmt.Sprint("line", b.line, ending)))
			write(t, files[len(files)-1], source(t, b))
		}
	}
	return files
}

func TestFragmentsCompile(t *testing.T) {
	seen := 0
	for _, d := range documents(t) {
		t.Run(d.path, func(t *testing.T) {
			if files := fragments(t, d, ".go"); len(files) > 0 {
				seen += len(files)
				command(t, append([]string{"vet", "-unreachable=false"}, files...)...)
			}
		})
	}
	if seen == 0 {
		t.Error("no document has a fragment: this test looks for the wrong thing")
	}
}

// The fragments about testing are tests, and pass.
func TestTestsInWstestPass(t *testing.T) {
	files := fragments(t, read(t, "docs/wstest.md"), "_test.go")
	if len(files) == 0 {
		t.Fatal("docs/wstest.md has no fragment")
	}
	command(t, append([]string{"test", "-timeout", "60s"}, files...)...)
}
