package websocket

import (
	"strings"
	"testing"
)

func TestCloseCodesAreThoseOfTheRegistry(t *testing.T) {
	for code, want := range map[CloseCode]uint16{
		CloseNormal: 1000, CloseGoingAway: 1001, CloseProtocolError: 1002, CloseUnsupportedData: 1003, CloseNoStatus: 1005,
		CloseAbnormal: 1006, CloseInvalidPayload: 1007, ClosePolicyViolation: 1008, CloseMessageTooBig: 1009,
		CloseMandatoryExtension: 1010, CloseInternalError: 1011, CloseServiceRestart: 1012, CloseTryAgainLater: 1013,
		CloseBadGateway: 1014, CloseTLSHandshake: 1015,
	} {
		if uint16(code) != want {
			t.Errorf("%v is %d, want %d", code, code, want)
		}
	}
}

func TestCheckClose(t *testing.T) {
	for _, row := range []struct {
		name   string
		from   CloseCode
		to     CloseCode
		reason string
		ok     bool
	}{
		{"no code", 0, 0, "", true},
		{"a reason without a code", 0, 0, "why", false},
		{"below 1000", 1, 999, "", false},
		{"those of RFC 6455", 1000, 1003, "", true},
		{"reserved", 1004, 1006, "", false},
		{"those of the registry", 1007, 1014, "", true},
		{"TLS and what has no meaning yet", 1015, 2999, "", false},
		{"libraries and applications", 3000, 4999, "", true},
		{"beyond", 5000, 65535, "", false},
		{"a reason", 1000, 1000, "done", true},
		{"a reason of 123 octets", 1000, 1000, strings.Repeat("ü", 61) + "x", true},
		{"a reason of 124 octets", 1000, 1000, strings.Repeat("ü", 62), false},
		{"a reason that is not UTF-8", 1000, 1000, "\xff", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			for code := int(row.from); code <= int(row.to); code++ {
				if err := checkClose(CloseCode(code), row.reason); (err == nil) != row.ok || err != nil && err != ErrInvalidClose {
					t.Fatalf("%d: %v", code, err)
				}
			}
		})
	}
}
