package conformance

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// Families 12 and 13: a thousand compressed messages, of five kinds of payload, and by seven ways to agree on
// permessage-deflate. The suite sends without context where that was agreed on, or asked for, and with it
// otherwise.
func init() {
	for i, kind := range []*corpus{jsonCorpus, bitmapCorpus, genomeCorpus, germanCorpus, englishCorpus} {
		for j, size := range compressedSizes {
			registerCompressed(fmt.Sprintf("12.%d.%d", i+1, j+1), kind, size, plainNegotiation)
		}
	}
	for i, n := range negotiations {
		for j, size := range compressedSizes {
			registerCompressed(fmt.Sprintf("13.%d.%d", i+1, j+1), jsonCorpus, size, n)
		}
	}
}

// compressedSizes are the sizes of messages before they are compressed, and of the fragments of what they
// then are.
var compressedSizes = []struct{ n, fragment int }{
	{16, 0}, {64, 0}, {256, 0}, {1024, 0}, {4096, 0}, {8192, 0}, {16384, 0}, {32768, 0}, {65536, 0}, {131072, 0},
	{8192, 256}, {16384, 256}, {32768, 256}, {65536, 256}, {131072, 256}, {131072, 1024}, {131072, 4096}, {131072, 32768},
}

// A negotiation is how permessage-deflate is agreed on: what a server is offered, as the classic suite does
// it, and what a client is answered. That is the first of the answers that the client's offer allows; the
// parameters that the classic suite asks a server for are asked of the client.
type negotiation struct {
	offer   string
	answers []string
	tags    []Tag
}

const plainOffer = "permessage-deflate; client_no_context_takeover; client_max_window_bits"

var plainNegotiation = negotiation{plainOffer, []string{"permessage-deflate"}, nil}

var negotiations = []negotiation{
	{plainOffer, []string{"permessage-deflate"}, []Tag{DeflateTakeover}},
	{plainOffer + "; server_no_context_takeover",
		[]string{"permessage-deflate; client_no_context_takeover"}, []Tag{DeflateTakeover}},
	{plainOffer + "; server_max_window_bits=9",
		[]string{"permessage-deflate; server_max_window_bits=9; client_max_window_bits=9", "permessage-deflate; server_max_window_bits=9", "permessage-deflate"},
		[]Tag{DeflateWindow, DeflateTakeover}},
	{plainOffer + "; server_max_window_bits=15",
		[]string{"permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", "permessage-deflate; server_max_window_bits=15", "permessage-deflate"},
		[]Tag{DeflateTakeover}},
	{plainOffer + "; server_no_context_takeover; server_max_window_bits=9",
		[]string{
			"permessage-deflate; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9",
			"permessage-deflate; client_no_context_takeover; server_max_window_bits=9",
			"permessage-deflate; client_no_context_takeover",
		},
		[]Tag{DeflateWindow, DeflateTakeover}},
	{plainOffer + "; server_no_context_takeover; server_max_window_bits=15",
		[]string{
			"permessage-deflate; client_no_context_takeover; server_max_window_bits=15; client_max_window_bits=15",
			"permessage-deflate; client_no_context_takeover; server_max_window_bits=15",
			"permessage-deflate; client_no_context_takeover",
		},
		[]Tag{DeflateTakeover}},
	{plainOffer + "; server_no_context_takeover; server_max_window_bits=9, " + plainOffer + "; server_no_context_takeover, " + plainOffer,
		[]string{
			"permessage-deflate; client_no_context_takeover; client_max_window_bits=9",
			"permessage-deflate; client_no_context_takeover",
		},
		[]Tag{DeflateTakeover}},
}

// allAnswers adds to each answer what a client's offer may insist on (RFC 7692 §7.1.1.1, §7.1.2.1).
func (n *negotiation) allAnswers() string {
	var all []string
	for _, insisted := range []string{"", "; server_no_context_takeover", "; server_max_window_bits=9", "; server_no_context_takeover; server_max_window_bits=9"} {
		for _, answer := range n.answers {
			if !strings.Contains(insisted, "bits") || !strings.Contains(answer, "server_max") {
				all = append(all, answer+insisted)
			}
		}
	}
	return strings.Join(all, ", ")
}

