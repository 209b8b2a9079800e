package admin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// fake returns a Client of a server that answers each command with the events that a function gives.
func fake(t *testing.T, answers func(c status.Command) []status.Event) *Client {
	t.Helper()
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		send := func(e status.Event) {
			text, err := json.Marshal(e)
			if err != nil {
				t.Error(err)
			}
			s.SendText(string(text))
		}
		send(status.Event{Is: status.IsHello, Hello: &status.Hello{Operator: true}})
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
			c, err := status.ParseCommand(m.Bytes())
			if err != nil {
				t.Error(err)
			}
			for _, e := range answers(c) {
				send(e)
			}
		})
	})
	h := httptest.NewServer(srv)
	t.Cleanup(func() {
		srv.Close()
		h.Close()
	})
	c, err := Connect(t.Context(), Config{Server: h.URL, Token: token, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestFramesThatComeBeforeTheAnswerAreNotLost(t *testing.T) {
	c := fake(t, func(c status.Command) []status.Event {
		frame := status.Frame{Opcode: 1, Fin: true, Length: 5, Start: []byte("early")}
		return []status.Event{
			{Is: status.IsFrames, Frames: &status.Frames{Socket: 1, Frames: []status.Frame{frame}, Missed: 7}},
			{Is: status.IsGone, Gone: &status.Gone{Socket: 1, Code: 1000, Clean: true}},
			{Is: status.IsAnswer, ID: c.ID},
		}
	})
	var out, notes strings.Builder
	if err := c.Tap(within(t), &out, &notes, 1, 0, false); err != nil {
		t.Fatal(err)
	}
	if want := "7 frames before these are not shown: there were too many\nclosed with code 1000\n"; notes.String() != want {
		t.Errorf("notes %q, want %q", &notes, want)
	}
	if !strings.HasSuffix(out.String(), "  early\n") {
		t.Errorf("frames %q", &out)
	}
}

// While the pages are fetched, connections come, so that some move from one page to the next.
func TestListPageByPage(t *testing.T) {
	tests := []struct {
		name   string
		limit  int
		there  int   // at first
		asked  []int // the offsets
		listed int
	}{
		{"all", 0, 1200, []int{0, 500, 1000}, 1200}, // without those that came meanwhile
		{"as many as a page", 500, 1200, []int{0}, 500},
		{"some", 600, 1200, []int{0, 500}, 599}, // one came twice
		{"a whole page, which is all", 0, 500, []int{0}, 500},
		{"nobody", 0, 0, []int{0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			there := tt.there
			var mu sync.Mutex
			var asked []int
			c := fake(t, func(c status.Command) []status.Event {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, c.Offset)
				l := &status.Listing{Total: there, Found: there, Offset: c.Offset, Sockets: []status.Socket{}}
				for i := c.Offset; i < min(c.Offset+c.Limit, there); i++ {
					l.Sockets = append(l.Sockets, status.Socket{ID: int64(there - i)}) // the newest first
				}
				if there > 0 {
					there++
				}
				return []status.Event{{Is: status.IsAnswer, ID: c.ID, Listing: l}}
			})
			sockets, _, err := c.list(within(t), Query{Limit: tt.limit})
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(asked, tt.asked) {
				t.Errorf("asked for %v, want %v", asked, tt.asked)
			}
			seen := make(map[int64]bool)
			for _, s := range sockets {
				if seen[s.ID] {
					t.Errorf("%d is listed twice", s.ID)
				}
				seen[s.ID] = true
			}
			if len(sockets) != tt.listed {
				t.Errorf("%d are listed, want %d", len(sockets), tt.listed)
			}
		})
	}
}
