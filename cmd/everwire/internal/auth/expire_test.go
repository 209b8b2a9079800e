package auth

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// ending is a socket in memory, and when and how its peer saw it end.
type ending struct {
	*websocket.Socket
	began  time.Time
	closed chan websocket.CloseEvent
}

func newEnding(t *testing.T) *ending {
	e := &ending{began: time.Now(), closed: make(chan websocket.CloseEvent, 1)}
	e.Socket, _ = wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
		c.OnClose(func(_ *websocket.Socket, ev websocket.CloseEvent) { e.closed <- ev })
	})
	return e
}

// after checks that the socket ends for an expired token at a time.
func (e *ending) after(t *testing.T, want time.Duration) {
	t.Helper()
	ev := <-e.closed
	if ev.Code != CloseExpired || ev.Reason != "token expired" || !ev.WasClean {
		t.Errorf("it ended with %+v", ev)
	}
	if got := time.Since(e.began); got != want {
		t.Errorf("it ended after %v, want %v", got, want)
	}
}

// stays checks that the socket is open for as long.
func (e *ending) stays(t *testing.T, d time.Duration) {
	t.Helper()
	time.Sleep(d) // of the fake clock
	synctest.Wait()
	if state := e.ReadyState(); state != websocket.Open {
		t.Errorf("after %v it is %v", time.Since(e.began), state)
	}
}

func in(d time.Duration) *Grant { return &Grant{User: "ada", Expires: time.Now().Add(d)} }

func TestExpireClosesAfterTheGrace(t *testing.T) {
	for _, c := range []struct {
		name    string
		expires time.Duration
		grace   time.Duration
		want    time.Duration
	}{
		{"with grace", time.Hour, 30 * time.Second, time.Hour + 30*time.Second},
		{"without", time.Hour, 0, time.Hour},
		{"expired, within the grace", -20 * time.Second, 30 * time.Second, 10 * time.Second},
		{"expired long ago", -time.Hour, 30 * time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEnding(t)
				Expire(e.Socket, in(c.expires), c.grace)
				e.after(t, c.want)
			})
		})
	}
}

func TestWhatNeverExpiresStays(t *testing.T) {
	for _, c := range []struct {
		name  string
		grant *Grant
	}{
		{"nil", nil},
		{"without Expires", &Grant{}},
		{"in the year 9999", &Grant{Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEnding(t)
				Expire(e.Socket, c.grant, time.Minute)
				e.stays(t, 24*time.Hour)
			})
		})
	}
}

func TestANewGrantMovesTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnding(t)
		Expire(e.Socket, in(time.Minute), 30*time.Second)
		e.stays(t, 80*time.Second) // within the grace
		Expire(e.Socket, in(time.Minute), 30*time.Second)
		e.stays(t, 80*time.Second)
		Expire(e.Socket, &Grant{}, 30*time.Second)
		e.stays(t, time.Hour)
		Expire(e.Socket, in(time.Hour), 0)
		Expire(e.Socket, in(time.Minute), 0) // the last call counts, also for less
		e.after(t, 80*time.Second+80*time.Second+time.Hour+time.Minute)
	})
}

func TestTheTimerEndsWithItsSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnding(t)
		Expire(e.Socket, in(time.Hour), 0)
		x := expiryOf(e.Socket)
		e.Close(websocket.CloseNormal, "")
		<-e.closed
		synctest.Wait()
		running := func() bool {
			x.mu.Lock()
			defer x.mu.Unlock()
			return x.timer != nil
		}
		if running() {
			t.Error("it runs after the socket has ended")
		}
		Expire(e.Socket, in(time.Hour), 0)
		if running() {
			t.Error("it runs again")
		}
	})
}

func TestASocketThatHasEndedGetsNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnding(t)
		e.Close(websocket.CloseNormal, "")
		<-e.closed
		synctest.Wait()
		Expire(e.Socket, in(time.Hour), 0)
		if expiryOf(e.Socket).timer != nil {
			t.Error("it runs")
		}
	})
}

func TestExpireMayBeCalledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnding(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { Expire(e.Socket, in(time.Hour), 0) })
		}
		wg.Wait()
		e.after(t, time.Hour)
	})
}

// A new grant can come when the timer of the old one has just fired, and waits for the lock.
func TestAGrantThatComesInTheLastMomentCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnding(t)
		Expire(e.Socket, in(time.Minute), 0)
		x := expiryOf(e.Socket)
		x.mu.Lock()
		time.Sleep(time.Minute) // of the fake clock
		x.timer = nil           // too late to stop it
		x.mu.Unlock()
		e.stays(t, time.Minute)
	})
}
