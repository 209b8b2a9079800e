package hub

import (
	"context"
	"fmt"
	"testing"
)

func BenchmarkMemoryPublish(b *testing.B) {
	for _, followers := range []int{0, 1, 3} {
		for _, r := range []Room{{Name: "plain"}, logged("logged", 1000), {Name: "ordered", Logged: true}} {
			b.Run(fmt.Sprintf("%s/followers=%d", r.Name, followers), func(b *testing.B) {
				m := NewMemory(nil)
				for range followers {
					m.Node().Follow(context.Background(), r, discard{})
				}
				msg := &Message{Data: make([]byte, 100)}
				b.ReportAllocs()
				for b.Loop() {
					m.Publish(context.Background(), r, msg)
				}
			})
		}
	}
	b.Run("logged/with an ID", func(b *testing.B) {
		m := NewMemory(nil)
		r := logged("logged", 1000)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Publish(context.Background(), r, &Message{ID: fmt.Sprint(i), Data: make([]byte, 100)})
		}
	})
}

func BenchmarkMemoryPublishParallel(b *testing.B) {
	m := NewMemory(nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		msg := &Message{Data: make([]byte, 100)}
		for i := 0; pb.Next(); i++ {
			m.Publish(context.Background(), logged(roomNames[i%len(roomNames)], 100), msg)
		}
	})
}

var roomNames = func() (names []string) {
	for i := range 1000 {
		names = append(names, fmt.Sprint("room ", i))
	}
	return names
}()

func BenchmarkMemoryFull(b *testing.B) {
	m := NewMemory(&MemoryOptions{Bytes: 1 << 20})
	msg := &Message{Data: make([]byte, 100)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Publish(context.Background(), logged(roomNames[i%len(roomNames)], 1000), msg)
	}
}

func BenchmarkMemoryRead(b *testing.B) {
	m := NewMemory(nil)
	r := logged("r", 1000)
	var at []Position
	for range 1000 {
		p, _ := m.Publish(context.Background(), r, &Message{Data: make([]byte, 100)})
		at = append(at, p)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Read(context.Background(), r, at[990+i%10])
	}
}

func BenchmarkMemoryFollow(b *testing.B) {
	m := NewMemory(nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f, _, _ := m.Follow(context.Background(), logged(roomNames[i%len(roomNames)], 10), discard{})
		f.Stop()
	}
}
