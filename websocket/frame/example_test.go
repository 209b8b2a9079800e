package frame_test

import (
	"errors"
	"fmt"

	"github.com/everwire/everwire/websocket/frame"
)

// A frame as it came from a client: read the header, then unmask the payload in place.
func ExampleHeader_Parse() {
	in := []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}

	var h frame.Header
	n, err := h.Parse(in)
	switch {
	case err != nil:
		fmt.Println("the peer broke the protocol:", err)
		return
	case n == 0:
		fmt.Println("the header is not all here yet")
		return
	case int64(len(in)-n) < h.Length:
		fmt.Println("the payload is not all here yet")
		return
	}
	payload := in[n : n+int(h.Length)]
	if h.Masked {
		frame.Mask(payload, h.Key)
	}
	fmt.Printf("%v, final: %v, %d octets: %s\n", h.Opcode, h.Fin, h.Length, payload)

	// Output:
	// text, final: true, 5 octets: Hello
}

// A length that is not in its shortest form is refused.
func ExampleHeader_Parse_violation() {
	var h frame.Header
	_, err := h.Parse([]byte{0x82, 0x7e, 0x00, 0x05})

	var v *frame.Violation
	if errors.As(err, &v) {
		fmt.Println("close with", v.Code)
		fmt.Println(v.Detail)
		fmt.Println(v.Section)
	}

	// Output:
	// close with 1002 protocol error
	// a payload length is not in its shortest form
	// RFC 6455 §5.2
}

// A frame as a client sends it: the header, then the payload, masked where it lies.
func ExampleHeader_Append() {
	payload := "Hello"
	h := frame.Header{
		Fin:    true,
		Opcode: frame.Text,
		Masked: true,
		Key:    0x3d21fa37, // the RFC's example; a client takes frame.NewKey()
		Length: int64(len(payload)),
	}
	out := h.Append(make([]byte, 0, h.Size()+len(payload)))
	out = append(out, payload...)
	frame.Mask(out[h.Size():], h.Key)
	fmt.Printf("% x\n", out)

	// Output:
	// 81 85 37 fa 21 3d 7f 9f 4d 51 58
}

// A payload that comes in pieces is unmasked piece by piece, with the key that Mask returns.
func ExampleMask() {
	key := uint32(0x3d21fa37)
	for _, piece := range [][]byte{{0x7f, 0x9f}, {0x4d}, {0x51, 0x58}} {
		key = frame.Mask(piece, key)
		fmt.Printf("%q\n", piece)
	}

	// Output:
	// "He"
	// "l"
	// "lo"
}

// Text may be cut anywhere, also inside a character. The end of the message may not.
func ExampleUTF8() {
	var u frame.UTF8
	for _, piece := range []string{"10 \xe2", "\x82", "\xac, please"} { // U+20AC is e2 82 ac
		fmt.Println(u.Write([]byte(piece)), u.Complete())
	}
	u.Reset()
	fmt.Println(u.Write([]byte("10 \xe2A"))) // A cannot go on what e2 began

	// Output:
	// true false
	// true false
	// true true
	// false
}

// The payload of a masked text frame, in the pieces it arrives in.
func ExampleUTF8_Unmask() {
	key := uint32(0x3d21fa37) // 37 fa 21 3d on the wire
	var u frame.UTF8
	for _, piece := range [][]byte{{0xf4, 0x53, 0xc3}, {0xbf, 0x9b}} {
		next, ok := u.Unmask(piece, key)
		fmt.Printf("%q %v\n", piece, ok)
		key = next
	}
	fmt.Println(u.Complete())

	// Output:
	// "é\xe2" true
	// "\x82\xac" true
	// true
}

func ExampleParseClose() {
	for _, payload := range []string{"\x03\xe9see you", "", "\x03\xee"} {
		code, reason, err := frame.ParseClose([]byte(payload))
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%v, reason %q\n", code, reason)
	}

	// Output:
	// 1001 going away, reason "see you"
	// 1005 no status received, reason ""
	// a Close frame carries code 1006, which may not be sent (RFC 6455 §7.4, close code 1002)
}

// A whole Close frame, as a server sends it.
func ExampleAppendClose() {
	payload := frame.AppendClose(nil, frame.CloseServiceRestart, "back soon")
	h := frame.Header{Fin: true, Opcode: frame.Close, Length: int64(len(payload))}
	fmt.Printf("%q\n", append(h.Append(nil), payload...))

	// Output:
	// "\x88\v\x03\xf4back soon"
}
