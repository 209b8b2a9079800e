package load

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// hello is the message that the tests expect, and how it comes back.
var (
	hello      = newContent([]byte("hello there"), true, false, 1)
	helloFrame = append([]byte{0x81, 11}, "hello there"...)
)

// feed gives in to a receiver, in pieces of a size.
func feed(r *receiver, c *content, in []byte, size int) (messages, checked int, controls []string, err error) {
	for piece := range slices.Chunk(in, size) {
		for len(piece) > 0 {
			rest, n, did, ctl, err := r.next(c, piece)
			messages, checked = messages+n, checked+did
			if err != nil {
				return messages, checked, controls, err
			}
			if ctl.opcode != 0 {
				controls = append(controls, string(ctl.payload))
			}
			piece = rest
		}
	}
	return messages, checked, controls, nil
}

func TestReceiver(t *testing.T) {
	deflated := append([]byte{0xc1, byte(len(compress(hello.message)))}, compress(hello.message)...)
	tests := []struct {
		name     string
		in       string
		messages int
		control  string
		err      string
	}{
		{"whole", string(helloFrame), 1, "", ""},
		{"three", strings.Repeat(string(helloFrame), 3), 3, "", ""},
		{"fragments", "\x01\x05hello\x00\x00\x80\x06 there", 1, "", ""},
		{"a Ping between fragments", "\x01\x05hello\x89\x02hi\x80\x06 there", 1, "hi", ""},
		{"an empty Ping", "\x89\x00" + string(helloFrame), 1, "", ""},
		{"compressed", string(deflated), 1, "", ""},
		{"part of a message", "\x01\x05hello", 0, "", ""},
		{"wrong content", "\x81\x0bhello thera", 0, "", "wrong content at octet"},
		{"too long", "\x81\x0chello there!", 0, "", "12 octets or more, expected 11"},
		{"too long in fragments", "\x01\x0bhello there\x80\x01!", 0, "", "12 octets or more, expected 11"},
		{"too short", "\x81\x05hello", 0, "", "5 octets, expected 11"},
		{"longer than anything", "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 0, "", "or more, expected 11"},
		{"length with the top bit", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 0, "", "not encoded as it must be"},
		{"length in more octets than needed", "\x81\x7e\x00\x0bhello there", 0, "", "not encoded as it must be"},
		{"masked", "\x81\x8b\x00\x00\x00\x00hello there", 0, "", "masked"},
		{"binary", "\x82\x0bhello there", 0, "", "opcode 2, expected 1"},
		{"reserved opcode", "\x83\x00", 0, "", "opcode 3, expected 1"},
		{"reserved bit", "\xa1\x0bhello there", 0, "", "reserved bits"},
		{"reserved control", "\x8b\x00", 0, "", "not a control frame"},
		{"fragmented control", "\x09\x00", 0, "", "not a control frame"},
		{"long control", "\x89\x7e\x00\x7e", 0, "", "not a control frame"},
		{"nothing to continue", "\x80\x00", 0, "", "nothing to continue"},
		{"a message within another", "\x01\x05hello\x81\x0bhello there", 0, "", "started within another"},
		{"compressed rubbish", "\xc1\x03\xff\xff\xff", 0, "", "inflating"},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			r := &receiver{rare: &rare{inflater: new(inflater)}}
			messages, checked, controls, err := feed(r, hello, []byte(tt.in), size)
			if messages != tt.messages || strings.Join(controls, "") != tt.control {
				t.Errorf("%s, by %d: %d messages, control %q; want %d, %q", tt.name, size, messages, controls, tt.messages, tt.control)
			}
			if messages > 0 && checked != 1 {
				t.Errorf("%s, by %d: %d were compared, want the first", tt.name, size, checked)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%s, by %d: %v, want %q", tt.name, size, err, tt.err)
			}
		}
	}
}

