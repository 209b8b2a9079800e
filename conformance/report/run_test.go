package report_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
	"github.com/everwire/everwire/websocket"
)

// A real run, through every form and back.
func TestAReportOfARun(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for m, err := range c.Messages(r.Context()) {
			if err != nil || c.Write(r.Context(), m.Type(), m.Bytes()) != nil {
				break
			}
		}
		c.Close(websocket.CloseNormal, "")
	}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	results, err := conformance.RunServer(ctx, "ws"+strings.TrimPrefix(srv.URL, "http"), &conformance.Options{Cases: "1", Agent: "Everwire"})
	if err != nil {
		t.Fatal(err)
	}
	r := report.New(results...)
	if got := r.Results("Everwire"); len(got) != 16 || !r.Good() {
		t.Fatalf("%d results, good: %v", len(got), r.Good())
	}
	var file, again, page, text bytes.Buffer
	if err := r.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	back, err := report.Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.WriteJSON(&again); err != nil || again.String() != file.String() {
		t.Errorf("not the same when read and written again (%v)", err)
	}
	if err := back.WriteHTML(&page, &report.HTMLOptions{AllLogs: true}); err != nil || !strings.Contains(page.String(), "101 Switching Protocols") {
		t.Errorf("the page has no handshake (%v)", err)
	}
	if err := back.WriteText(&text, nil); err != nil || !strings.Contains(text.String(), "16/16 good") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
