package hub

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestNothingOlderThanAgeIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		r := Room{Name: "r", Logged: true, History: History{Messages: 100, Age: time.Minute}}
		var at []Position
		for i := range 5 {
			at = append(at, memoryPublish(t, m, r, fmt.Sprint(i)))
			time.Sleep(10 * time.Second)
		}
		// The first was published 50 s ago.
		time.Sleep(10 * time.Second)
		if got := memoryRead(t, m, r, Position{}); fmt.Sprint(got) != "[0 1 2 3 4]" {
			t.Errorf("after a minute Read has %q, want also the message of a minute ago", got)
		}
		time.Sleep(time.Nanosecond)
		if got := memoryRead(t, m, r, Position{}); fmt.Sprint(got) != "[1 2 3 4]" {
			t.Errorf("then Read has %q", got)
		}
		if _, err := m.Read(context.Background(), r, at[0]); !errors.Is(err, ErrTooOld) {
			t.Errorf("Read after what is too old: %v, want ErrTooOld", err)
		}
		if got := memoryRead(t, m, r, at[1]); fmt.Sprint(got) != "[2 3 4]" {
			t.Errorf("Read after what is kept has %q", got)
		}
		m.Close(context.Background())
	})
}

func TestWhatIsTooOldGoesAlsoWhereNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		keep := func(name string, age time.Duration) {
			m.Publish(context.Background(), Room{Name: name, Logged: true, History: History{Messages: 10, Age: age}}, &Message{ID: "x"})
		}
		for i := range 200 {
			keep(fmt.Sprint("short ", i), time.Minute)
			keep(fmt.Sprint("long ", i), time.Hour)
			keep(fmt.Sprint("ever ", i), 0)
			time.Sleep(time.Millisecond)
		}
		for _, step := range []struct {
			after time.Duration
			rooms int
			ids   int64
		}{{59 * time.Second, 600, 600}, {3 * time.Second, 400, 600}, {time.Minute, 400, 0}, {time.Hour, 200, 0}} {
			time.Sleep(step.after)
			synctest.Wait()
			if got := rooms(m); got != step.rooms {
				t.Errorf("%v later %d rooms are known, want %d", step.after, got, step.rooms)
			}
			if got := m.store.ids.Load(); got != step.ids {
				t.Errorf("%v later %d IDs are remembered, want %d", step.after, got, step.ids)
			}
			checkMemory(t, m)
		}
		m.Close(context.Background())
	})
}

func TestARoomInUseIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		r := Room{Name: "r", Logged: true, History: History{Messages: 3, Age: time.Minute}}
		for i := range 100 { // the first are dropped by their number
			memoryPublish(t, m, r, fmt.Sprint(i))
			time.Sleep(time.Second)
		}
		f := memoryFollow(t, m, r)
		time.Sleep(62 * time.Second)
		synctest.Wait()
		if got := m.store.octets.Load(); got != 0 {
			t.Errorf("%d octets are kept of what is too old", got)
		}
		memoryPublish(t, m, r, "x")
		f.next(t)
		f.feed.Stop()
		time.Sleep(62 * time.Second)
		synctest.Wait()
		if got := rooms(m); got != 0 {
			t.Errorf("%d rooms are known that nobody uses", got)
		}
		m.Close(context.Background())
	})
}

func TestAHistoryMayChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		r := Room{Name: "r", Logged: true, History: History{Messages: 10, Age: time.Hour}}
		for i := range 10 {
			memoryPublish(t, m, r, fmt.Sprint(i))
		}
		r.History.Messages = 4
		if got := memoryRead(t, m, r, Position{}); fmt.Sprint(got) != "[6 7 8 9]" {
			t.Errorf("with fewer messages Read has %q", got)
		}
		r.History.Age = time.Minute
		memoryRead(t, m, r, Position{})
		memoryPublish(t, m, r, "10")
		time.Sleep(62 * time.Second)
		synctest.Wait()
		if got := rooms(m); got != 0 {
			t.Errorf("with less age %d rooms are known", got)
		}
		m.Close(context.Background())
	})
}

func TestTheBoundsOfAHistory(t *testing.T) {
	for _, row := range []struct {
		name string
		History
		want string
	}{
		{"none", History{}, "[]"},
		{"fewer than none", History{Messages: -1}, "[]"},
		{"for ever", History{Messages: 2, Age: math.MaxInt64}, "[1 2]"},
	} {
		m := NewMemory(nil)
		r := Room{Name: "r", Logged: true, History: row.History}
		for _, data := range []string{"0", "1", "2"} {
			memoryPublish(t, m, r, data)
		}
		if got := fmt.Sprint(memoryRead(t, m, r, Position{})); got != row.want {
			t.Errorf("%s: kept is %s, want %s", row.name, got, row.want)
		}
		checkMemory(t, m)
		m.Close(context.Background())
	}
}
