package readme

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// The programs before are fenced as golang, which are not compiled as fragments are.
func before(t *testing.T, imports string) block {
	t.Helper()
	for _, b := range read(t, "docs/migrating.md").blocks {
		if b.language == "golang" && strings.Contains(b.code, imports) {
			return b
		}
	}
	t.Fatalf("docs/migrating.md has no program that imports %s", imports)
	return block{}
}

func TestMigratingsPrograms(t *testing.T) {
	const listens = `http.ListenAndServe("` + shown + `", nil)`
	after := programs(t, "docs/migrating.md", 2)
	gorilla := before(t, `"github.com/gorilla/websocket"`)
	for name, b := range map[string]block{
		"gorilla, by its import path": replace(t, gorilla, "github.com/gorilla/websocket", "github.com/everwire/everwire/compat/gorilla"),
		"gorilla, after":              after[0],
		"coder, after":                after[1],
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := serve(t, build(t, replace(t, b, listens, "listenAndServe(nil)"), map[string]string{"listen.go": listen}))
			c, err := websocket.Dial(t.Context(), "ws://"+addr+"/echo", nil)
			if err != nil {
				t.Fatal(err)
			}
			says(t, c, `{"a":1}`)
			if _, data, err := c.Read(t.Context()); err != nil || strings.TrimSpace(string(data)) != `{"a":1}` {
				t.Errorf("read %q, %v", data, err)
			}
			if err := c.Close(websocket.CloseNormal, ""); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}
