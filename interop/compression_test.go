package interop

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// compression completes the terms. Without it, our end has it turned off and theirs has its defaults, so that it
// offers what we do not choose. With it, everything is compressed, however short.
func (p pairing) compression(tm terms) terms {
	for _, ours := range []*websocket.Compression{&tm.accept.Compression, &tm.dial.Compression} {
		if !p.deflate {
			ours.Disabled = true
		}
		ours.Threshold = -1
	}
	if p.deflate {
		theirs := args{"deflate": args{}}
		maps.Copy(theirs, tm.theirs)
		tm.theirs = theirs
	}
	return tm
}

// reach connects to a server of theirs.
func (p pairing) reach(t *testing.T, url string, tm terms) (*end, error) {
	t.Helper()
	return p.dial(t, url, p.compression(tm))
}

// checkExtension sees that the ends have agreed, and both know it.
func (p pairing) checkExtension(t *testing.T, us *end, they *peer, tm terms) {
	t.Helper()
	want := ""
	if p.deflate && !tm.apart {
		want = "permessage-deflate"
	}
	ours, theirs := us.Extensions(), they.open.Extensions
	if name, _, _ := strings.Cut(ours, ";"); name != want {
		t.Errorf("%s: extensions %q; want %q", us.whose, ours, want)
	}
	if name, _, _ := strings.Cut(theirs, ";"); name != want {
		t.Errorf("%s: extensions %q; want %q", they.whose, theirs, want)
	}
}

// withoutTheOther: an end that could compress does without, because the other does.
func withoutTheOther(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{apart: true, theirs: args{"deflate": false}})
	data := strings.Repeat("compressible ", 1000)
	us.send(t, websocket.Text, data)
	they.want(t, message(websocket.Text, data))
	they.do(t, "send", args{"text": true, "data": []byte(data)})
	us.want(t, message(websocket.Text, data))
}

// contextTakeover, of either side's messages, or not, because either end asks for none: whether messages that are like
// those before become short on the wire.
func contextTakeover(t *testing.T, p pairing) {
	const keep, drop = websocket.KeepContext, websocket.DropContext
	willing := websocket.Compression{ServerTakeover: keep, ClientTakeover: keep}
	rows := []struct {
		name           string
		ours           websocket.Compression
		theirs         args
		server, client bool // whether that side's context is taken over
	}{
		{"both", willing, args{}, true, true},
		{"none, we ask", websocket.Compression{ServerTakeover: drop, ClientTakeover: drop}, args{}, false, false},
		{"none, they ask", willing,
			args{"server_no_context_takeover": true, "client_no_context_takeover": true}, false, false},
		{"the client's, we ask", websocket.Compression{ServerTakeover: drop, ClientTakeover: keep}, args{}, false, true},
		{"the server's, we ask", websocket.Compression{ServerTakeover: keep, ClientTakeover: drop}, args{}, true, false},
		{"the client's, they ask", willing, args{"server_no_context_takeover": true}, false, true},
		{"the server's, they ask", willing, args{"client_no_context_takeover": true}, true, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			tm := terms{tapped: true, theirs: args{"deflate": row.theirs}}
			tm.accept.Compression, tm.dial.Compression = row.ours, row.ours
			us, they := p.connect(t, tm)
			chatter(t, us, they)
			ours, theirs := row.client, row.server
			if p.serve != nil {
				ours, theirs = theirs, ours
			}
			wantShrinking(t, us.whose, us.below.frames(t), ours)
			wantShrinking(t, they.whose, us.below.theirFrames(t), theirs)
		})
	}
}

const chatterCount = 20

// chatter is in messages of 2 KiB that are much like each other, and can be halved by themselves.
func chatter(t *testing.T, us *end, they *peer) {
	t.Helper()
	same := prose(2 << 10)
	for i := range chatterCount {
		data := same + strconv.Itoa(i)
		us.send(t, websocket.Binary, data)
		they.do(t, "send", args{"data": []byte(data)})
		they.want(t, message(websocket.Binary, data))
		us.want(t, message(websocket.Binary, data))
	}
}

// wantShrinking checks the frames of a chatter.
func wantShrinking(t *testing.T, whose string, frames []frame.Header, want bool) {
	t.Helper()
	if len(frames) != chatterCount {
		t.Fatalf("%s: %d frames; want %d", whose, len(frames), chatterCount)
	}
	for i, h := range frames {
		if shrunk := h.Length < 100; h.Rsv != frame.Rsv1 || shrunk != (want && i > 0) {
			t.Fatalf("%s: frame %d has %d octets, reserved bits %03b; context taken over: want %t",
				whose, i, h.Length, h.Rsv, want)
		}
	}
}

