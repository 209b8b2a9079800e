package websocket

import "sync/atomic"

// A Topic is what some of a socket's messages belong to, such as a room's: with a policy of their own for when the queue is
// full, which spares the messages of others. See [Outgoing.Topic]. Messages are of the same Topic if it is the same pointer.
// Set the fields before it is used, and do not change them.
type Topic struct {
	// Full is what happens with a message of this Topic that does not fit the socket's [Queue]. DropOldest drops only messages of the
	// same Topic, as that of the queue drops only messages without one; if that is not enough, the new one is refused. ReplaceByKey and Conflate replace only messages of the same Topic. A
	// [ReconnectingSocket] takes CloseSlow for RefuseNewest. Default: RefuseNewest.
	Full Policy

	// Counts, if not nil, are counted up, on all sockets. Topics may share them.
	Counts *TopicCounts
}

// TopicCounts say how often policies of a [Topic] had to be applied.
type TopicCounts struct {
	Refused  atomic.Int64 // messages that were not taken because the queue was full, but for those of Closed
	Dropped  atomic.Int64 // messages that waited and were dropped, by DropOldest
	Replaced atomic.Int64 // messages that waited and were replaced, by ReplaceByKey or Conflate
	Closed   atomic.Int64 // sockets that were closed, by CloseSlow
}

type topicCount uint8

const (
	refusedNewest topicCount = iota
	droppedOldest
	replaced
	closedSlow
)

// count counts one more. T may be nil.
func (t *Topic) count(what topicCount) {
	if t == nil || t.Counts == nil {
		return
	}
	switch c := t.Counts; what {
	case refusedNewest:
		c.Refused.Add(1)
	case droppedOldest:
		c.Dropped.Add(1)
	case replaced:
		c.Replaced.Add(1)
	case closedSlow:
		c.Closed.Add(1)
	}
}

// about is what a message has to do with others. Few messages have anything, so that those that do point to it.
type about struct {
	key   string
	topic *Topic
}

// about returns nil if the message has nothing to do with others.
func (m *Outgoing) about() *about {
	if m.Key == "" && m.Topic == nil {
		return nil
	}
	return &about{m.Key, m.Topic}
}

func (o *outgoing) key() string {
	if o.about == nil {
		return ""
	}
	return o.about.key
}

func (o *outgoing) topic() *Topic {
	if o.about == nil {
		return nil
	}
	return o.about.topic
}

// policy returns what a full queue does with a message: what its Topic says, or by default the queue.
func (o *outgoing) policy(queue Policy) Policy {
	if t := o.topic(); t != nil {
		return t.Full
	}
	return queue
}

// replacedBy reports whether the newer message n takes the place of o, where messages are replaced by key.
func (o *outgoing) replacedBy(n *outgoing) bool { return o.key() == n.key() && o.topic() == n.topic() }
