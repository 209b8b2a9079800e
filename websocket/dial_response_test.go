package websocket_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestOnResponseIsToldTheAnswerOfASuccess(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			OnRequest: func(_ *http.Request, answer http.Header) error { answer.Set("X-Answer", "yes"); return nil },
		})
		if err != nil {
			t.Error(err)
			return
		}
		c.Write(forever, websocket.Text, []byte("right behind the answer"))
		c.Close(websocket.CloseNormal, "")
	}))
	defer srv.Close()
	told := 0
	opts := &websocket.DialOptions{OnResponse: func(resp *http.Response) {
		told++
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("X-Answer") != "yes" || len(body) > 0 || err != nil {
			t.Errorf("it was told %v with a body of %q, %v", resp, body, err)
		}
	}}
	if _, err := websocket.Dial(forever, srv.URL+"/refused", opts); err == nil || told != 0 {
		t.Errorf("refused: %v, told %d times", err, told)
	}
	c, err := websocket.Dial(forever, srv.URL, opts)
	if err != nil || told != 1 {
		t.Fatalf("Dial: %v, told %d times", err, told)
	}
	wantMessage(t, c, websocket.Text, "right behind the answer")
	wantClosed(t, c, websocket.CloseNormal)
}
