package brokertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// How long a test waits for what must come. Nothing that works takes nearly as long.
const patience = time.Minute

// Run runs all tests against clusters that a function makes: so many brokers, each as that of one node. They
// are closed by the tests. Names of rooms are never used twice, so that clusters may share what is behind
// them.
func Run(t *testing.T, cluster func(t *testing.T, nodes int) []hub.Broker) {
	tests := []struct {
		name  string
		nodes int
		test  func(c *testCluster)
	}{
		{"PublishReturnsThePositionThatAllSee", 2, publishReturnsPosition},
		{"PositionsIncrease", 2, positionsIncrease},
		{"FieldsArriveAsTheyWere", 2, fieldsArrive},
		{"ALargeMessageArrives", 2, largeMessageArrives},
		{"AllNodesSeeOneOrder", 3, oneOrder},
		{"AnOrderedRoomWithoutHistoryHasOneOrder", 3, orderedWithoutHistory},
		{"RoomsDoNotMix", 2, roomsDoNotMix},
		{"AnIDIsTakenOnce", 2, idTakenOnce},
		{"AnIDIsTakenOnceFromAllNodesAtOnce", 3, idTakenOnceAtOnce},
		{"TheSameIDInTwoRoomsIsTwoMessages", 1, idOfTwoRooms},
		{"WithoutAnIDAllMessagesAreTaken", 1, noID},

		{"FollowHasNoGapAndNoRepeat", 2, followSeam},
		{"FollowOfAnEmptyRoomHasAPosition", 2, followEmpty},
		{"AFollowerIsCalledOnceAtATime", 2, oneCallAtATime},
		{"ASlowFollowerHoldsNobodyUp", 2, slowFollower},
		{"StopEndsAFeedAndNoOther", 1, stopFeed},

		{"ReadFromEachPosition", 2, readFromEach},
		{"ReadOfWhatWasNeverUsed", 1, readUnused},
		{"TheLastMessagesAreKept", 2, lastAreKept},
		{"TooOldByCount", 2, tooOldByCount},
		{"TooOldByAge", 2, tooOldByAge},
		{"TooOldOfAnotherEpoch", 1, tooOldByEpoch},
		{"AnEmptyRoomsPositionIsHonoured", 2, emptyPosition},
		{"AnEmptyRoomsPositionBecomesTooOld", 2, emptyPositionTooOld},
		{"APlainRoomCannotBeRead", 1, readPlain},

		{"APlainRoomReachesAllNodes", 3, plainReachesAll},
		{"APlainRoomKeepsEachPublishersOrder", 3, plainOrder},

		{"ListenHearsWhatThePatternMatches", 2, listenPatterns},
		{"ListenHearsLoggedRooms", 2, listenLogged},
		{"ListenStops", 1, listenStops},
		{"AnyNameIsARoomOfItsOwn", 2, anyName},

		{"PresenceIsKnownOnAllNodes", 3, presenceOnAllNodes},
		{"PresenceChangesItsValue", 2, presenceValue},
		{"PresenceIsWatched", 2, presenceWatched},
		{"AnyNameAndIDCanBePresent", 2, presenceNames},
		{"AMemberThatMovedIsNotRemovedByItsOldNode", 2, presenceMoved},
		{"MembersGoWithTheirNode", 3, presenceNodeCloses},

		{"AContextThatHasEndedEndsCalls", 1, contextEnded},
		{"CloseEndsFeedsOfOneNode", 2, closeEndsFeeds},
		{"AfterCloseCallsFail", 2, callsAfterClose},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
			t.Cleanup(cancel)
			c := &testCluster{T: t, ctx: ctx, nodes: cluster(t, test.nodes)}
			if len(c.nodes) != test.nodes {
				t.Fatalf("the cluster has %d nodes, want %d", len(c.nodes), test.nodes)
			}
			t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				for i, b := range c.nodes {
					if err := b.Close(ctx); err != nil {
						t.Errorf("node %d: Close: %v", i, err)
					}
				}
			})
			test.test(c)
		})
	}
}

// A testCluster is what one test works with.
type testCluster struct {
	*testing.T
	ctx   context.Context
	nodes []hub.Broker
}

// name returns a name of a room that no other test has.
func (c *testCluster) name(suffix string) string {
	return "t" + rand.Text()[:10] + suffix
}

// logged returns a room that keeps so many messages; plain one that keeps none.
func (c *testCluster) logged(messages int) hub.Room {
	return hub.Room{Name: c.name(""), Logged: true, History: hub.History{Messages: messages, Age: time.Hour}}
}

func (c *testCluster) plain() hub.Room { return hub.Room{Name: c.name("")} }

func text(id, data string) *hub.Message {
	return &hub.Message{ID: id, Type: websocket.Text, Data: []byte(data), Node: "judge"}
}

// publish publishes at a node.
func (c *testCluster) publish(node int, r hub.Room, m *hub.Message) hub.Position {
	c.Helper()
	p, err := c.nodes[node].Publish(c.ctx, r, m)
	if err != nil {
		c.Fatalf("node %d: Publish: %v", node, err)
	}
	return p
}

// publishAll publishes so many messages at a node, "0" and on, and returns their positions.
func (c *testCluster) publishAll(node int, r hub.Room, n int) []hub.Position {
	c.Helper()
	at := make([]hub.Position, n)
	for i := range at {
		at[i] = c.publish(node, r, text("", fmt.Sprint(i)))
	}
	return at
}

// follow follows a room at a node.
func (c *testCluster) follow(node int, r hub.Room) *record {
	c.Helper()
	f := newRecord(c)
	feed, at, err := c.nodes[node].Follow(c.ctx, r, f)
	if err != nil {
		c.Fatalf("node %d: Follow: %v", node, err)
	}
	f.feed, f.from = feed, at
	return f
}

// readAll reads what a room keeps after a position, piece by piece.
func (c *testCluster) readAll(node int, r hub.Room, after hub.Position) []*hub.Message {
	c.Helper()
	var all []*hub.Message
	for {
		piece, err := c.nodes[node].Read(c.ctx, r, after)
		if err != nil {
			c.Fatalf("node %d: Read after %q: %v", node, after, err)
		}
		if len(piece) == 0 {
			return all
		}
		all = append(all, piece...)
		after = piece[len(piece)-1].Position
	}
}

// until tries again until a function returns nil: for what comes true with no event that would tell.
func (c *testCluster) until(what string, try func() error) {
	c.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			c.Fatalf("%s: not after %v: %v", what, patience, err)
		case <-tick.C:
		}
	}
}
