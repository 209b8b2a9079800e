package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// newLanes starts some with a backend.
func newLanes(n int, most, octets int64, r Retries, log *slog.Logger, deliver func(context.Context, *event) error) *lanes {
	l := &lanes{deliver: deliver, retries: r.withDefaults(), most: most, octets: octets, log: log}
	l.start(n)
	return l
}

func TestEventsOfAConnectionStayInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[string][]string{}
		tried := map[string]bool{}
		l := newLanes(4, 10000, 1<<20, Retries{}, slog.New(slog.DiscardHandler), func(_ context.Context, e *event) error {
			mu.Lock()
			defer mu.Unlock()
			if !tried[e.id] { // each is refused once
				tried[e.id] = true
				return errors.New("not now")
			}
			connection, number, _ := strings.Cut(e.id, " ")
			got[connection] = append(got[connection], number)
			return nil
		})
		var want []string
		for i := range 50 {
			want = append(want, strconv.Itoa(i))
		}
		for _, number := range want {
			for c := range 20 {
				l.add(strconv.Itoa(c), &event{id: strconv.Itoa(c) + " " + number})
			}
		}
		if err := l.close(t.Context()); err != nil {
			t.Error(err)
		}
		for c := range 20 {
			if !slices.Equal(got[strconv.Itoa(c)], want) {
				t.Errorf("connection %d: %q", c, got[strconv.Itoa(c)])
			}
		}
		if f := l.figures(); f != (Figures{Delivered: 1000, Retried: 1000}) {
			t.Errorf("%+v", f)
		}
	})
}

func TestRetriesWaitLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		var at []time.Duration
		began := time.Now()
		l := newLanes(1, 10, 1<<20, Retries{Attempts: 8, First: time.Second, Most: 10 * time.Second}, slog.New(slog.NewTextHandler(&log, nil)), func(_ context.Context, e *event) error {
			at = append(at, time.Since(began))
			return errors.New("out of order")
		})
		l.add("c", &event{id: "the event", kind: typeMessage})
		if err := l.close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(at) != 8 || at[0] != 0 {
			t.Fatalf("%v", at)
		}
		most := time.Second
		for i := 1; i < len(at); i++ {
			if pause := at[i] - at[i-1]; pause < most/2 || pause > most {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, most/2, most)
			}
			most = min(2*most, 10*time.Second)
		}
		if f := l.figures(); f != (Figures{Retried: 7, GivenUp: 1}) {
			t.Errorf("%+v", f)
		}
		if said := log.String(); !strings.Contains(said, `event="the event"`) || !strings.Contains(said, "out of order") {
			t.Errorf("the log says %s", said)
		}
	})
}

func TestABackendMaySayWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ asked, want time.Duration }{{20 * time.Second, 20 * time.Second}, {time.Hour, mostLater}} {
			first := true
			began := time.Now()
			l := newLanes(1, 10, 1<<20, Retries{}, slog.New(slog.DiscardHandler), func(context.Context, *event) error {
				if first {
					first = false
					return fmt.Errorf("busy: %w", &later{errors.New("status 429"), tt.asked})
				}
				return nil
			})
			l.add("c", &event{})
			if err := l.close(t.Context()); err != nil || time.Since(began) != tt.want {
				t.Errorf("%v: it came back after %v, %v", tt.asked, time.Since(began), err)
			}
		}
	})
}

func TestWhatABackendWillNeverTakeIsOfferedOnce(t *testing.T) {
	n := 0
	l := newLanes(1, 10, 1<<20, Retries{}, slog.New(slog.DiscardHandler), func(context.Context, *event) error {
		n++
		return fmt.Errorf("%w: status 400", errFinal)
	})
	l.add("c", &event{})
	if err := l.close(t.Context()); err != nil || n != 1 || l.figures().GivenUp != 1 {
		t.Errorf("offered %d times, %v", n, err)
	}
}

func TestWhatMayWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name             string
			most, octets     int64
			size             int
			messages, ending int64 // that are taken, first messages and then disconnects
		}{
			{"events", 10, 1 << 20, 10, 10, 10},
			{"octets", 1000, 100, 10, 10, 10},
			{"one that is larger than all that may wait", 10, 100, 101, 0, 1},
		} {
			var log safeBuffer
			open := make(chan struct{})
			l := newLanes(2, tt.most, tt.octets, Retries{}, slog.New(slog.NewTextHandler(&log, nil)), func(context.Context, *event) error {
				<-open
				return nil
			})
			for i := range 50 {
				l.add(strconv.Itoa(i), &event{kind: typeMessage, body: make([]byte, tt.size)})
			}
			if got := l.figures().Waiting; got != tt.messages {
				t.Errorf("%s: %d messages wait, want %d", tt.name, got, tt.messages)
			}
			for i := range 50 {
				l.add(strconv.Itoa(i), &event{kind: typeDisconnect, body: make([]byte, tt.size)})
			}
			f := l.figures()
			if f.Waiting != tt.messages+tt.ending || f.LeftOut != 100-f.Waiting {
				t.Errorf("%s: with disconnects %+v, want %d more to wait", tt.name, f, tt.ending)
			}
			if n := strings.Count(log.String(), "left out"); n != 1 {
				t.Errorf("%s: the log says %d times that events are left out", tt.name, n)
			}
			close(open)
			if err := l.close(t.Context()); err != nil || l.figures().Waiting != 0 || l.held.Load() != 0 {
				t.Errorf("%s: %+v, %v", tt.name, l.figures(), err)
			}
			l.add("c", &event{})
			if f := l.figures(); f.LeftOut != 101-tt.messages-tt.ending || f.Waiting != 0 {
				t.Errorf("%s: after the end %+v", tt.name, f)
			}
		}
	})
}

// Close does not wait longer than it is told to for a backend that is gone, whatever it is waiting for itself.
func TestCloseGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, deliver := range map[string]func(context.Context, *event) error{
			"one that fails":      func(context.Context, *event) error { return errors.New("gone") },
			"one that says later": func(context.Context, *event) error { return &later{errors.New("busy"), time.Hour} },
			"one that is silent": func(ctx context.Context, _ *event) error {
				<-ctx.Done()
				return ctx.Err()
			},
		} {
			l := newLanes(3, 100, 1<<20, Retries{}, slog.New(slog.DiscardHandler), deliver)
			for i := range 20 {
				l.add(strconv.Itoa(i), &event{})
			}
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			began := time.Now()
			err := l.close(ctx)
			cancel()
			if err != context.DeadlineExceeded || time.Since(began) != 100*time.Millisecond {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
			if f := l.figures(); f.GivenUp != 20 || f.Waiting != 0 {
				t.Errorf("%s: %+v", name, f)
			}
		}
	})
}

func TestComplaintsAreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		var s seldom
		for range 25 { // seconds
			s.log(slog.New(slog.NewTextHandler(&log, nil)), "again")
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "again"); n != 3 {
			t.Errorf("%d in 25 seconds", n)
		}
	})
}
