//go:build linux

package main

import (
	"testing"

	"github.com/everwire/everwire/bench/chaos/internal/record"
)

func TestWhatServersSayIsRead(t *testing.T) {
	r, counts, err := decode([]byte(`{"type":"message","room":"r","position":{"epoch":"k","offset":18446744073709551615},"id":"a-1","from":"a",` +
		`"data":{"publisher":"a","number":1,"sent":5},"time":"2026-01-02T03:04:05.678Z"}`))
	if err != nil || !counts || r.Position.place() != (record.Place{Epoch: "k", Offset: 1<<64 - 1}) || r.ID != "a-1" || r.Data != (data{"a", 1, 5}) {
		t.Errorf("read was %+v, %v, %v", r, counts, err)
	}
	for _, other := range []string{`{"type":"member","event":"joined"}`, `{"type":"members","count":501}`} {
		if _, counts, err := decode([]byte(other)); counts || err != nil {
			t.Errorf("%s counts", other)
		}
	}
	if _, _, err := decode([]byte(`{"type":`)); err == nil {
		t.Error("what is no JSON was read")
	}
}

func TestWhatMembersSay(t *testing.T) {
	for _, test := range []struct {
		q    request
		want string
	}{
		{request{Type: "join", Room: "r", Name: "a"}, `{"type":"join","room":"r","name":"a"}`},
		{request{Type: "join", Room: "r", Name: "a", From: &position{"k", 0}}, `{"type":"join","room":"r","name":"a","from":{"epoch":"k","offset":0}}`},
		{request{Type: "publish", Room: "r", ID: "a-0", Data: &data{"a", 0, 1}},
			`{"type":"publish","room":"r","id":"a-0","data":{"publisher":"a","number":0,"sent":1}}`},
	} {
		if got := string(encode(test.q)); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
