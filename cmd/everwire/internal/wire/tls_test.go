package wire

import (
	"bytes"
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket/wstest"
)

// A session is what passes over a TLS connection, and the lines of its key log.
type session struct {
	mu     sync.Mutex
	passed []feed
	log    bytes.Buffer
}

func (s *session) Write(from Direction, octets []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed = append(s.passed, feed{from, string(octets)})
}

func (s *session) End(Direction, error) {}
func (s *session) Close()               {}

// talk has a client say something over TLS, and the server answer it.
func talk(tb testing.TB, version uint16, says, answers string) *session {
	tb.Helper()
	s := &session{}
	a, b := wstest.Pipe()
	config := cert.Client()
	config.ServerName, config.MaxVersion, config.KeyLogWriter = "localhost", version, &s.log
	client := tls.Client(tapped(a, s, FromClient), config)
	server := tls.Server(b, cert.Server())
	done := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(server, make([]byte, len(says)))
		if err == nil {
			_, err = io.WriteString(server, answers)
		}
		server.Close()
		done <- err
	}()
	if _, err := io.WriteString(client, says); err != nil {
		tb.Fatal(err)
	}
	if _, err := io.ReadAll(client); err != nil {
		tb.Fatal(err)
	}
	client.Close()
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
	return s
}

// look feeds a prelude that knows some keys, and returns what it tells.
func look(log string, passed []feed, split int) (lines []string) {
	keys := &sessionKeys{}
	for l := range strings.Lines(log) {
		keyLog{keys, nil}.Write([]byte(l))
	}
	p := &prelude{keys: keys, d: NewDecoder(Config{Messages: true}, func(e Event) { lines = append(lines, line(e)) })}
	for _, f := range passed {
		for part := range slices.Chunk([]byte(f.octets), split) {
			p.Write(f.from, part)
		}
	}
	p.Close()
	return lines
}

func TestTLSIsLookedIntoWhereverItIsSplit(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := talk(t, version, request+"\r\n", response+"\r\n"+plain(1, "hello"))
		for _, split := range []int{1, 7, 1 << 20} {
			got := look(s.log.String(), s.passed, split)
			want := []string{headOnly, "server HTTP/1.1 101 Switching Protocols", `server text 5 "hello"`, `server message text 5 of 5 in 1 "hello"`}
			if len(got) < 4 || !slices.Equal(got[:4], want) {
				t.Errorf("%s, split at %d: %q", tls.VersionName(version), split, got)
			}
		}
	}
}

func TestTLSWithoutItsKeysIsNotWaitedForWithoutEnd(t *testing.T) {
	s := talk(t, tls.VersionTLS13, strings.Repeat("x", 200_000), "y")
	got := look("", s.passed, 4096)
	if len(got) != 2 || got[0] != "client end 0 what passes cannot be shown: the keys of the TLS session are not known" {
		t.Errorf("got %q", got)
	}
}

func FuzzTLS(f *testing.F) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := talk(f, version, request+"\r\n", response+"\r\n"+plain(1, "hello"))
		var c, v string
		for _, p := range s.passed {
			if p.from == FromClient {
				c += p.octets
			} else {
				v += p.octets
			}
		}
		f.Add(s.log.String(), []byte(c), []byte(v))
	}
	f.Fuzz(func(t *testing.T, log string, c, s []byte) {
		look(log, []feed{{FromClient, string(c)}, {FromServer, string(s)}, {FromClient, string(c)}}, 1<<20)
	})
}
