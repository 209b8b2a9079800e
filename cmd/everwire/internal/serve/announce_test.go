package serve

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestAnnounce(t *testing.T) {
	tests := []struct {
		name        string
		addresses   []string
		certificate *certificate
		want        []string // lines
	}{
		{"plain", []string{"127.0.0.1:8080"}, nil, []string{
			"Everwire serves http://127.0.0.1:8080/",
			"",
			"  ws://127.0.0.1:8080/echo              sends every message back",
			"  ws://127.0.0.1:8080/hello             answers “My name is …”, and closes after 5 seconds",
			"  ws://127.0.0.1:8080/chat              sends every message to everyone",
			"  ws://127.0.0.1:8080/binary            sends bytes back, a file if you like",
			"  ws://127.0.0.1:8080/rate              reads slowly: 512 KiB/s, or as ?rate= says",
			"  ws://127.0.0.1:8080/handshake         tells what was asked and answered to connect",
			"  ws://127.0.0.1:8080/subprotocols      speaks soap, wamp and xmpp",
			"",
			"  http://127.0.0.1:8080/status          shows what all of them are doing",
			"",
			"Rooms are so.",
			"The chat is so.",
			"",
			"Press Ctrl-C to stop.",
		}},
		{"several addresses, TLS from files", []string{"localhost:443", "[2001:db8::1]:443"}, &certificate{}, []string{
			"Everwire serves https://localhost:443/",
			"            and https://[2001:db8::1]:443/",
			"",
			"  wss://localhost:443/echo              sends every message back",
			"  wss://localhost:443/hello             answers “My name is …”, and closes after 5 seconds",
			"  wss://localhost:443/chat              sends every message to everyone",
			"  wss://localhost:443/binary            sends bytes back, a file if you like",
			"  wss://localhost:443/rate              reads slowly: 512 KiB/s, or as ?rate= says",
			"  wss://localhost:443/handshake         tells what was asked and answered to connect",
			"  wss://localhost:443/subprotocols      speaks soap, wamp and xmpp",
			"",
			"  https://localhost:443/status          shows what all of them are doing",
			"",
			"Rooms are so.",
			"The chat is so.",
			"",
			"Press Ctrl-C to stop.",
		}},
		{"self-signed", []string{"[::1]:8080"}, &certificate{nil, "AB:CD", []string{"localhost", "::1"}}, []string{
			"Everwire serves https://[::1]:8080/",
			"",
			"  wss://[::1]:8080/echo                 sends every message back",
			"  wss://[::1]:8080/hello                answers “My name is …”, and closes after 5 seconds",
			"  wss://[::1]:8080/chat                 sends every message to everyone",
			"  wss://[::1]:8080/binary               sends bytes back, a file if you like",
			"  wss://[::1]:8080/rate                 reads slowly: 512 KiB/s, or as ?rate= says",
			"  wss://[::1]:8080/handshake            tells what was asked and answered to connect",
			"  wss://[::1]:8080/subprotocols         speaks soap, wamp and xmpp",
			"",
			"  https://[::1]:8080/status             shows what all of them are doing",
			"",
			"Rooms are so.",
			"The chat is so.",
			"",
			"The certificate was made just now, for localhost, ::1. SHA-256 fingerprint:",
			"  AB:CD",
			"",
			"Press Ctrl-C to stop.",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			announce(&out, tt.addresses, tt.certificate, []string{"Rooms are so.", "The chat is so."})
			if want := strings.Join(tt.want, "\n") + "\n"; out.String() != want {
				t.Errorf("announced\n%s\nwant\n%s", out.String(), want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	got := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	tests := []struct {
		name, asked, want string // the first
		only              bool
	}{
		{"an address", "127.0.0.1:0", "127.0.0.1:4711", true},
		{"IPv6", "[::1]:0", "[::1]:4711", true},
		{"a name", "localhost:0", "localhost:4711", true},
		{"every address", ":0", "localhost:4711", false},
		{"every address of IPv4", "0.0.0.0:0", "localhost:4711", false},
		{"every address, IPv6", "[::]:0", "localhost:4711", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := addresses(tt.asked, got)
			if list[0] != tt.want || tt.only && len(list) > 1 {
				t.Errorf("addresses %q, want %q first, and no more: %t", list, tt.want, tt.only)
			}
			for _, addr := range list {
				if _, port, err := net.SplitHostPort(addr); err != nil || port != "4711" {
					t.Errorf("address %q", addr)
				}
			}
		})
	}
	for _, host := range hosts("0.0.0.0:0") {
		if strings.Contains(host, ":") {
			t.Errorf("IPv4 only, and yet %s", host)
		}
	}
	if list := hosts(":0"); slices.Contains(list, "127.0.0.1") || slices.Contains(list, "::1") {
		t.Errorf("loopback is localhost already: %q", list)
	}
}

func TestAnnounceOnAUnixSocket(t *testing.T) {
	var out strings.Builder
	announceOn(&out, "127.0.0.1:8080", &net.UnixAddr{Name: "/run/everwire.sock", Net: "unix"}, nil, []string{"Rooms are so."})
	if want := "Everwire serves on the Unix socket /run/everwire.sock\nRooms are so.\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
