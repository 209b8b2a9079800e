package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A member that does not read has a queue of three, in which a message of another room waits too.
func TestSlowMembers(t *testing.T) {
	key := func(m *hub.Message) string { key, _, _ := strings.Cut(string(m.Data), "="); return key }
	for _, row := range []struct {
		name string
		room hub.RoomOptions
		send []string // after "o", which is of the other room
		want []string // nil: closed with 1013
		hub.Stats
	}{
		{"drop the oldest by default", hub.RoomOptions{}, []string{"1", "2", "3", "4"}, []string{"o", "3", "4"}, hub.Stats{DropOldest: 2}},
		{"drop the oldest", hub.RoomOptions{Slow: hub.DropOldest, History: hub.History{Messages: 9}}, []string{"1", "2", "3"}, []string{"o", "2", "3"}, hub.Stats{DropOldest: 1}},
		{"drop the newest", hub.RoomOptions{Slow: hub.DropNewest}, []string{"1", "2", "3", "4"}, []string{"o", "1", "2"}, hub.Stats{DropNewest: 2}},
		{"disconnect", hub.RoomOptions{Slow: hub.DisconnectSlow}, []string{"1", "2", "3"}, nil, hub.Stats{Disconnected: 1}},
		{"disconnect by default with history", hub.RoomOptions{History: hub.History{Messages: 9}}, []string{"1", "2", "3"}, nil, hub.Stats{Disconnected: 1}},
		{"drop the oldest by default if just ordered", hub.RoomOptions{Ordered: true}, []string{"1", "2", "3"}, []string{"o", "2", "3"}, hub.Stats{DropOldest: 1}},
		{"conflate", hub.RoomOptions{Slow: hub.ConflateByKey, Key: key}, []string{"a=1", "a=2", "b=1", "a=3", "c=1"}, []string{"o", "b=1", "a=3"}, hub.Stats{Conflated: 2, DropNewest: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHub(t, &hub.Options{Room: func(name string) hub.RoomOptions {
					if name == "other" {
						return hub.RoomOptions{Key: key}
					}
					return row.room
				}})
				c := newClient(t, &wstest.PairOptions{
					Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 3}, Heartbeat: websocket.Heartbeat{Interval: -1}},
					Pipe:   []wstest.Option{wstest.PipeSize(16)},
				})
				c.far.Pause()
				must(t, h.Join(c.Socket, "r", "other"))
				synctest.Wait()
				must(t, c.SendText(strings.Repeat(".", 100))) // is being written
				synctest.Wait()
				publish(t, h, "other", "o")
				for _, s := range row.send {
					publish(t, h, "r", s)
					synctest.Wait()
				}
				got := h.Stats()
				got = hub.Stats{DropOldest: got.DropOldest, DropNewest: got.DropNewest, Conflated: got.Conflated, Disconnected: got.Disconnected}
				if got != row.Stats {
					t.Errorf("counted %+v, want %+v", got, row.Stats)
				}
				c.far.Resume()
				if row.want == nil {
					if e := <-c.closed; e.Code != websocket.CloseTryAgainLater {
						t.Errorf("closed with %+v", e)
					}
					return
				}
				<-c.got
				c.wait(t, row.want...)
				publish(t, h, "r", "a=9")
				c.wait(t, "a=9")
			})
		})
	}
}

// Rooms that share settings have topics of their own: one does not drop what waits of the other.
func TestASlowMemberLosesNothingOfAnotherRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		c := newClient(t, &wstest.PairOptions{
			Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 4}},
			Pipe:   []wstest.Option{wstest.PipeSize(16)},
		})
		c.far.Pause()
		must(t, h.Join(c.Socket, "a", "b"))
		synctest.Wait()
		must(t, c.SendText(strings.Repeat(".", 100)))
		synctest.Wait()
		publish(t, h, "a", "a1")
		publish(t, h, "a", "a2")
		for i := range 5 {
			publish(t, h, "b", fmt.Sprint("b", i))
		}
		c.far.Resume()
		<-c.got
		c.wait(t, "a1", "a2", "b3", "b4")
	})
}
