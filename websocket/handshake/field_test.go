package handshake

import (
	"net/http"
	"slices"
	"testing"
)

func TestFieldIsReadInBothSpellings(t *testing.T) {
	for _, row := range []struct {
		name   string
		header http.Header
		want   []string
	}{
		{"absent", http.Header{}, nil},
		{"canonical", http.Header{"Sec-Websocket-Key": {"a"}}, []string{"a"}},
		{"as on the wire", http.Header{"Sec-WebSocket-Key": {"b"}}, []string{"b"}},
		{"both", http.Header{"Sec-Websocket-Key": {"a"}, "Sec-WebSocket-Key": {"b"}}, []string{"a", "b"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := fieldKey.lines(row.header); !slices.Equal(got, row.want) {
				t.Errorf("lines = %q, want %q", got, row.want)
			}
		})
	}
}

func TestFieldNamesAreCanonical(t *testing.T) {
	for _, f := range []field{fieldAccept, fieldExtensions, fieldKey, fieldProtocol, fieldVersion} {
		if want := http.CanonicalHeaderKey(f.wire); f.canonical != want {
			t.Errorf("the canonical name of %s is %s, not %s", f.wire, want, f.canonical)
		}
	}
}

func TestIsUpgrade(t *testing.T) {
	for _, row := range []struct {
		name                string
		upgrade, connection []string
		want                bool
	}{
		{"plain", []string{"websocket"}, []string{"Upgrade"}, true},
		{"other case", []string{"WebSocket"}, []string{"uPGRADE"}, true},
		{"Firefox", []string{"websocket"}, []string{"keep-alive, Upgrade"}, true},
		{"lists", []string{"h2c, websocket"}, []string{"HTTP2-Settings, upgrade"}, true},
		{"lines", []string{"h2c", "websocket"}, []string{"keep-alive", "upgrade"}, true},
		{"nothing", nil, nil, false},
		{"no Upgrade", nil, []string{"Upgrade"}, false},
		{"no Connection", []string{"websocket"}, nil, false},
		{"another protocol", []string{"h2c"}, []string{"Upgrade"}, false},
		{"another option", []string{"websocket"}, []string{"keep-alive"}, false},
		{"part of a word", []string{"websockets"}, []string{"Upgrade"}, false},
		{"two words", []string{"websocket h2c"}, []string{"Upgrade"}, false},
		{"Kelvin sign", []string{"websoc\u212aet"}, []string{"Upgrade"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{"Upgrade": row.upgrade, "Connection": row.connection}
			if got := IsUpgrade(h); got != row.want {
				t.Errorf("IsUpgrade(%q) = %v", h, got)
			}
		})
	}
}
