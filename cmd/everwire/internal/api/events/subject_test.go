package events

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestSubjectPublishesInOrder(t *testing.T) {
	type said struct {
		subject string
		body    body
	}
	var all []said
	failed := false
	s, err := NewSubject(SubjectOptions{Node: "n1", Retries: quick, Publish: func(subject string, data []byte) error {
		if !failed {
			failed = true
			return errors.New("reconnecting")
		}
		var b body
		if err := json.Unmarshal(data, &b); err != nil {
			return err
		}
		all = append(all, said{subject, b})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := &Connection{ID: "c1"}
	if w, err := s.Connect(t.Context(), c); err != nil || w != (Welcome{}) {
		t.Errorf("%v, %v", w, err)
	}
	for i := range 100 {
		s.Message(c, &hub.Message{Room: "blue", Data: []byte(strconv.Itoa(i))})
	}
	s.Disconnect(c, websocket.CloseEvent{Code: 1006})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for i, a := range all {
		if a.body.Data.Number != int64(i+1) || a.body.Data.Node != "n1" {
			t.Errorf("event %d is %+v", i, a.body)
		}
		text := a.subject
		if a.body.Data.Message != nil {
			text += string(a.body.Data.Message.Data)
		}
		got = append(got, text)
	}
	want = append(want, "everwire.events.connect")
	for i := range 100 {
		want = append(want, "everwire.events.message"+strconv.Itoa(i))
	}
	want = append(want, "everwire.events.disconnect")
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if f := s.Figures(); f != (Figures{Delivered: 102, Retried: 1}) {
		t.Errorf("%+v", f)
	}
}

// A connection's messages may be told of at once, as those to different rooms are.
func TestNumbersHaveTheOrderOfTheEvents(t *testing.T) {
	var numbers []int64
	s, err := NewSubject(SubjectOptions{Queue: 10000, Publish: func(_ string, data []byte) error {
		var b body
		if err := json.Unmarshal(data, &b); err != nil {
			t.Error(err)
		}
		numbers = append(numbers, b.Data.Number)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := &Connection{ID: "c1"}
	var rooms sync.WaitGroup
	for range 8 {
		rooms.Go(func() {
			for range 250 {
				s.Message(c, &hub.Message{Room: "blue", Data: []byte("1")})
			}
		})
	}
	rooms.Wait()
	if err := s.Close(t.Context()); err != nil || len(numbers) != 2000 {
		t.Fatalf("%d events were published, %v", len(numbers), err)
	}
	for i, n := range numbers {
		if n != int64(i+1) {
			t.Fatalf("event %d has number %d", i+1, n)
		}
	}
}

func TestSubjectAsks(t *testing.T) {
	for _, tt := range []struct {
		name, reply string
		fail        error
		want        Welcome
		refused     int
		text        string
	}{
		{"yes", "", nil, Welcome{}, 0, ""},
		{"yes, and who it is", `{"user":"ada"}`, nil, Welcome{User: "ada"}, 0, ""},
		{"yes, with a status", `{"status":200,"name":"Ada"}`, nil, Welcome{Name: "Ada"}, 0, ""},
		{"no", `{"status":403,"text":"not today"}`, nil, Welcome{}, 403, "not today"},
		{"no, without a word", `{"status":401}`, nil, Welcome{}, 401, "sign in first"},
		{"out of order", `{"status":500}`, nil, Welcome{}, 0, "makes no sense"},
		{"nonsense", `+OK`, nil, Welcome{}, 0, "makes no sense"},
		{"too much", strings.Repeat(" ", mostReply+1), nil, Welcome{}, 0, "makes no sense"},
		{"nobody listens", "", errors.New("nats: no responders"), Welcome{}, 0, "no responders"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log safeBuffer
			s, err := NewSubject(SubjectOptions{
				Prefix: "shop", Log: slog.New(slog.NewTextHandler(&log, nil)),
				Publish: func(string, []byte) error { t.Error("published"); return nil },
				Request: func(ctx context.Context, subject string, data []byte) ([]byte, error) {
					if _, bounded := ctx.Deadline(); subject != "shop.connect" || !bounded || !json.Valid(data) {
						t.Errorf("asked %s, bounded: %t: %s", subject, bounded, data)
					}
					return []byte(tt.reply), tt.fail
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(t.Context())
			got, err := s.Connect(t.Context(), &Connection{ID: "c1"})
			var r *Refusal
			f := s.Figures()
			switch {
			case tt.refused != 0:
				if !errors.As(err, &r) || *r != (Refusal{tt.refused, tt.text}) || f.Refused != 1 {
					t.Errorf("%v, %+v", err, f)
				}
			case tt.text != "":
				if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), tt.text) || f.Unasked != 1 || !strings.Contains(log.String(), tt.text) {
					t.Errorf("%v, %+v, %s", err, f, log.String())
				}
			case err != nil || got != tt.want || f != (Figures{}):
				t.Errorf("%+v, %v, %+v", got, err, f)
			}
		})
	}
	if _, err := NewSubject(SubjectOptions{}); err == nil {
		t.Error("without Publish it is taken")
	}
}
