// Package nats has a [hub.Broker] on NATS JetStream: rooms over many machines. NATS runs beside the program,
// or in it: see package embedded.
//
//	nc, err := nats.Connect("nats://127.0.0.1:4222", nil)
//	…
//	broker, err := nats.New(nc, &nats.Options{Replicas: 3, OwnConn: true})
//	…
//	h := hub.New(&hub.Options{Broker: broker, Room: …})
//
// # What is in NATS
//
// Names begin with [Options.Prefix], here "everwire". A room's name is split at its dots; in each token ASCII
// letters, digits, "-" and "_" are themselves, any other octet is "=" and two hexadecimal digits, and an
// empty token is "=". A class is a [hub.History]: "1000-86400s" keeps 1,000 messages for a day, "100-forever"
// has no age, and "ordered" is for rooms that are ordered without a history.
//
//	everwire.p.<room>            subject: messages of plain rooms
//	everwire.h.<class>.<room>    subject: messages for logged rooms, which the class's stream stores
//	everwire.l.<class>.<room>    subject: what it has stored, as JetStream republishes it
//	everwire_h_<class>           stream
//	everwire_presence, _nodes    buckets of presence
//	everwire.m.<key>             subject: changes in the bucket of members, as JetStream republishes them
//	everwire.g.<session>         subject: a node's goodbye
//
// Programs that speak NATS may publish on everwire.p and everwire.h and subscribe everywhere. The payload is
// the message; headers, which may be left out, say the rest: Everwire-Publisher, Everwire-Id, Everwire-Type
// ("text" or "binary"), with visible ASCII but "%" as it is and other octets as "%" and two hexadecimal
// digits. In a logged room a program should also send Nats-Msg-Id, unique in the class, so that it may try
// again. Nobody but JetStream may publish on everwire.l and everwire.m, and nobody but nodes on everwire.g and into
// the buckets: deny it to those you do not trust.
//
// # How nothing is lost
//
// A node subscribes to everwire.l for the rooms that somebody follows, which is a subscription of core NATS
// and no consumer: with nobody there a room costs nothing. What comes has the sequence of its message, and of
// the one before in the room. A hole is filled from the stream. What came last can be missing with nothing
// after it to show it: so every few seconds, and after each reconnect, all rooms that are followed are
// compared with the stream.
//
// The files: options.go; connect.go; link.go, when the connection breaks and is back; broker.go, a Broker's
// life; call.go, how calls begin and end; publish.go; read.go, which positions are honoured; follow.go and
// feed.go, who follows a room; repair.go, holes; check.go, what came last; class.go and stream.go, the
// streams; ask.go, questions to JetStream; shard.go and outbox.go, from NATS to a follower; listen.go;
// subject.go and wire.go, names and messages in NATS; presence*.go.
package nats
