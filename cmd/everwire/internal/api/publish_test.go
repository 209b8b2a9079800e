package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestPublishReachesMembersOnAllNodes(t *testing.T) {
	c := newCluster(t, 2)
	for _, room := range []string{"plain", "kept.a", "everwire.raw", "räume.日本"} {
		here, there := c.nodes[0].join("a"+room, "ada", room), c.nodes[1].join("b"+room, "bob", room)
		for _, tt := range []struct {
			name, body, want string
			binary           bool
		}{
			{"JSON", `"data": { "b" : [1, "<é>"] }`, `{"b":[1,"<é>"]}`, false},
			{"null", `"data":null`, `null`, false},
			{"text", `"text":"a\nb"`, "a\nb", false},
			{"no text", `"text":""`, "", false},
			{"binary", `"base64":"AP8="`, "\x00\xff", true},
		} {
			var p published
			c.nodes[0].ask(http.MethodPost, "publish", `{"room":"`+room+`",`+tt.body+`}`).into(http.StatusOK, &p)
			if p.Room != room || (p.Position == nil) == strings.HasPrefix(room, "kept") {
				t.Errorf("%s: the answer is %+v", tt.name, p)
			}
			for _, conn := range []*websocket.Conn{here, there} {
				kind, got, err := conn.Read(t.Context())
				if err != nil || string(got) != tt.want || (kind == websocket.Binary) != tt.binary {
					t.Errorf("%s: received %v %q, %v; want %q", tt.name, kind, got, err, tt.want)
				}
			}
		}
	}
}

func TestPublisherAndIDAreTheMessages(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	got := make(chan *hub.Message, 1)
	stop, err := nd.hub.Subscribe("kept.a", func(m *hub.Message) { got <- m })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var p published
	nd.ask(http.MethodPost, "publish", `{"room":"kept.a","data":1,"id":"one","publisher":"Zoë"}`).into(http.StatusOK, &p)
	m := <-got
	if m.Publisher != "Zoë" || m.ID != "one" || p.ID != "one" || *p.Position != m.Position {
		t.Errorf("%+v; the answer is %+v", m, p)
	}
}

func TestSameIDHasTheSamePosition(t *testing.T) {
	c := newCluster(t, 2)
	member := c.nodes[0].join("a", "ada", "kept.a")
	var first published
	c.nodes[0].ask(http.MethodPost, "publish", `{"room":"kept.a","data":1,"id":"one"}`).into(http.StatusOK, &first)
	for _, tt := range []struct{ name, body, field string }{
		{"in the body", `{"room":"kept.a","data":1,"id":"one"}`, ""},
		{"in the header", `{"room":"kept.a","data":1}`, "one"},
		{"in quotes", `{"room":"kept.a","data":1}`, `"one"`},
		{"in both", `{"room":"kept.a","data":1,"id":"one"}`, `"one"`},
	} {
		var again published
		c.nodes[1].ask(http.MethodPost, "publish", tt.body, "Idempotency-Key", tt.field).into(http.StatusOK, &again)
		if *again.Position != *first.Position || again.ID != "one" {
			t.Errorf("%s: %+v, want %+v", tt.name, again, first)
		}
	}
	c.nodes[0].ask(http.MethodPost, "publish", `{"room":"kept.a","data":2,"id":"two"}`)
	expect(t, member, "1")
	expect(t, member, "2")
}

