package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestReconnectingKeepsWhatIsSentOffline(t *testing.T) {
	type send struct{ text, key string }
	for _, test := range []struct {
		name   string
		queue  websocket.Queue
		sends  []send
		errs   string // of the sends that failed
		events string
		come   string
	}{
		{
			name:  "without a bound reached",
			sends: []send{{"a", ""}, {"b", ""}, {"c", ""}},
			come:  "a b c",
		}, {
			name:  "RefuseNewest",
			queue: websocket.Queue{Messages: 2},
			sends: []send{{"a", ""}, {"b", ""}, {"c", ""}},
			errs:  "c", come: "a b",
		}, {
			name:  "RefuseNewest by octets",
			queue: websocket.Queue{Bytes: 5},
			sends: []send{{"123", ""}, {"456", ""}, {"78", ""}},
			errs:  "456", come: "123 78",
		}, {
			name:  "a large one in an empty queue",
			queue: websocket.Queue{Bytes: 5},
			sends: []send{{"123456789", ""}, {"0", ""}},
			errs:  "0", come: "123456789",
		}, {
			name:  "DropOldest",
			queue: websocket.Queue{Messages: 2, Full: websocket.DropOldest},
			sends: []send{{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}},
			events: "done a: websocket: send queue is full, drop a: websocket: send queue is full, " +
				"done b: websocket: send queue is full, drop b: websocket: send queue is full",
			come: "c d",
		}, {
			name:  "DropOldest by octets",
			queue: websocket.Queue{Bytes: 5, Full: websocket.DropOldest},
			sends: []send{{"1", ""}, {"2", ""}, {"3", ""}, {"4567", ""}},
			events: "done 1: websocket: send queue is full, drop 1: websocket: send queue is full, " +
				"done 2: websocket: send queue is full, drop 2: websocket: send queue is full",
			come: "3 4567",
		}, {
			name:  "ReplaceByKey",
			queue: websocket.Queue{Messages: 3, Full: websocket.ReplaceByKey},
			sends: []send{{"x1", "x"}, {"y1", "y"}, {"x2", "x"}, {"x3", "x"}, {"y2", "y"}, {"y3", "y"}, {"z1", "z"}, {"none", ""}},
			errs:  "none",
			events: "done x1: replaced, drop x1: replaced, done x2: replaced, drop x2: replaced, " +
				"done y1: replaced, drop y1: replaced, done y2: replaced, drop y2: replaced",
			come: "x3 y3 z1",
		}, {
			name:   "Conflate",
			queue:  websocket.Queue{Full: websocket.Conflate},
			sends:  []send{{"x1", "x"}, {"y1", "y"}, {"none", ""}, {"x2", "x"}},
			events: "done x1: replaced, drop x1: replaced",
			come:   "y1 none x2",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				j := newJournal()
				var came []string
				p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
					s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { came = append(came, m.Text()) })
				}))
				p.down.Store(true)
				p.opts.Queue = test.queue
				rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
					rs.OnDrop(func(_ *websocket.ReconnectingSocket, d websocket.Drop) {
						j.note(fmt.Sprintf("drop %s: %v", d.Message.Text(), d.Reason))
					})
				})
				time.Sleep(time.Minute)
				var failed []string
				left := int64(0)
				for _, m := range test.sends {
					err := rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(m.text), Key: m.key, Done: func(err error) {
						if err != nil {
							j.note(fmt.Sprintf("done %s: %v", m.text, err))
						}
					}})
					if err != nil {
						failed = append(failed, m.text)
						equal(t, "the error", err, websocket.ErrQueueFull)
					}
				}
				synctest.Wait()
				for _, text := range strings.Fields(test.come) {
					left += int64(len(text))
				}
				equal(t, "refused", strings.Join(failed, " "), test.errs)
				equal(t, "BufferedAmount", rs.BufferedAmount(), left)
				p.down.Store(false)
				must(t, rs.Flush(t.Context()))
				synctest.Wait()
				equal(t, "what came", strings.Join(came, " "), test.come)
				equal(t, "BufferedAmount in the end", rs.BufferedAmount(), 0)
				events := strings.ReplaceAll(strings.Join(j.now(), ", "), websocket.ErrReplaced.Error(), "replaced")
				equal(t, "events", events, test.events)
			})
		})
	}
}

