package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) {
	if os.Getenv("CHECK_MAIN") != "" {
		main()
		os.Exit(0)
	}
	leak.VerifyTestMain(m)
}

// perfect is a run of two rooms with two publishers and three members each, as it should be. The last message
// of each publisher was not acknowledged; in room 0 it was taken.
func perfect() *record.Run {
	run := &record.Run{}
	for r := range 2 {
		name := fmt.Sprint("room", r)
		var sequence []record.Message
		var publishers []*record.Publisher
		for p := range 2 {
			publishers = append(publishers, &record.Publisher{Name: fmt.Sprintf("p%d.%d", r, p), Room: name})
		}
		offset := uint64(10)
		for n := range 5 {
			for p, publisher := range publishers {
				offset += uint64(1 + n%2)
				at := record.Place{Epoch: "e", Offset: offset}
				id := fmt.Sprintf("%s-%d", publisher.Name, n)
				s := record.Sent{ID: id, Number: n, Attempts: 1, Node: p, First: int64(n * 1000), Acked: int64(n*1000 + 500), At: at}
				if n == 4 {
					s.Acked, s.At = 0, record.Place{}
				}
				publisher.Messages = append(publisher.Messages, s)
				if n < 4 || r == 0 {
					sequence = append(sequence, record.Message{Time: int64(n*1000 + 700), At: at, ID: id, Publisher: publisher.Name, Number: n, Sent: int64(n * 1000)})
				}
			}
		}
		run.Publishers = append(run.Publishers, publishers...)
		for m := range 3 {
			run.Members = append(run.Members, &record.Member{
				Name: fmt.Sprintf("m%d.%d", r, m), Room: name, Opened: 1, Joined: 1, Messages: slices.Clone(sequence),
			})
		}
	}
	return run
}

func TestAFaultThatIsPlantedIsFound(t *testing.T) {
	tests := []struct {
		name  string
		plant func(r *record.Run)
		want  verdict // what is wrong
		bad   bool
	}{
		{"nothing", func(*record.Run) {}, verdict{}, false},
		{"a member lacks one", func(r *record.Run) { m := r.Members[1]; m.Messages = slices.Delete(m.Messages, 2, 3) }, verdict{gaps: 1}, true},
		{"all lack one", func(r *record.Run) {
			for _, m := range r.Members[:3] {
				m.Messages = slices.Delete(m.Messages, 0, 1)
			}
		}, verdict{gaps: 3}, true},
		{"a member has nothing", func(r *record.Run) { r.Members[4].Messages = nil }, verdict{gaps: 8}, true},
		{"a member lacks the last that was acknowledged", func(r *record.Run) { m := r.Members[4]; m.Messages = m.Messages[:7] }, verdict{gaps: 1}, true},
		{"a member lacks one that was not acknowledged, and others have", func(r *record.Run) { m := r.Members[0]; m.Messages = m.Messages[:9] }, verdict{disagreement: 1}, true},
		{"all lack one that was not acknowledged", func(r *record.Run) {
			for _, m := range r.Members[:3] {
				m.Messages = m.Messages[:9]
			}
		}, verdict{}, false},
		{"one comes twice at once", func(r *record.Run) { m := r.Members[1]; m.Messages = slices.Insert(m.Messages, 3, m.Messages[2]) }, verdict{duplicates: 1}, true},
		{"one comes again at the end", func(r *record.Run) { m := r.Members[1]; m.Messages = append(m.Messages, m.Messages[2]) }, verdict{duplicates: 1}, true},
		{"one is in the log twice", func(r *record.Run) {
			for _, m := range r.Members[:3] {
				again := m.Messages[2]
				again.At.Offset = 100
				m.Messages = append(m.Messages, again)
			}
		}, verdict{duplicates: 3}, true},
		{"two of one publisher change places for a member", func(r *record.Run) {
			m := r.Members[1].Messages
			m[2], m[4] = m[4], m[2]
		}, verdict{disorder: 2}, true},
		{"two neighbours change places for a member", func(r *record.Run) { m := r.Members[1].Messages; m[2], m[3] = m[3], m[2] }, verdict{disorder: 1}, true},
		{"two of different publishers change places, their positions do not", func(r *record.Run) {
			m := r.Members[1].Messages
			m[2], m[3] = m[3], m[2]
			m[2].At, m[3].At = m[3].At, m[2].At
		}, verdict{disagreement: 2}, true},
		{"of what was not acknowledged a member has another order", func(r *record.Run) {
			m := r.Members[1].Messages
			m[8], m[9] = m[9], m[8]
			m[8].At, m[9].At = m[9].At, m[8].At
		}, verdict{disagreement: 2}, true},
		{"all have one publisher's in another order than they were sent", func(r *record.Run) {
			for _, p := range r.Publishers[:2] {
				for i := range p.Messages {
					p.Messages[i].Acked = 0
				}
			}
			for _, member := range r.Members[:3] {
				m := member.Messages
				m[2], m[4] = m[4], m[2]
				m[2].At, m[4].At = m[4].At, m[2].At
			}
		}, verdict{disorder: 3}, true},
		{"one is not where the acknowledgement says", func(r *record.Run) { r.Publishers[0].Messages[1].At.Offset++ }, verdict{disagreement: 3}, true},
		{"one was acknowledged in another epoch", func(r *record.Run) { r.Publishers[0].Messages[1].At.Epoch = "f" }, verdict{disagreement: 3}, true},
		{"the epoch changes", func(r *record.Run) { // for member and publisher alike
			for _, m := range r.Members[:3] {
				for i := range m.Messages[6:] {
					m.Messages[6+i].At.Epoch = "f"
				}
			}
			for _, p := range r.Publishers[:2] {
				p.Messages[3].At.Epoch = "f"
			}
		}, verdict{disorder: 3}, true},
		{"one is of nobody", func(r *record.Run) {
			m := r.Members[1]
			m.Messages = append(m.Messages, record.Message{At: record.Place{Epoch: "e", Offset: 100}, ID: "x"})
		}, verdict{strangers: 1}, true},
		{"one is of another room", func(r *record.Run) {
			m := r.Members[1]
			m.Messages = append(m.Messages, r.Members[5].Messages[0])
		}, verdict{strangers: 1}, true},
		{"one has another content", func(r *record.Run) { r.Members[1].Messages[3].Number = 7 }, verdict{strangers: 1}, true},
		{"an id is used twice", func(r *record.Run) {
			p := r.Publishers[2]
			p.Messages = append(p.Messages, p.Messages[0])
		}, verdict{strangers: 1}, true},
		{"a position is too old", func(r *record.Run) { r.Members[1].TooOld = 1 }, verdict{tooOld: 1}, true},
		{"nothing was acknowledged", func(r *record.Run) {
			for _, p := range r.Publishers {
				for i := range p.Messages {
					p.Messages[i].Acked = 0
				}
			}
		}, verdict{}, true},
		{"nobody was there", func(r *record.Run) { r.Members = nil }, verdict{}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run := perfect()
			test.plant(run)
			v := judge(run)
			wrong := verdict{
				gaps: v.gaps, duplicates: v.duplicates, disorder: v.disorder, disagreement: v.disagreement, strangers: v.strangers, tooOld: v.tooOld,
			}
			if fmt.Sprint(wrong) != fmt.Sprint(test.want) || v.good() == test.bad {
				t.Errorf("found is %+v, good is %v; want %+v, bad %v\n%s", wrong, v.good(), test.want, test.bad, strings.Join(v.examples, "\n"))
			}
		})
	}
}

