package frame_test

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// codeClasses divides all codes by RFC 6455 §7.4 and the IANA registry of 2025.
var codeClasses = []struct {
	name        string
	first, last int
	onWire      bool
}{
	{"not used", 0, 999, false},
	{"RFC 6455", 1000, 1003, true},
	{"reserved without a meaning", 1004, 1004, false},
	{"no status, never sent", 1005, 1005, false},
	{"abnormal, never sent", 1006, 1006, false},
	{"RFC 6455", 1007, 1011, true},
	{"service restart, IANA", 1012, 1012, true},
	{"try again later, IANA", 1013, 1013, true},
	{"bad gateway, IANA", 1014, 1014, true},
	{"TLS handshake, never sent", 1015, 1015, false},
	{"for the protocol's future", 1016, 2999, false},
	{"registered by libraries", 3000, 3999, true},
	{"private use", 4000, 4999, true},
	{"beyond what the RFC divides", 5000, 65535, false},
}

func TestEveryCloseCode(t *testing.T) {
	next := 0
	for _, class := range codeClasses {
		if class.first != next {
			t.Fatalf("the table has a gap or an overlap before %d", class.first)
		}
		next = class.last + 1
		for n := class.first; n <= class.last; n++ {
			code := frame.CloseCode(n)
			if got := code.OnWire(); got != class.onWire {
				t.Errorf("%d (%s): OnWire = %v", n, class.name, got)
			}
			got, reason, err := frame.ParseClose([]byte{byte(n >> 8), byte(n), 'b', 'y', 'e'})
			if got != code {
				t.Errorf("%d (%s): ParseClose gives code %d", n, class.name, got)
			}
			if class.onWire {
				if reason != "bye" || err != nil {
					t.Errorf("%d (%s): ParseClose = %q, %v", n, class.name, reason, err)
				}
				continue
			}
			want := frame.Violation{
				Code:    frame.CloseProtocolError,
				Section: "RFC 6455 §7.4",
				Detail:  "a Close frame carries code " + strconv.Itoa(n) + ", which may not be sent",
			}
			var v *frame.Violation
			if reason != "" || !errors.As(err, &v) || *v != want {
				t.Errorf("%d (%s): ParseClose = %q, %v", n, class.name, reason, err)
			}
		}
	}
	if next != 65536 {
		t.Fatalf("the table ends before %d", next)
	}
}

var closePayloads = []struct {
	name    string
	payload string
	code    frame.CloseCode
	reason  string
	refused frame.CloseCode // the code of the violation; 0 if there is none
	section string
}{
	{"empty", "", frame.CloseNoStatus, "", 0, ""},
	{"one octet", "\x03", 0, "", frame.CloseProtocolError, "RFC 6455 §5.5.1"},
	{"code alone", "\x03\xe8", 1000, "", 0, ""},
	{"code and reason", "\x03\xe9bye", 1001, "bye", 0, ""},
	{"reason with NUL", "\x03\xe8a\x00b", 1000, "a\x00b", 0, ""},
	{"reason in Cyrillic", "\x0f\xa0Пока", 4000, "Пока", 0, ""},
	{"reason of 123 octets", "\x03\xe8" + strings.Repeat("r", 123), 1000, strings.Repeat("r", 123), 0, ""},
	{"reason of 123 octets in emoji", "\x03\xe8" + strings.Repeat("😀", 30) + "...", 1000, strings.Repeat("😀", 30) + "...", 0, ""},
	{"code 0", "\x00\x00", 0, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"code 999", "\x03\xe7", 999, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"code 1005", "\x03\xed", 1005, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"code 1006", "\x03\xee", 1006, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"code 1015", "\x03\xf7", 1015, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"code 65535", "\xff\xff", 65535, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"bad code before bad reason", "\x03\xee\xff", 1006, "", frame.CloseProtocolError, "RFC 6455 §7.4"},
	{"reason with FF", "\x03\xe8ok\xff", 1000, "", frame.CloseInvalidPayload, "RFC 6455 §5.5.1"},
	{"reason with a surrogate", "\x03\xe8\xed\xa0\x80", 1000, "", frame.CloseInvalidPayload, "RFC 6455 §5.5.1"},
	{"reason cut inside a character", "\x03\xe8\xd0", 1000, "", frame.CloseInvalidPayload, "RFC 6455 §5.5.1"},
}

func TestParseClose(t *testing.T) {
	for _, row := range closePayloads {
		t.Run(row.name, func(t *testing.T) {
			payload := []byte(row.payload)
			code, reason, err := frame.ParseClose(payload)
			if code != row.code || reason != row.reason {
				t.Errorf("ParseClose = %d, %q, want %d, %q", code, reason, row.code, row.reason)
			}
			if row.refused == 0 {
				if err != nil {
					t.Errorf("ParseClose: %v", err)
				}
				return
			}
			var v *frame.Violation
			if !errors.As(err, &v) || v.Code != row.refused || v.Section != row.section || v.Detail == "" {
				t.Errorf("ParseClose: %+v, want close code %d by %s", err, row.refused, row.section)
			}
		})
	}
}

