package hub

import (
	"fmt"
	"hash/maphash"
	"testing"
)

// A table holds what a map would, while it grows and shrinks.
func TestATableIsAMap(t *testing.T) {
	tab := table{seed: maphash.MakeSeed()}
	rooms := map[string]*room{}
	check := func() {
		t.Helper()
		n := 0
		tab.each(func(r *room) {
			if n++; rooms[r.name] != r {
				t.Fatalf("%q is there", r.name)
			}
		})
		if n != len(rooms) {
			t.Fatalf("%d rooms, want %d", n, len(rooms))
		}
	}
	const all = 20_000
	for i := range all {
		r := &room{name: fmt.Sprint(i)}
		rooms[r.name] = r
		hash := tab.hash(r.name)
		tab.shard(hash).add(&tab, hash, r)
	}
	check()
	for i := range all + 10 {
		name := fmt.Sprint(i)
		if tab.lookup(name) != rooms[name] {
			t.Fatalf("lookup of %q", name)
		}
	}
	for i := range all - 3 {
		name := fmt.Sprint(i)
		hash := tab.hash(name)
		tab.shard(hash).remove(&tab, hash, rooms[name])
		delete(rooms, name)
		if i%5000 == 0 {
			check()
		}
	}
	check()
	for i := range tab.shards {
		if s := &tab.shards[i]; len(s.buckets) > 16 {
			t.Errorf("shard %d has %d buckets for %d rooms", i, len(s.buckets), s.n)
		}
	}
}

// Plain rooms share settings that are equal, and no others.
func TestRoomsShareSettings(t *testing.T) {
	encode := func(m *Message) []byte { return m.Data }
	counted := 0
	capture := func() func(*Message) []byte {
		counted++
		n := counted
		return func(m *Message) []byte { return fmt.Append(nil, n) }
	}
	options := map[string]func() RoomOptions{
		"plain":   func() RoomOptions { return RoomOptions{} },
		"encode":  func() RoomOptions { return RoomOptions{Encode: encode} },
		"newest":  func() RoomOptions { return RoomOptions{Slow: DropNewest} },
		"capture": func() RoomOptions { return RoomOptions{Encode: capture()} },
		"logged":  func() RoomOptions { return RoomOptions{Ordered: true} },
	}
	h := New(&Options{Room: func(name string) RoomOptions { return options[name]() }})
	defer h.Close(t.Context())
	all := map[*settings]string{}
	for name := range options {
		a, b := h.settingsOf(name), h.settingsOf(name)
		if shared := name != "capture" && name != "logged"; (a == b) != shared {
			t.Errorf("%s: shared %v", name, a == b)
		}
		if other, ok := all[a]; ok {
			t.Errorf("%s and %s share", name, other)
		}
		all[a] = name
	}
	for range 2 * settingsShared {
		h.settingsOf("capture")
	}
	if n := len(*h.shared.Load()); n != settingsShared {
		t.Errorf("%d are kept", n)
	}
}