func TestReconnectingSendsWhatOnOpenSendsOnTheSocketFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if j.note(fmt.Sprint(n, " ", m.Text())); m.Text() == "last" {
					s.Close(1001, "")
				}
			})
		}))
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.SendText("queued")
			rs.OnOpen(func(rs *websocket.ReconnectingSocket, s *websocket.Socket) {
				equal(t, "state in OnOpen", rs.ReadyState(), websocket.Open)
				if rs.Socket() != s {
					t.Error("Socket is not the one that opened")
				}
				time.Sleep(time.Second) // the queue waits
				rs.SendText("behind")
				s.SendText("subscribe")
			})
		})
		j.waitFor(t, "1 behind")
		rs.SendText("last")
		j.waitFor(t, "2 behind")
		equal(t, "what came", strings.Join(j.now(), ", "), "1 subscribe, 1 queued, 1 behind, 1 last, 2 subscribe, 2 behind")
	})
}

// A message that is cut off in the middle is sent again, and first; one that the system has taken never is, even if
// it did not arrive.
func TestReconnectingSendsAgainWhatHadNotLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		blind := make(chan *wstest.PipeConn, 1)
		p := newPlace(t, func(n int32, w http.ResponseWriter, r *http.Request) {
			if n > 1 {
				sockets(t, func(_ int32, s *websocket.Socket) {
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { j.note("came " + short(m.Text())) })
				})(n, w, r)
				return
			}
			nc, brw, err := http.NewResponseController(w).Hijack() // never reads
			must(t, err)
			fmt.Fprint(brw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Accept: "+handshake.Accept(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
			brw.Flush()
			blind <- nc.(*wstest.PipeConn)
		}, wstest.PipeSize(1000))
		rs := p.connect(t, nil)
		send := func(text string) {
			must(t, rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(text), Done: func(err error) {
				j.note(fmt.Sprintf("done %s: %v", short(text), err))
			}}))
		}
		nc := <-blind
		send("taken")
		synctest.Wait()
		equal(t, "what left", j.now(), []string{"done taken: <nil>"})
		large := strings.Repeat("x", 3000)
		send(large)
		send("behind")
		synctest.Wait()
		equal(t, "BufferedAmount", rs.BufferedAmount(), 3006)
		nc.SetLinger(0)
		nc.Close()
		must(t, rs.Flush(t.Context()))
		synctest.Wait()
		equal(t, "done", count(j.now(), "done"), 3)
		entries := j.now()
		var came []string
		for _, e := range entries {
			if strings.HasPrefix(e, "came") {
				came = append(came, e)
			}
		}
		equal(t, "what came", came, []string{"came " + short(large), "came behind"})
		equal(t, "what was refused", count(entries, "done xxx")+count(entries, "done behind: <nil>"), 2)
	})
}

func TestReconnectingCloseSendsWhatWaitsFirst(t *testing.T) {
	for _, test := range []struct {
		name  string
		close func(rs *websocket.ReconnectingSocket, s *websocket.Socket)
	}{
		{"in OnOpen", func(rs *websocket.ReconnectingSocket, s *websocket.Socket) { rs.Close(1000, "") }},
		{"while the queue flows", func(rs *websocket.ReconnectingSocket, s *websocket.Socket) {
			time.AfterFunc(50*time.Millisecond, func() { rs.Close(1000, "") })
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var came []string
				p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { came = append(came, m.Text()) })
				}))
				p.wrap = func(_ int32, nc net.Conn) net.Conn {
					f := wstest.Faulty(nc)
					f.Writes().Delay(10 * time.Millisecond)
					return f
				}
				done := 0
				var want []string
				flushed := make(chan error, 1)
				rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
					for i := range 20 {
						want = append(want, fmt.Sprint(i))
						must(t, rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(want[i]), Done: func(err error) {
							must(t, err)
							done++
						}}))
					}
					rs.OnOpen(test.close)
					rs.OnDrop(func(_ *websocket.ReconnectingSocket, d websocket.Drop) { t.Errorf("%s was dropped", d.Message.Text()) })
				})
				go func() { flushed <- rs.Flush(context.Background()) }()
				must(t, <-flushed)
				<-rs.Context().Done()
				synctest.Wait()
				equal(t, "what came", came, want)
				equal(t, "done", done, 20)
				equal(t, "BufferedAmount", rs.BufferedAmount(), 0)
			})
		})
	}
}

func TestReconnectingReportsWhatTheEndFindsUnsent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, nil)
		p.down.Store(true)
		rs := p.connect(t, j.follow)
		for _, text := range []string{"a", "b"} {
			must(t, rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(text), Done: func(err error) {
				j.note(fmt.Sprintf("done %s: %v", text, err))
			}}))
		}
		flushed := make(chan error)
		go func() { flushed <- rs.Flush(context.Background()) }()
		time.Sleep(time.Minute)
		must(t, rs.Close(1000, ""))
		equal(t, "Flush", <-flushed, websocket.ErrClosed)
		equal(t, "Flush after the end", rs.Flush(context.Background()), websocket.ErrClosed)
		entries := j.waitFor(t, "end")
		equal(t, "events", strings.Join(entries[len(entries)-5:], ", "), "done a: websocket: closed, drop a: websocket: closed, "+
			"done b: websocket: closed, drop b: websocket: closed, end <nil>")
		equal(t, "BufferedAmount", rs.BufferedAmount(), 0)
	})
}

