package websocket_test

import (
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A topicStep is a message that is sent while others wait. Its first letter says which topic it belongs to: A and B, or none.
type topicStep struct {
	text, key string
	err       error
}

func TestTopicsHavePoliciesOfTheirOwn(t *testing.T) {
	full := websocket.ErrQueueFull
	for _, row := range []struct {
		name           string
		a              websocket.Policy // b refuses the newest
		queue          websocket.Queue
		sends          []topicStep
		want           []string
		refusedByB     int64
		r, d, rep, clo int64 // what a counts
	}{
		{"drop the oldest of the same topic", websocket.DropOldest, websocket.Queue{Messages: 3},
			[]topicStep{{"B1", "", nil}, {"A1", "", nil}, {"-1", "", nil}, {"A2", "", nil}, {"B2", "", full}, {"-2", "", full}, {"A3", "", nil}},
			[]string{"B1", "-1", "A3"}, 1, 0, 2, 0, 0},
		{"none of the same topic to drop", websocket.DropOldest, websocket.Queue{Messages: 1},
			[]topicStep{{"B1", "", nil}, {"A1", "", full}}, []string{"B1"}, 0, 1, 0, 0, 0},
		{"the queue's policy leaves topics alone", websocket.RefuseNewest, websocket.Queue{Messages: 2, Full: websocket.DropOldest},
			[]topicStep{{"A1", "", nil}, {"-1", "", nil}, {"-2", "", nil}, {"A2", "", full}}, []string{"A1", "-2"}, 0, 1, 0, 0, 0},
		{"replace those of the same topic", websocket.ReplaceByKey, websocket.Queue{Messages: 3},
			[]topicStep{{"A1", "k", nil}, {"B1", "k", nil}, {"-1", "k", nil}, {"A2", "k", nil}, {"A3", "l", full}, {"A4", "k", nil}},
			[]string{"B1", "-1", "A4"}, 0, 1, 0, 2, 0},
		{"conflate", websocket.Conflate, websocket.Queue{},
			[]topicStep{{"A1", "k", nil}, {"B1", "k", nil}, {"A2", "l", nil}, {"A3", "k", nil}, {"A4", "", nil}, {"A5", "", nil}},
			[]string{"B1", "A2", "A3", "A4", "A5"}, 0, 0, 0, 1, 0},
		{"conflate, and full", websocket.Conflate, websocket.Queue{Messages: 2},
			[]topicStep{{"A1", "k", nil}, {"B1", "k", nil}, {"A2", "l", full}, {"A3", "k", nil}},
			[]string{"B1", "A3"}, 0, 1, 0, 1, 0},
		{"close who is slow", websocket.CloseSlow, websocket.Queue{Messages: 1},
			[]topicStep{{"B1", "", nil}, {"A1", "", full}, {"A2", "", websocket.ErrClosed}}, nil, 0, 0, 0, 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				for _, prepare := range []bool{false, true} {
					s, theirs, release := behindABlob(t, a, row.queue)
					var counts, others websocket.TopicCounts
					topics := map[byte]*websocket.Topic{
						'A': {Full: row.a, Counts: &counts},
						'B': {Counts: &others},
					}
					for _, x := range row.sends {
						m := websocket.Outgoing{Type: websocket.Text, Data: []byte(x.text), Key: x.key, Topic: topics[x.text[0]]}
						var err error
						if prepare {
							p, perr := websocket.PrepareWith(m)
							must(t, perr)
							err = s.SendPrepared(p)
						} else {
							err = s.SendWith(m)
						}
						equal(t, "sending "+x.text, err, x.err)
					}
					release()
					if row.want != nil {
						must(t, s.Flush(t.Context()))
						must(t, s.Close(websocket.CloseNormal, ""))
					}
					var got []string
					for _, e := range theirs.waitClose(t) {
						if len(e) == len("message A1") && e[:8] == "message " {
							got = append(got, e[8:])
						}
					}
					equal(t, "arrived", got, row.want)
					equal(t, "refused of the other topic", others.Refused.Load(), row.refusedByB)
					equal(t, "counts", []int64{counts.Refused.Load(), counts.Dropped.Load(), counts.Replaced.Load(), counts.Closed.Load()},
						[]int64{row.r, row.d, row.rep, row.clo})
				}
			})
		})
	}
}

// OnDrop says of which topic a message was.
func TestADropTellsItsTopic(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		drops := make(chan websocket.Drop, 1)
		s, _, release := behindABlob(t, a, websocket.Queue{Messages: 1}, func(s *websocket.Socket) {
			s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) { drops <- d })
		})
		defer release()
		topic := &websocket.Topic{Full: websocket.DropOldest}
		must(t, s.SendWith(websocket.Outgoing{Data: []byte("a"), Topic: topic}))
		must(t, s.SendWith(websocket.Outgoing{Data: []byte("b"), Topic: topic}))
		if d := <-drops; d.Topic != topic || d.Reason != websocket.ErrQueueFull {
			t.Errorf("the drop is %+v", d)
		}
	})
}

func TestAGroupIsToldWhoLeftByTheirEnd(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		s, _ := a.connect(t, nil, nil, nil)
		closed := make(chan struct{})
		left := 0
		var groups [3]websocket.Group
		for i := range groups {
			groups[i].Left = func(gone *websocket.Socket) {
				left++
				if gone != s || groups[i].Has(s) || groups[i].Len() != 0 {
					t.Errorf("%p left; %d members are there", gone, groups[i].Len())
				}
				if i == 1 {
					panic("on purpose: it is logged")
				}
			}
			groups[i].Add(s)
		}
		groups[2].Remove(s) // is not told of
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) {
			defer close(closed)
			equal(t, "told before the close event", left, 2)
		})
		s.Terminate()
		within(t, "the close event", closed)
	})
}

// What a topic costs is nothing: a broadcast with one allocates no more than one without.
func TestATopicAllocatesNothing(t *testing.T) {
	s, c := wstest.Sockets(t, &wstest.PairOptions{
		Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 64}},
		Pipe:   []wstest.Option{wstest.PipeSize(16)},
	}, nil, nil)
	c.Pause()
	var g websocket.Group
	g.Add(s)
	topic := &websocket.Topic{Full: websocket.DropOldest, Counts: new(websocket.TopicCounts)}
	p, err := websocket.PrepareWith(websocket.Outgoing{Type: websocket.Text, Data: []byte("x"), Topic: topic})
	must(t, err)
	for range 1000 { // until the queue is full
		g.Publish(p)
	}
	if n := testing.AllocsPerRun(1000, func() { g.Publish(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if topic.Counts.Dropped.Load() == 0 {
		t.Error("nothing was dropped: the queue is not full")
	}
}