func TestPublishRefuses(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for _, tt := range []struct {
		name, body, key string
		status          int
		code, text      string
	}{
		{"no room", `{"data":1}`, "", 400, "bad_request", "there is no room"},
		{"a long room", `{"room":"` + strings.Repeat("x", 201) + `","data":1}`, "", 400, "bad_request", "1 to 200 octets"},
		{"the server's room", `{"room":"everwire.control","data":1}`, "", 403, "forbidden", "the server's own"},
		{"nothing", `{"room":"a"}`, "", 400, "bad_request", "one of data, text and base64"},
		{"two things", `{"room":"a","text":"","base64":""}`, "", 400, "bad_request", "one of data, text and base64"},
		{"no base64", `{"room":"a","base64":"!"}`, "", 400, "bad_request", "base64 is not base64"},
		{"base64 without padding", `{"room":"a","base64":"AA"}`, "", 400, "bad_request", "base64 is not base64"},
		{"an unknown field", `{"room":"a","data":1,"Room":"b"}`, "", 400, "bad_request", `there is no field "Room"`},
		{"an odd id", `{"room":"a","data":1,"id":"é"}`, "", 400, "bad_request", "an id is at most 128"},
		{"a long id", `{"room":"a","data":1,"id":"` + strings.Repeat("x", 129) + `"}`, "", 400, "bad_request", "an id is at most 128"},
		{"an odd key", `{"room":"a","data":1}`, "a b", 400, "bad_request", "an id is at most 128"},
		{"half a string", `{"room":"a","data":1}`, `"a`, 400, "bad_request", "no string in quotes"},
		{"an empty string", `{"room":"a","data":1}`, `""`, 400, "bad_request", "Idempotency-Key is empty"},
		{"two ids", `{"room":"a","data":1,"id":"b"}`, "c", 400, "bad_request", "differ"},
		{"an odd publisher", `{"room":"a","data":1,"publisher":"\u0000"}`, "", 400, "bad_request", "a publisher is"},
		{"too much", `{"room":"a","text":"` + strings.Repeat("x", mostData+1) + `"}`, "", 413, "too_big", "983040 octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nd.ask(http.MethodPost, "publish", tt.body, "Idempotency-Key", tt.key).fails(tt.status, tt.code, tt.text)
		})
	}
	var p published
	nd.ask(http.MethodPost, "publish", `{"room":"a","text":"`+strings.Repeat("x", mostData)+`"}`).into(http.StatusOK, &p)
}

func TestTwoIdempotencyKeysAreRefused(t *testing.T) {
	if _, err := idempotencyKey([]string{"a", "b"}, ""); err == nil {
		t.Error("taken")
	}
}

func TestPublishWhenTheBrokerIsGone(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for _, tt := range []struct {
		name       string
		fail       error
		status     int
		code, text string
	}{
		{"out of reach", fmt.Errorf("no leader: %w", hub.ErrUnavailable), 503, "unavailable", "with the same id"},
		{"broken", errors.New("the disk is full of secrets"), 500, "internal", "its log says more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nd.broker.set(tt.fail, false)
			a := nd.ask(http.MethodPost, "publish", `{"room":"kept.a","data":1,"id":"one"}`)
			a.fails(tt.status, tt.code, tt.text)
			if after := a.header.Get("Retry-After"); (after == "1" || after == "2" || after == "3") != (tt.status == 503) {
				t.Errorf("Retry-After: %q", after)
			}
		})
	}
	if !strings.Contains(nd.log.String(), "the disk is full") {
		t.Errorf("the log says %s", nd.log)
	}
	nd.broker.set(nil, false)
	var p published
	nd.ask(http.MethodPost, "publish", `{"room":"kept.a","data":1,"id":"one"}`).into(http.StatusOK, &p)
}

func TestPublishWhenTheBrokerIsSilent(t *testing.T) {
	nd := newCluster(t, 1, func(o *Options) { o.Limits.Wait = 20 * time.Millisecond }).nodes[0]
	nd.broker.set(nil, true)
	nd.ask(http.MethodPost, "publish", `{"room":"kept.a","data":1}`).fails(http.StatusServiceUnavailable, "unavailable", "with the same id")
}

func FuzzPublish(f *testing.F) {
	for _, s := range []string{`{"room":"a","data":{"b":[1]}}`, `{"room":"a","text":"b","id":"c"}`, `{"base64":"AA=="}`, `[]`, `{"room":1`, `{"a":1}{}`} {
		f.Add([]byte(s), "key")
	}
	f.Fuzz(func(t *testing.T, body []byte, field string) {
		var p publication
		err := readObject(body, p.fields())
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Errorf("%q was taken", body)
		}
		if _, data, err := p.content.Message(); err == nil && len(data) > len(body) {
			t.Errorf("of %d octets it made %d", len(body), len(data))
		}
		if id, err := idempotencyKey([]string{field}, p.id); err == nil && id == "" {
			t.Errorf("%q: an empty id", field)
		}
	})
}

// slowly is a body that takes its time.
type slowly struct{ *strings.Reader }

func (b slowly) Read(p []byte) (int, error) {
	time.Sleep(bodyTime) // of the fake clock
	return b.Reader.Read(p)
}

// What the hub has time for does not begin before the body has come.
func TestASlowBodyIsNotTheBrokersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hub.New(&hub.Options{Room: rooms})
		defer h.Close(context.Background())
		a, err := New(Options{Hub: h, Keys: keysOf(t, testKey), Sockets: &Directory{}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		r := httptest.NewRequest(http.MethodPost, Path+"publish", slowly{strings.NewReader(`{"room":"kept.a","data":1}`)})
		r.Header.Set("Authorization", "Bearer "+testKey)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