// windowBits, asked for by either end: how far back a compressor looks.
func windowBits(t *testing.T, p pairing) {
	for _, bits := range []int{9, 10, 15} {
		for _, row := range []struct {
			name   string
			ours   websocket.Compression
			theirs args
		}{
			{"the server's, we ask", websocket.Compression{ServerWindowBits: bits}, args{}},
			{"the client's, we ask", websocket.Compression{ClientWindowBits: bits}, args{}},
			{"the server's, they ask", websocket.Compression{}, args{"server_max_window_bits": bits}},
			{"the client's, they ask", websocket.Compression{}, args{"client_max_window_bits": bits}},
		} {
			t.Run(fmt.Sprintf("%d bits, %s", bits, row.name), func(t *testing.T) {
				tm := terms{tapped: true, theirs: args{"deflate": row.theirs}}
				tm.accept.Compression, tm.dial.Compression = row.ours, row.ours
				us, they := p.connect(t, tm)
				asked := strings.HasPrefix(row.name, "the server's")
				server, client := windowsOf(t, us.Extensions())
				if asked && server > bits || !asked && client > bits {
					t.Errorf("%s: the windows have %d and %d bits, by %q; want %d", us.whose, server, client,
						us.Extensions(), bits)
				}
				data := strings.Repeat(digits(4<<10), 2) // the second time is seen by a window that reaches the first
				us.send(t, websocket.Binary, data)
				they.want(t, message(websocket.Binary, data))
				they.do(t, "send", args{"data": []byte(data)})
				us.want(t, message(websocket.Binary, data))
				ours, theirs := client, server
				if p.serve != nil {
					ours, theirs = theirs, ours
				}
				wantWithin(t, us.whose, us.below.frames(t)[0], ours)
				wantWithin(t, they.whose, us.below.theirFrames(t)[0], theirs)
			})
		}
	}
}

// windowsOf tells the bits of both sides' windows that an answer agrees on.
func windowsOf(t *testing.T, answer string) (server, client int) {
	t.Helper()
	server, client = 15, 15
	for _, param := range strings.Split(answer, ";")[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.HasSuffix(name, "_max_window_bits") {
			continue
		}
		bits, err := strconv.Atoi(value)
		if err != nil {
			t.Fatalf("the answer has %s", param)
		}
		if name == "server_max_window_bits" {
			server = bits
		} else {
			client = bits
		}
	}
	return server, client
}

// wantWithin checks that a frame of 4 KiB of digits twice is as long as a window of so many bits makes it.
func wantWithin(t *testing.T, whose string, h frame.Header, bits int) {
	t.Helper()
	if once := h.Length < 3<<10; h.Rsv != frame.Rsv1 || once != (bits > 12) {
		t.Errorf("%s: the frame has %d octets, reserved bits %03b, with a window of %d bits", whose, h.Length, h.Rsv, bits)
	}
}

// emptyMessages are compressed to an octet.
func emptyMessages(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{tapped: true})
	for _, typ := range []websocket.MessageType{websocket.Text, websocket.Binary, websocket.Text} {
		they.do(t, "send", args{"text": typ == websocket.Text})
		us.want(t, message(typ, ""))
		us.send(t, typ, "")
		they.want(t, message(typ, ""))
	}
	for _, h := range us.below.theirFrames(t) {
		if h.Rsv != frame.Rsv1 {
			t.Errorf("%s: the scenario needs compressed messages; got a frame of %d octets that is not", they.whose, h.Length)
		}
	}
}

// What a megabyte of wire inflates to must not exceed the limit on either side.
const (
	inflateLimit = 1 << 20
	inflateSize  = 16 << 20
)

func weInflateTooMuch(t *testing.T, p pairing) {
	tm := terms{tapped: true}
	tm.limit(websocket.Limits{MessageSize: inflateLimit})
	us, they := p.connect(t, tm)
	they.do(t, "send", args{"data": make([]byte, 1024), "times": inflateSize / 1024})
	us.wantProtocolError(t, websocket.CloseMessageTooBig)
	if told := they.wantAny(t, "close"); told.Code != websocket.CloseMessageTooBig || !told.Clean {
		t.Errorf("%s: %v; want code 1009, and clean", they.whose, told)
	}
}

func theyInflateTooMuch(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{theirs: args{"maxMessage": inflateLimit}})
	us.send(t, websocket.Binary, string(make([]byte, inflateSize)))
	us.want(t, closed(websocket.CloseMessageTooBig, "", true))
	they.wantAny(t, "error")
	they.want(t, lost())
}

// theyCannotInflate what is no DEFLATE. RFC 7692 does not say with which code that fails the connection.
func theyCannotInflate(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{tapped: true})
	h := frame.Header{Fin: true, Rsv: frame.Rsv1, Opcode: frame.Binary, Masked: p.dial != nil}
	us.below.inject(t, h, "\xFF\xFF\xFF\xFF")
	e := us.wantAny(t, "close")
	if e.Code != websocket.CloseProtocolError && e.Code != websocket.CloseInvalidPayload {
		t.Errorf("%s: %v; want code 1002 or 1007", us.whose, e)
	}
	they.wantAny(t, "error")
	they.want(t, lost())
}
