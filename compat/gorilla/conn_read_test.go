package websocket_test

import (
	"io"
	"net"
	"testing"
	"time"
)

func timedOut(t *testing.T, err error) {
	t.Helper()
	network, ok := err.(net.Error)
	if !ok || !network.Timeout() {
		t.Fatalf("%v; want a timeout", err)
	}
}

func TestReadingGoesOnAfterADeadlineInsideAMessage(t *testing.T) {
	s, c := pair(t)
	w, err := c.NextWriter(1)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 40<<10) // a fragment leaves
	for i := range first {
		first[i] = 'a'
	}
	w.Write(first)
	_, r, err := s.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, len(first))); err != nil {
		t.Fatal(err)
	}
	s.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err = r.Read(make([]byte, 1))
	timedOut(t, err)
	_, _, err = s.NextReader() // which would discard the rest, which is not there
	timedOut(t, err)
	s.SetReadDeadline(time.Now().Add(patience))
	io.WriteString(w, "b")
	w.Close()
	rest, err := io.ReadAll(r)
	if err != nil || string(rest) != "b" {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	writes(t, c, "next")
	reads(t, s, "next")
}

func TestADeadlineEndsAReadThatWaits(t *testing.T) {
	s, _ := pair(t)
	s.SetReadDeadline(time.Now().Add(time.Hour))
	done := make(chan error)
	go func() {
		_, _, err := s.ReadMessage()
		done <- err
	}()
	s.SetReadDeadline(time.Now())
	timedOut(t, <-done)
}

func TestPollingPanicsOnlyWhenTheDeadlineIsNotMoved(t *testing.T) {
	s, c := pair(t)
	for range 2000 {
		s.SetReadDeadline(time.Unix(1, 0))
		_, _, err := s.ReadMessage()
		timedOut(t, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
		s.SetReadDeadline(time.Time{})
		writes(t, c, "still there")
		reads(t, s, "still there")
	}()
	for range 1000 {
		s.ReadMessage()
	}
}

func TestNextReaderDiscardsTheRestAlsoAfterADeadline(t *testing.T) {
	s, c := pair(t)
	w, err := c.NextWriter(1)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 40<<10)) // a fragment leaves
	if _, _, err := s.NextReader(); err != nil {
		t.Fatal(err)
	}
	s.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, _, err = s.NextReader()
	timedOut(t, err)
	s.SetReadDeadline(time.Now().Add(patience))
	io.WriteString(w, "the rest")
	w.Close()
	writes(t, c, "next")
	reads(t, s, "next")
}
