package websocket

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// deadlines is what an interrupter sets, as a list.
type deadlines struct{ set []string }

func (d *deadlines) interrupter() *interrupter {
	return &interrupter{set: func(t time.Time) error {
		switch {
		case t.IsZero():
			d.set = append(d.set, "none")
		case t.Before(time.Now()):
			d.set = append(d.set, "past")
		default:
			d.set = append(d.set, "future")
		}
		return nil
	}}
}

func (d *deadlines) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if len(d.set) != len(want) {
		t.Fatalf("the deadlines set are %q, want %q", d.set, want)
	}
	for i := range want {
		if d.set[i] != want[i] {
			t.Fatalf("the deadlines set are %q, want %q", d.set, want)
		}
	}
}

func TestInterrupter(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func())
	}{
		{"nothing is set while the context lasts", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			for range 3 {
				i.watch(a)
				i.watch(b)
				i.watch(context.Background())
			}
			d.want(t)
		}},
		{"the stream's waiting ends with the context", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			i.watch(a)
			endA()
			d.want(t, "past")
		}},
		{"the next call with another context can wait", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			i.watch(a)
			endA()
			d.want(t, "past")
			i.watch(b)
			d.want(t, "past", "none")
			endB()
			d.want(t, "past", "none", "past")
			i.watch(context.Background())
			d.want(t, "past", "none", "past", "none")
		}},
		{"the end of a context that was watched before has no effect", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			i.watch(a)
			i.watch(b)
			endA()
			d.want(t)
		}},
		{"a context that has ended is not watched", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			endA()
			if err := i.watch(a); err != context.Canceled {
				t.Errorf("watch: %v", err)
			}
			d.want(t)
		}},
		{"end ends the waiting for good", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			i.watch(a)
			i.end()
			d.want(t, "past")
			i.watch(b)
			endA()
			endB()
			i.end()
			d.want(t, "past")
		}},
		{"end after the context's", func(t *testing.T, i *interrupter, d *deadlines, a, b context.Context, endA, endB func()) {
			i.watch(a)
			endA()
			d.want(t, "past")
			i.end()
			i.watch(b)
			if last := d.set[len(d.set)-1]; last != "past" {
				t.Errorf("the last deadline is %q", last)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, endA := context.WithCancel(context.Background())
				b, endB := context.WithCancel(context.Background())
				defer endA()
				defer endB()
				d := &deadlines{}
				row.do(t, d.interrupter(), d, a, b, endA, endB)
			})
		})
	}
}

func TestLockIsGivenInTheOrderOfComing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLock()
		l.acquire(context.Background(), nil)
		order := make(chan int, 10)
		for i := range 10 {
			go func() {
				l.acquire(context.Background(), nil)
				order <- i
				l.release()
			}()
			synctest.Wait()
		}
		l.release()
		for i := range 10 {
			if got := <-order; got != i {
				t.Fatalf("the lock went to %d, want %d", got, i)
			}
		}
	})
}

func TestLockWaitingEndsWithContextOrDone(t *testing.T) {
	l := newLock()
	if err := l.acquire(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.acquire(ctx, nil); err != context.Canceled {
		t.Errorf("acquire: %v; want the context's error", err)
	}
	done := make(chan struct{})
	close(done)
	if err := l.acquire(context.Background(), done); err != ErrClosed {
		t.Errorf("acquire: %v; want ErrClosed", err)
	}
	l.release()
	if err := l.acquire(ctx, done); err != nil {
		t.Errorf("acquire of a free lock: %v", err)
	}
}
