package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"path"
)

//go:embed html static
var embedded embed.FS

// demos are the demos in the order in which the header and the index list them.
var demos = []demo{
	{"echo", "Echo", "Open a connection, send what you like and get it back, as text or as bytes."},
	{"hello", "Hello", "One short conversation from open to close, with the code that holds it."},
	{"chat", "Chat", "Everyone on this page sees what everyone writes; or rooms, with names and what was said before."},
	{"binary", "Binary", "Send a file to the server and back, and see that not a bit of it has changed."},
	{"rate", "Rate", "Send to a server that reads slowly, and watch bufferedAmount tell you when to wait."},
	{"handshake", "Handshake", "What your browser asked for and what it was answered, line by line, explained."},
	{"subprotocols", "Subprotocols", "Ask for soap, wamp, xmpp or what nobody speaks, and see what is agreed on."},
}

// demo describes one demo: the name is its path and the stem of its files, the line is its description in the index.
type demo struct{ Name, Title, Line string }

// status is the page that is no demo: the footer links to it, the header and the index do not list it.
var status = demo{"status", "Status", "What this server is doing, second by second: connections, messages, round trips and memory."}

// view is what the templates see.
type view struct {
	Page  demo
	Demos []demo
	Nodes []string // the chat's, besides the one that has served the page
}

// file is one response body, ready to be sent.
type file struct {
	body        []byte
	contentType string
	etag        string
}

func newFile(body []byte, contentType string) file {
	sum := sha256.Sum256(body)
	return file{body, contentType, fmt.Sprintf(`"%x"`, sum[:12])}
}

// renderPages renders every page. What it reads is compiled in, so a failure is a mistake in this package that no
// caller could handle: it panics, and every test of the package fails.
func renderPages() map[string]file {
	rendered := make(map[string]file)
	for _, page := range append([]demo{{Name: "index"}, status}, demos...) {
		rendered[page.Name] = render(page, nil)
	}
	return rendered
}

func render(page demo, nodes []string) file {
	t := template.Must(template.ParseFS(embedded, "html/layout.html", "html/"+page.Name+".html"))
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "layout.html", view{page, demos, nodes}); err != nil {
		panic(err)
	}
	return newFile(out.Bytes(), "text/html; charset=utf-8")
}

// contentTypes are the types of the assets by extension. The operating system's table is not asked, so that the
// answer is the same on every machine.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// loadAssets reads the static folder, by file name. It panics for the reason renderPages does.
func loadAssets() map[string]file {
	entries, err := embedded.ReadDir("static")
	if err != nil {
		panic(err)
	}
	loaded := make(map[string]file)
	for _, entry := range entries {
		contentType, ok := contentTypes[path.Ext(entry.Name())]
		if !ok {
			panic("pages: no content type for " + entry.Name())
		}
		body, err := embedded.ReadFile("static/" + entry.Name())
		if err != nil {
			panic(err)
		}
		loaded[entry.Name()] = newFile(body, contentType)
	}
	return loaded
}
