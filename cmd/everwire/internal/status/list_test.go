package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

const crowd = 10_000

// crowded returns a Collector with as many connections as a busy server has.
func crowded(n int) *Collector {
	c := NewCollector()
	for i := range n {
		id := int64(i + 1)
		agent := "Firefox/140"
		if i%100 == 0 {
			agent = "Python/3.14 websockets"
		}
		p, conn := add(c, id, fmt.Sprintf("192.0.%d.%d:40000", i>>8, i&255), []string{"/echo", "/chat"}[i%2], agent)
		p.queued, p.rtt = int64(i*7919%crowd), time.Duration(i*7907%crowd+1)*time.Microsecond
		for range i % 3 {
			conn.received.add(10, 16)
			conn.sent.add(10, 12)
		}
	}
	return c
}

func ids(l *Listing) []int64 {
	var list []int64
	for _, s := range l.Sockets {
		list = append(list, s.ID)
	}
	return list
}

func TestListOfManyThousand(t *testing.T) {
	c := crowded(crowd)
	tests := []struct {
		name    string
		command Command
		found   int
		first   []int64
	}{
		{"newest first", Command{}, crowd, []int64{10000, 9999, 9998}},
		{"oldest first", Command{Sort: "id"}, crowd, []int64{1, 2, 3}},
		{"the second page", Command{Sort: "id", Offset: 50}, crowd, []int64{51, 52, 53}},
		{"by number", Command{Search: "1000", Sort: "id"}, 2, []int64{1000, 10000}},
		{"by address", Command{Search: "192.0.39.15:", Sort: "id"}, 1, []int64{10000}},
		{"by path", Command{Search: "/chat", Sort: "id"}, crowd / 2, []int64{2, 4, 6}},
		{"by user agent, in whatever case", Command{Search: "PYTHON", Sort: "id"}, crowd / 100, []int64{1, 101, 201}},
		{"by all of the words", Command{Search: " python   192.0.0. /echo", Sort: "id"}, 3, []int64{1, 101, 201}},
		{"nothing", Command{Search: "no such thing"}, 0, nil},
		{"a pattern is no pattern", Command{Search: ".*"}, 0, nil},
		{"most received, the newest of them first", Command{Sort: "-received"}, crowd, []int64{9999, 9996, 9993}},
		{"an offset past the end is the last page", Command{Sort: "id", Offset: 99999}, crowd, []int64{9951, 9952, 9953}},
		{"past the end of nothing", Command{Search: "no such thing", Offset: 99}, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			command := tt.command
			command.Do = List
			if err := command.check(); err != nil {
				t.Fatal(err)
			}
			l := c.list(command)
			if l.Total != crowd || l.Found != tt.found {
				t.Errorf("found %d of %d, want %d", l.Found, l.Total, tt.found)
			}
			if n := min(50, tt.found-l.Offset); len(l.Sockets) != n {
				t.Errorf("%d are listed, want %d", len(l.Sockets), n)
			}
			if got := ids(l); !slices.Equal(got[:min(3, len(got))], tt.first) {
				t.Errorf("the first are %v, want %v", got[:min(3, len(got))], tt.first)
			}
			if l.Sockets == nil {
				t.Error("no connections are null")
			}
		})
	}
}

// Page after page there is everybody, once, in the order that was asked for; and backwards the same from the end.
func TestListsPagesAreTheWhole(t *testing.T) {
	const crowd = 3 * LongestList
	c := crowded(crowd)
	key := map[string]func(s Socket) string{
		"id":       func(s Socket) string { return "" },
		"address":  func(s Socket) string { return s.Address },
		"path":     func(s Socket) string { return s.Path },
		"agent":    func(s Socket) string { return s.Agent },
		"since":    func(s Socket) string { return fmt.Sprintf("%020d", s.Since) },
		"received": func(s Socket) string { return fmt.Sprintf("%020d", s.Received.Messages) },
		"sent":     func(s Socket) string { return fmt.Sprintf("%020d", s.Sent.Messages) },
		"queued":   func(s Socket) string { return fmt.Sprintf("%020d", s.Queued) },
		"rtt":      func(s Socket) string { return fmt.Sprintf("%020.3f", s.RoundTrip) },
	}
	for _, order := range Orders {
		for _, sort := range []string{order, "-" + order} {
			t.Run(sort, func(t *testing.T) {
				var all []Socket
				for offset := 0; offset < crowd; offset += LongestList {
					all = append(all, c.list(Command{Do: List, Sort: sort, Offset: offset, Limit: LongestList}).Sockets...)
				}
				sorted := slices.IsSortedFunc(all, func(a, b Socket) int {
					if strings.HasPrefix(sort, "-") {
						a, b = b, a
					}
					return cmp.Or(strings.Compare(key[order](a), key[order](b)), cmp.Compare(a.ID, b.ID))
				})
				if !sorted {
					t.Error("not in order")
				}
				seen := make(map[int64]bool)
				for _, s := range all {
					seen[s.ID] = true
				}
				if len(all) != crowd || len(seen) != crowd {
					t.Errorf("%d are listed, %d different", len(all), len(seen))
				}
				different := key[order](all[0]) != key[order](all[crowd-1])
				if always := order == "id" || order == "since"; !always && !different {
					t.Error("the test's connections are all the same")
				}
			})
		}
	}
}

func TestListTellsHowEachIs(t *testing.T) {
	c := NewCollector()
	p, conn := add(c, 7, "192.0.2.1:1", "/chat?token=secret", "evil\xff<b>")
	p.queued, p.rtt, p.protocol, p.state = 5, 1500*time.Microsecond, "soap", websocket.Closing
	conn.received.add(3, 9)
	conn.sent.add(4, 6)
	conn.sent.add(5, 7)
	l := c.list(Command{Do: List, Sort: "id", Limit: 1, Search: "chat"})
	want := Socket{
		ID: 7, Address: "192.0.2.1:1", Path: "/chat", Agent: "evil<b>", Subprotocol: "soap", State: "CLOSING",
		Since: conn.since.UnixMilli(), Received: Counted{1, 3}, Sent: Counted{2, 9}, Queued: 5, RoundTrip: 1.5,
	}
	if len(l.Sockets) != 1 || l.Sockets[0] != want {
		t.Errorf("got  %+v\nwant %+v", l.Sockets, want)
	}
	if l := c.list(Command{Do: List, Sort: "id", Limit: 1, Search: "secret"}); l.Found != 0 {
		t.Error("the query can be searched")
	}
}

func BenchmarkList(b *testing.B) {
	c := crowded(crowd)
	b.ReportAllocs()
	for b.Loop() {
		c.list(Command{Do: List, Search: "firefox", Sort: "-rtt", Limit: 25})
	}
}