// Where any answer is right, only what RFC 6455 forbids is wrong.
func TestLenientReceiver(t *testing.T) {
	anything := hello.forgiving()
	tests := []struct {
		name, in string
		messages int
		err      string
	}{
		{"as sent", string(helloFrame), 1, ""},
		{"another one", "\x81\x03bye", 1, ""},
		{"binary", "\x82\x03bye", 1, ""},
		{"empty", "\x82\x00", 1, ""},
		{"longer, in fragments", "\x02\x0bhello there\x00\x00\x80\x0bhello there", 1, ""},
		{"compressed", "\xc1\x03abc\x81\x00", 2, ""},
		{"two and a Ping", "\x81\x01a\x89\x00\x81\x01b", 2, ""},
		{"masked", "\x81\x83\x00\x00\x00\x00abc", 0, "masked"},
		{"reserved opcode", "\x83\x00", 0, "opcode 3"},
		{"nothing to continue", "\x80\x00", 0, "nothing to continue"},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			r := &receiver{rare: &rare{inflater: &inflater{takeover: true}}}
			messages, checked, _, err := feed(r, anything, []byte(tt.in), size)
			if messages != tt.messages || checked != 0 {
				t.Errorf("%s, by %d: %d messages, %d compared; want %d and none", tt.name, size, messages, checked, tt.messages)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%s, by %d: %v, want %q", tt.name, size, err, tt.err)
			}
		}
	}
}

// Where every message is another, the receiver stops after each, for the next one's content.
func TestReceiverStopsAfterOne(t *testing.T) {
	single := *hello
	single.single, single.headMask = true, 0
	r := new(receiver)
	in := append(append([]byte(nil), helloFrame...), helloFrame...)
	rest, messages, checked, _, err := r.next(&single, in)
	if len(rest) != len(helloFrame) || messages != 1 || checked != 1 || err != nil {
		t.Errorf("%d octets left after %d messages, %d compared, %v; want one message", len(rest), messages, checked, err)
	}
	single.surplus = true
	if _, _, _, _, err := r.next(&single, rest); err == nil || !strings.Contains(err.Error(), "more than were sent") {
		t.Errorf("one too many: %v", err)
	}
}

func TestCompressedWhereNotAgreed(t *testing.T) {
	if _, _, _, err := feed(new(receiver), hello, []byte("\xc1\x03abc"), 5); err == nil || !strings.Contains(err.Error(), "not agreed") {
		t.Errorf("got %v", err)
	}
}

// Every 64th message is compared, however they come.
func TestSampling(t *testing.T) {
	in := bytes.Repeat(helloFrame, 10*sampled+1)
	for _, size := range []int{5, 13, 1000} {
		messages, checked, _, err := feed(new(receiver), hello, in, size)
		if messages != 10*sampled+1 || checked != 11 || err != nil {
			t.Errorf("by %d: %d messages, %d compared, %v; want 641 and 11", size, messages, checked, err)
		}
	}
}

// Whatever comes, in whatever pieces, is judged the same.
func FuzzReceiver(f *testing.F) {
	f.Add(helloFrame, 3)
	f.Add([]byte("\x01\x05hello\x89\x02hi\x80\x06 there"), 1)
	f.Add(append([]byte{0xc1, byte(len(compress(hello.message)))}, compress(hello.message)...), 4)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		if size < 1 {
			return
		}
		for _, c := range []*content{hello, hello.forgiving()} {
			whole := &receiver{rare: &rare{inflater: new(inflater)}}
			parts := &receiver{rare: &rare{inflater: new(inflater)}}
			n1, c1, ctl1, err1 := feed(whole, c, in, len(in)+1)
			n2, c2, ctl2, err2 := feed(parts, c, in, size)
			if n1 != n2 || c1 != c2 || !slices.Equal(ctl1, ctl2) || (err1 == nil) != (err2 == nil) {
				t.Errorf("whole: %d %d %q %v; by %d: %d %d %q %v", n1, c1, ctl1, err1, size, n2, c2, ctl2, err2)
			}
		}
	})
}