func TestReconnectingDropsThatAreNotToldYetAreBounded(t *testing.T) {
	const messages = 3000
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		p.opts.Queue = websocket.Queue{Messages: 2, Full: websocket.DropOldest}
		goOn := make(chan struct{})
		full, told, closed, ended := 0, 0, 0, make(chan struct{})
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnDrop(func(_ *websocket.ReconnectingSocket, d websocket.Drop) {
				if errors.Is(d.Reason, websocket.ErrClosed) {
					closed++
					return
				}
				equal(t, "message", d.Message.Text(), fmt.Sprint(told))
				if full, told = full+1+d.Untold, told+1; told == 1 {
					<-goOn
				}
			})
			rs.OnEnd(func(*websocket.ReconnectingSocket, error) { close(ended) })
		})
		for i := range messages {
			must(t, rs.SendText(fmt.Sprint(i)))
			synctest.Wait()
		}
		must(t, rs.Close(1000, ""))
		close(goOn)
		<-ended
		equal(t, "dropped", full, messages-2)
		equal(t, "told", told, 1+1024)
		equal(t, "unsent at the end", closed, 2)
	})
}

func TestReconnectingFlush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		came := 0
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnMessage(func(*websocket.Socket, websocket.Message) { came++ })
		}))
		p.down.Store(true)
		p.opts.Queue = websocket.Queue{Messages: 2, Full: websocket.DropOldest}
		rs := p.connect(t, nil)
		must(t, rs.Flush(context.Background())) // nothing was sent

		rs.SendText("a")
		rs.SendText("b")
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := rs.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a connection: %v", err)
		}

		flushed := make(chan error, 1)
		go func() { flushed <- rs.Flush(context.Background()) }()
		synctest.Wait()
		rs.SendText("c")
		rs.SendText("d") // a and b were dropped
		synctest.Wait()
		select {
		case err := <-flushed:
			must(t, err)
		default:
			t.Error("Flush waits for messages that were dropped")
		}

		p.down.Store(false)
		must(t, rs.Flush(context.Background()))
		synctest.Wait()
		equal(t, "what came", came, 2)
	})
}

func TestReconnectingFlushInAListener(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.SendText("go") })
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { j.note("came " + m.Text()) })
		}))
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnMessage(func(rs *websocket.ReconnectingSocket, _ websocket.Message) {
				for i := range 3 {
					rs.SendText(fmt.Sprint(i))
				}
				must(t, rs.Flush(context.Background()))
				j.note("flushed")
			})
		})
		j.waitFor(t, "flushed")
		j.waitFor(t, "came 2")
	})
}

func TestReconnectingSendRefusesWhatIsNoMessage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		rs := p.connect(t, nil)
		equal(t, "text that is not UTF-8", rs.SendText("\xff"), websocket.ErrInvalidUTF8)
		if err := rs.SendWith(websocket.Outgoing{Type: 7}); err == nil {
			t.Error("an unknown type is taken")
		}
		equal(t, "BufferedAmount", rs.BufferedAmount(), 0)
	})
}

// What the program sends on the Socket itself, and more than its queue takes, does not disturb the queue above it.
func TestReconnectingBesideAFullSocket(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var came []string
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
				if m.Type() == websocket.Text {
					came = append(came, m.Text())
				}
			})
		}))
		p.wrap = func(_ int32, nc net.Conn) net.Conn {
			f := wstest.Faulty(nc)
			f.Writes().Delay(time.Millisecond)
			return f
		}
		p.opts.Queue = websocket.Queue{Messages: 5, Full: websocket.DropOldest}
		var want []string
		full := false
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			for i := range 5 {
				want = append(want, fmt.Sprint(i))
				rs.SendText(want[i])
			}
			rs.OnOpen(func(_ *websocket.ReconnectingSocket, s *websocket.Socket) {
				for range 100 { // one batch of them is being written, for 1 ms
					full = s.Send(nil) != nil || full
				}
			})
		})
		must(t, rs.Flush(context.Background()))
		synctest.Wait()
		equal(t, "what came", came, want)
		equal(t, "the socket's queue was full", full, true)
	})
}