func TestParseCloseKeepsNothingOfThePayload(t *testing.T) {
	payload := []byte("\x03\xe8bye")
	_, reason, err := frame.ParseClose(payload)
	clear(payload)
	if reason != "bye" || err != nil {
		t.Errorf("reason = %q, %v after the payload was overwritten", reason, err)
	}
}

func TestAppendClose(t *testing.T) {
	for _, row := range []struct {
		name   string
		code   frame.CloseCode
		reason string
		want   string
	}{
		{"no code", 0, "", ""},
		{"no code, with a reason", 0, "lost", ""},
		{"no status", frame.CloseNoStatus, "", ""},
		{"no status, with a reason", frame.CloseNoStatus, "lost", ""},
		{"code alone", frame.CloseNormal, "", "\x03\xe8"},
		{"code and reason", frame.CloseGoingAway, "bye", "\x03\xe9bye"},
		{"highest code", 4999, "", "\x13\x87"},
		{"longest reason", 1000, strings.Repeat("r", 123), "\x03\xe8" + strings.Repeat("r", 123)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := frame.AppendClose(nil, row.code, row.reason); string(got) != row.want {
				t.Errorf("AppendClose = %q, want %q", got, row.want)
			}
			if got := frame.AppendClose([]byte("before"), row.code, row.reason); string(got) != "before"+row.want {
				t.Errorf("AppendClose to %q = %q", "before", got)
			}
		})
	}
}

func TestLongestReasonFillsAControlFrame(t *testing.T) {
	payload := frame.AppendClose(nil, frame.CloseNormal, strings.Repeat("r", frame.MaxCloseReason))
	if len(payload) != frame.MaxControlPayload || frame.MaxControlPayload != 125 {
		t.Errorf("%d octets of payload, MaxControlPayload = %d", len(payload), frame.MaxControlPayload)
	}
}

func TestAppendCloseThenParseCloseGivesTheSame(t *testing.T) {
	for _, class := range codeClasses {
		if !class.onWire {
			continue
		}
		for n := class.first; n <= class.last; n++ {
			for _, reason := range []string{"", "bye", "Пока 😀"} {
				payload := frame.AppendClose(nil, frame.CloseCode(n), reason)
				code, back, err := frame.ParseClose(payload)
				if int(code) != n || back != reason || err != nil {
					t.Fatalf("%d, %q became %q became %d, %q, %v", n, reason, payload, code, back, err)
				}
			}
		}
	}
}

func TestCloseCodeString(t *testing.T) {
	for _, row := range []struct {
		code frame.CloseCode
		want string
	}{
		{frame.CloseNormal, "1000 normal closure"},
		{frame.CloseGoingAway, "1001 going away"},
		{frame.CloseProtocolError, "1002 protocol error"},
		{frame.CloseUnsupportedData, "1003 unsupported data"},
		{frame.CloseNoStatus, "1005 no status received"},
		{frame.CloseAbnormal, "1006 abnormal closure"},
		{frame.CloseInvalidPayload, "1007 invalid payload data"},
		{frame.ClosePolicyViolation, "1008 policy violation"},
		{frame.CloseMessageTooBig, "1009 message too big"},
		{frame.CloseMandatoryExtension, "1010 mandatory extension"},
		{frame.CloseInternalError, "1011 internal error"},
		{frame.CloseServiceRestart, "1012 service restart"},
		{frame.CloseTryAgainLater, "1013 try again later"},
		{frame.CloseBadGateway, "1014 bad gateway"},
		{frame.CloseTLSHandshake, "1015 TLS handshake"},
		{0, "0"},
		{1004, "1004"},
		{4000, "4000"},
		{65535, "65535"},
	} {
		t.Run(row.want, func(t *testing.T) {
			if got := row.code.String(); got != row.want {
				t.Errorf("String = %q, want %q", got, row.want)
			}
		})
	}
}

func FuzzParseClose(f *testing.F) {
	for _, row := range closePayloads {
		f.Add([]byte(row.payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		code, reason, err := frame.ParseClose(payload)
		if err != nil {
			var v *frame.Violation
			if !errors.As(err, &v) || v.Code != frame.CloseProtocolError && v.Code != frame.CloseInvalidPayload || reason != "" {
				t.Fatalf("ParseClose(%q) = %d, %q, %v", payload, code, reason, err)
			}
			if len(payload) >= 2 && code.OnWire() && utf8.Valid(payload[2:]) {
				t.Fatalf("ParseClose(%q): %v", payload, err)
			}
			return
		}
		if len(payload) == 0 {
			if code != frame.CloseNoStatus || reason != "" {
				t.Fatalf("ParseClose of nothing = %d, %q", code, reason)
			}
		} else if !code.OnWire() || !utf8.ValidString(reason) {
			t.Fatalf("ParseClose(%q) = %d, %q", payload, code, reason)
		}
		if got := frame.AppendClose(nil, code, reason); !bytes.Equal(got, payload) {
			t.Fatalf("ParseClose(%q) = %d, %q, then AppendClose = %q", payload, code, reason, got)
		}
	})
}
