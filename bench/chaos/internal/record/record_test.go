package record_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

func at(ns int64) time.Time { return time.Unix(0, ns) }

func TestWhatIsWrittenIsRead(t *testing.T) {
	dir := t.TempDir()
	m, err := record.NewMember(dir, "m 1", "the room")
	if err != nil {
		t.Fatal(err)
	}
	m.Open(at(1), 2)
	m.Joined(at(2), record.Place{Epoch: "e", Offset: 5}, 3)
	m.Message(at(3), record.Place{Epoch: "e", Offset: 1<<64 - 1}, "an id\n", "", 7, 2)
	m.Closed(at(4), "line lost")
	m.Open(at(5), 0)
	m.TooOld(at(6))
	m.Message(at(7), record.Place{}, "b", "Ada", -1, 4)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := record.NewPublisher(dir, "p", "the room")
	if err != nil {
		t.Fatal(err)
	}
	p.Sent(at(1), 0, "p-0", 0)
	p.Sent(at(2), 0, "p-0", 1)
	p.Ack(at(3), 0, "p-0", record.Place{Epoch: "e", Offset: 9})
	p.Sent(at(4), 1, "p-1", 1)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	faults := []record.Fault{{Kind: "kill 1", From: 1, To: 2}, {Kind: "stop", From: 3, To: 4}}
	if err := record.WriteFaults(dir, faults); err != nil {
		t.Fatal(err)
	}

	got, err := record.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := &record.Run{
		Members: []*record.Member{{Name: "m 1", Room: "the room", Opened: 2, Joined: 1, TooOld: 1, Messages: []record.Message{
			{Time: 3, Node: 2, At: record.Place{Epoch: "e", Offset: 1<<64 - 1}, ID: "an id\n", Number: 7, Sent: 2},
			{Time: 7, Node: 0, ID: "b", Publisher: "Ada", Number: -1, Sent: 4},
		}}},
		Publishers: []*record.Publisher{{Name: "p", Room: "the room", Messages: []record.Sent{
			{ID: "p-0", Attempts: 2, Node: 1, First: 1, Acked: 3, At: record.Place{Epoch: "e", Offset: 9}},
			{ID: "p-1", Number: 1, Attempts: 1, Node: 1, First: 4},
		}}},
		Faults: faults,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read was\n%+v\nwant\n%+v", got, want)
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	for _, text := range []string{
		"hello\n", "member =a\n", "member a =b\n", "member =a =b =c\n", "member =a =b\nmessage 1 =e 1 =id =p 0\n", "member =a =b\nfly 1\n",
		"member =a =b\nopen x 1\n", "publisher =a =b\nack 1 0 =id =e 1\n", "publisher =a =b\nopen 1 0 =id\n", "member =%zz =b\n",
		"fault 1 2 =x\nopen 1 2\n", "\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := record.Read(dir); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