func registerCompressed(id string, kind *corpus, size struct{ n, fragment int }, n negotiation) {
	op := byte(opBinary)
	if kind.text {
		op = opText
	}
	how, tags := "", append([]Tag{Echo, Many, Deflate}, n.tags...)
	if size.fragment > 0 {
		how = fmt.Sprintf(", in fragments of %s", sizeName(size.fragment))
		tags = append(tags, Fragmentation)
	}
	c := &Case{
		ID:   id,
		Name: fmt.Sprintf("1000 compressed messages of %s of %s%s", sizeName(size.n), kind.name, how),
		Does: fmt.Sprintf("Offers a server %q, or answers a client %q, or the like that its offer allows. Then sends 1000 compressed %s messages of %s of %s%s, some of them at a time.",
			n.offer, n.answers[0], messageName(op), sizeName(size.n), kind.name, how),
		Expects: "Each message comes back, compressed or not, with each of its octets. Without permessage-deflate the case is UNIMPLEMENTED.",
		Section: "RFC 7692 §7.2",
		Tags:    tags,
		Peers:   Server | Client,
		Timeout: 2 * time.Minute,
	}
	c.run = func(s *session) {
		s.logBriefly()
		if size.n >= 32768 {
			s.patience *= 5
		}
		if s.peer == Client {
			s.open(n.allAnswers())
		} else {
			s.open(n.offer)
		}
		if s.deflate == nil {
			s.lacking("the server does not agree to permessage-deflate")
			s.endBulk(true)
			return
		}
		s.endBulk(s.echoCompressed(op, kind, size.n, size.fragment))
	}
	register(c)
}

// echoCompressed sends a thousand messages, some ahead of what comes back, so that both ends have something
// to do. Who is ahead no further than the reader has room for events cannot be blocked by a peer that waits
// for its output to be read.
func (s *session) echoCompressed(op byte, kind *corpus, n, fragment int) bool {
	const total, ahead = 1000, 8
	// Without context is always legal; a server's offer has client_no_context_takeover.
	stream := streamOf(kind, n, s.deflate.bits(s.us()), s.peer == Client && s.deflate.takeover(Server))
	for sent, heard := 0, 0; heard < total; {
		for sent < total && sent < heard+ahead {
			if !s.sendMessage(op, rsv1, stream.message(sent).compressed, fragment) {
				sent = total // what it says counts
				break
			}
			sent++
		}
		if !s.hearEcho(echoOf(op, stream.message(heard).content)) {
			return false
		}
		heard++
	}
	return true
}

// A stream is what a thousand messages are compressed to. There are fewer that differ, which come round.
type stream struct {
	once     sync.Once
	distinct int
	messages []compressedMessage
}

type compressedMessage struct{ content, compressed []byte }

type streamKey struct {
	kind     *corpus
	n, bits  int
	takeover bool
}

var (
	streamsMu sync.Mutex
	streams   = make(map[streamKey]*stream)
)

// streamOf returns the stream of messages of a kind and a size, compressed with a window of so many bits.
func streamOf(kind *corpus, n, bits int, takeover bool) *stream {
	key := streamKey{kind, n, bits, takeover}
	streamsMu.Lock()
	st := streams[key]
	if st == nil {
		st = &stream{}
		streams[key] = st
	}
	streamsMu.Unlock()
	st.once.Do(func() { st.compress(key) })
	return st
}

// compress makes the messages. A round of them fills the largest window, so that what the third one could
// refer to is the same as what the second could: with takeover there are two, of which the second comes
// round.
func (st *stream) compress(key streamKey) {
	st.distinct = min(max(65536/key.n, 16), 1000)
	d := deflate.NewDeflater(key.bits, key.takeover)
	rounds := 1
	if key.takeover {
		rounds = 2
	}
	for range rounds {
		for i := range st.distinct {
			content := key.kind.slice(i, key.n)
			st.messages = append(st.messages, compressedMessage{content, d.Message(content)})
		}
	}
}

func (st *stream) message(i int) compressedMessage {
	if i >= len(st.messages) {
		last := len(st.messages) - st.distinct
		i = last + (i-last)%st.distinct
	}
	return st.messages[i]
}