func TestFiguresAreThoseOfTheRecord(t *testing.T) {
	run := perfect()
	run.Members[0].Opened = 4
	run.Publishers[0].Messages[0].Attempts = 3
	v := judge(run)
	got := fmt.Sprint(v.rooms, v.members, v.publishers, v.published, v.attempts, v.acked, v.received, v.connections-v.members)
	if want := fmt.Sprint(2, 6, 4, 20, 22, 16, 54, 3); got != want {
		t.Errorf("figures are %s, want %s", got, want)
	}
	// Members are at node 0, so that the second publisher of each room, at node 1, counts.
	if n := len(v.latency.all); n != 27 || v.latency.all[0] != 700*time.Nanosecond {
		t.Errorf("%d latencies are known, the least %v", n, v.latency.all[0])
	}
	if len(v.latency.calm) != 27 {
		t.Errorf("%d are of times without faults", len(v.latency.calm))
	}
	run.Faults = []record.Fault{{Kind: "kill", From: 0, To: 1}}
	if v := judge(run); len(v.latency.calm) != 0 {
		t.Errorf("%d are of times without faults, right after one", len(v.latency.calm))
	}
}

// TestTheProgramsStatus runs the checker as a process, on records in files.
func TestTheProgramsStatus(t *testing.T) {
	write := func(gap bool) string {
		dir := t.TempDir()
		m, err := record.NewMember(dir, "m", "r")
		if err != nil {
			t.Fatal(err)
		}
		p, err := record.NewPublisher(dir, "p", "r")
		if err != nil {
			t.Fatal(err)
		}
		m.Open(time.Now(), 0)
		for n := range 3 {
			id, at := fmt.Sprint("p-", n), record.Place{Epoch: "e", Offset: uint64(n + 1)}
			p.Sent(time.Now(), n, id, 1)
			p.Ack(time.Now(), n, id, at)
			if !gap || n != 1 {
				m.Message(time.Now(), at, id, "p", n, 0)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, test := range []struct {
		name string
		args []string
		want int
		says string
	}{
		{"good", []string{write(false)}, 0, "every member has exactly what was acknowledged"},
		{"a gap", []string{write(true)}, 1, "NOT as it must be"},
		{"nothing", []string{t.TempDir()}, 1, "nothing is proven"},
		{"no directory", []string{"/nonexistent"}, 2, "no such file"},
		{"no argument", nil, 2, "give the directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], test.args...)
			cmd.Env = append(os.Environ(), "CHECK_MAIN=1")
			out, err := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != test.want || !strings.Contains(string(out), test.says) {
				t.Errorf("status %d, %v:\n%s\nwant status %d and %q", got, err, out, test.want, test.says)
			}
		})
	}
}
