package handshake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestSubprotocols(t *testing.T) {
	for _, row := range []struct {
		name        string
		lines, want []string
	}{
		{"none", nil, nil},
		{"one", []string{"soap"}, []string{"soap"}},
		{"in their order", []string{"soap, wamp,chat.v2"}, []string{"soap", "wamp", "chat.v2"}},
		{"over several lines", []string{"soap", "wamp, chat"}, []string{"soap", "wamp", "chat"}},
		{"empty elements and lines", []string{", soap,\t,", "", "wamp"}, []string{"soap", "wamp"}},
		{"names differ in case", []string{"soap, SOAP"}, []string{"soap", "SOAP"}},
		{"as many as there may be", []string{numbered(64)}, strings.Split(numbered(64), ", ")},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Subprotocols(http.Header{"Sec-Websocket-Protocol": row.lines})
			if err != nil || !slices.Equal(got, row.want) {
				t.Errorf("Subprotocols = %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestSubprotocolsAreRefused(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		text  string
	}{
		{"empty", []string{""}, "is empty"},
		{"nothing but commas", []string{", ,", " "}, "is empty"},
		{"space within", []string{"soap, my chat"}, "subprotocol 2 of those offered is not a token"},
		{"separator", []string{"chat/2"}, "subprotocol 1 of those offered is not a token"},
		{"quoted", []string{`"soap"`}, "is not a token"},
		{"above ASCII", []string{"чат"}, "is not a token"},
		{"twice", []string{"soap, wamp, soap"}, "subprotocol 3 of those offered is offered before"},
		{"twice over lines", []string{"soap", "soap"}, "subprotocol 2 of those offered is offered before"},
		{"too many", []string{numbered(65)}, "more than 64"},
		{"very many", []string{strings.Repeat("x,", 1<<20)}, "offered before"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Subprotocols(http.Header{"Sec-Websocket-Protocol": row.lines})
			if got != nil {
				t.Errorf("returned %q with an error", got)
			}
			wantError(t, err, http.StatusBadRequest, "RFC 6455 §11.3.4", row.text)
		})
	}
}

func TestSelectSubprotocol(t *testing.T) {
	for _, row := range []struct {
		name               string
		offered, supported []string
		want               string
	}{
		{"none offered", nil, []string{"soap"}, ""},
		{"none supported", []string{"soap"}, nil, ""},
		{"none in common", []string{"soap"}, []string{"wamp"}, ""},
		{"the client's preference", []string{"x", "wamp", "soap"}, []string{"soap", "wamp"}, "wamp"},
		{"case matters", []string{"SOAP", "wamp"}, []string{"soap", "wamp"}, "wamp"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := SelectSubprotocol(row.offered, row.supported); got != row.want {
				t.Errorf("SelectSubprotocol(%q, %q) = %q, want %q", row.offered, row.supported, got, row.want)
			}
		})
	}
}

func numbered(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("chat.v%d", i))
	}
	return strings.Join(names, ", ")
}
