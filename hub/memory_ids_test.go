package hub

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func publishID(t testing.TB, m *Memory, r Room, id string) Position {
	t.Helper()
	p, err := m.Publish(context.Background(), r, &Message{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnIDCountsForTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		r := logged("r", 1)
		first := publishID(t, m, r, "x")
		memoryPublish(t, m, r, "another") // the first is kept no more, its ID is
		time.Sleep(2 * time.Minute)
		if again := publishID(t, m, r, "x"); again != first {
			t.Errorf("two minutes later it is appended at %v, want %v still", again, first)
		}
		time.Sleep(time.Second)
		later := publishID(t, m, r, "x")
		if later == first {
			t.Error("the ID counts longer than two minutes")
		}
		if again := publishID(t, m, r, "x"); again != later {
			t.Errorf("it is appended at %v, want %v", again, later)
		}
		checkMemory(t, m)
		m.Close(context.Background())
	})
}

func TestIDsAreBounded(t *testing.T) {
	m := NewMemory(&MemoryOptions{IDs: 100})
	r := logged("r", 1000)
	at := make(map[string]Position)
	for i := range 300 {
		at[fmt.Sprint(i)] = publishID(t, m, r, fmt.Sprint(i))
	}
	checkMemory(t, m)
	for i := 299; i >= 200; i-- {
		if got := publishID(t, m, r, fmt.Sprint(i)); got != at[fmt.Sprint(i)] {
			t.Fatalf("ID %d of 300 is forgotten, but 100 may be remembered", i)
		}
	}
	if got := publishID(t, m, r, "0"); got == at["0"] {
		t.Error("the first of 300 IDs is remembered")
	}
}

func TestARoomsNameAndAnIDAreApart(t *testing.T) {
	m := NewMemory(nil)
	for i := range 1000 { // some of the pairs are in one shard
		name := fmt.Sprint(i)
		a, b := publishID(t, m, logged(name+"b", 1), "c"), publishID(t, m, logged(name, 1), "bc")
		if a == b {
			t.Fatalf("messages of rooms %q and %q are taken for one", name+"b", name)
		}
		if publishID(t, m, logged(name+"b", 1), "c") != a {
			t.Error("an ID is not remembered")
		}
	}
}
