package conformance_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/internal/brokenpeer"
)

// brokenCases are the cases that peers are asked here: those that do not move much data.
func brokenCases(role conformance.Peer) (ids []string) {
	for _, c := range conformance.Cases(role) {
		if !c.Alone && !slices.Contains(longFamilies, c.Family()) && !c.Has(conformance.Flood) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// long reports whether there is time. There is none for all cases with all faults every day.
func long() bool { return os.Getenv("EVERWIRE_LONG") == "1" }

// runBroken asks a peer with a fault the cases, in one of its roles.
func runBroken(t *testing.T, fault brokenpeer.Fault, role conformance.Peer, opts *conformance.Options) []*conformance.Result {
	t.Helper()
	var results []*conformance.Result
	var err error
	if role == conformance.Server {
		srv, listenErr := brokenpeer.Listen(fault)
		if listenErr != nil {
			t.Fatal(listenErr)
		}
		defer srv.Close()
		results, err = conformance.RunServer(t.Context(), srv.URL, opts)
	} else {
		results, err = conformance.RunClient(t.Context(), func(ctx context.Context, url string) error {
			return brokenpeer.Run(ctx, url, fault)
		}, opts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func roleName(role conformance.Peer) string {
	if role == conformance.Server {
		return "server"
	}
	return "client"
}

// inOrder has the peer without a fault be asked the cases, once.
var inOrder = map[conformance.Peer]func(*testing.T) map[string]*asked{
	conformance.Server: askOnce(conformance.Server),
	conformance.Client: askOnce(conformance.Client),
}

func askOnce(role conformance.Peer) func(*testing.T) map[string]*asked {
	var once sync.Once
	cases := map[string]*asked{}
	return func(t *testing.T) map[string]*asked {
		once.Do(func() {
			for _, r := range runBroken(t, brokenpeer.None, role, &conformance.Options{Cases: strings.Join(brokenCases(role), ","), Patience: patient, Timeout: atMost}) {
				cases[r.Case.ID] = newAsked(r, role == conformance.Server)
			}
		})
		return cases
	}
}

func TestBrokenPeerWithoutAFaultIsClean(t *testing.T) {
	for role, ask := range inOrder {
		t.Run(roleName(role), func(t *testing.T) {
			t.Parallel()
			for _, a := range ask(t) {
				if !a.Good() {
					t.Errorf("%s", a.Result)
				}
			}
		})
	}
}

// TestBroken proves that the suite can fail: it asks peers the cases that have one fault each, and those
// cases must turn red that are about it, and no other.
func TestBroken(t *testing.T) {
	type job struct {
		breach *breach
		role   conformance.Peer
	}
	var jobs []job
	var mu sync.Mutex // guards results
	results := map[job][]*conformance.Result{}
	for i := range breaches {
		for _, role := range []conformance.Peer{server, client} {
			if breaches[i].roles&role != 0 {
				jobs = append(jobs, job{&breaches[i], role})
			}
		}
	}
	for _, role := range []conformance.Peer{server, client} {
		inOrder[role](t)
	}
	// They wait more than they work, so that more of them run at a time than there are processors.
	each(12, jobs, func(n int, j job) {
		r := runBroken(t, j.breach.fault, j.role, &conformance.Options{Cases: j.breach.cases(j.role, inOrder[j.role](t), n), Patience: patience, Parallel: 40})
		mu.Lock()
		defer mu.Unlock()
		results[j] = r
	})
	// All at once, they may wait for one another longer than the patience is. What is in doubt is not asked so.
	each(2, jobs, func(_ int, j job) {
		mu.Lock()
		r := results[j]
		mu.Unlock()
		r = j.breach.again(t, j.role, r)
		mu.Lock()
		defer mu.Unlock()
		results[j] = r
	})
	for _, j := range jobs {
		t.Run(string(j.breach.fault)+"/"+roleName(j.role), func(t *testing.T) { j.breach.check(t, j.role, results[j]) })
	}
}

// each does something for each of a list, so many at a time.
func each[T any](atATime int, list []T, do func(int, T)) {
	var working sync.WaitGroup
	places := make(chan struct{}, atATime)
	for i, e := range list {
		places <- struct{}{}
		working.Go(func() {
			defer func() { <-places }()
			do(i, e)
		})
	}
	working.Wait()
}

// TestBreachesNameCases keeps their lists from outliving what these are about.
func TestBreachesNameCases(t *testing.T) {
	for _, b := range breaches {
		var asked []string
		for _, role := range []conformance.Peer{server, client} {
			if b.roles&role != 0 {
				asked = append(asked, brokenCases(role)...)
			}
		}
		for _, list := range []map[string]string{b.except, b.chance} {
			for name := range list {
				if id := name[strings.LastIndex(name, " ")+1:]; !slices.Contains(asked, id) {
					t.Errorf("with the fault %q no case %s is asked", b.fault, name)
				}
			}
		}
	}
}

// patience is short: a broken peer leaves the suite waiting again and again.
const patience = time.Second

// why returns why it is otherwise with a case, or "". An ID may have a role before it.
func (b *breach) why(role conformance.Peer, id string) string {
	if w := b.except[id]; w != "" {
		return w
	}
	return b.except[roleName(role)+" "+id]
}

// should reports whether a case must turn red.
func (b *breach) should(role conformance.Peer, a *asked) bool {
	return b.red(a) != (b.why(role, a.Case.ID) != "")
}

// again has those cases asked again that are not as they should be, few at a time, and with more patience: as much as the
// suite usually has where they should turn red, and no end of it where they should not. What comes of that counts.
func (b *breach) again(t *testing.T, role conformance.Peer, results []*conformance.Result) []*conformance.Result {
	all := inOrder[role](t)
	differ := func(r *conformance.Result) bool {
		id := r.Case.ID
		return b.chance[id] == "" && r.Good() == b.should(role, all[id]) && (!b.some || !r.Good())
	}
	var green, red []string // which they are not, and should be
	for _, r := range results {
		switch {
		case !differ(r):
		case r.Good():
			red = append(red, r.Case.ID)
		default:
			green = append(green, r.Case.ID)
		}
	}
	results = slices.DeleteFunc(results, differ)
	for _, list := range []struct {
		ids  []string
		opts conformance.Options
	}{{red, conformance.Options{}}, {green, conformance.Options{Patience: patient, Timeout: atMost}}} {
		if len(list.ids) == 0 {
			continue
		}
		list.opts.Cases = strings.Join(list.ids, ",")
		t.Logf("%s as a %s: asked again are %s", b.fault, roleName(role), list.opts.Cases)
		results = append(results, runBroken(t, b.fault, role, &list.opts)...)
	}
	return results
}

// cases chooses what a peer with the fault is asked: with EVERWIRE_LONG=1 all cases, and else some of those
// that must turn red, and some of those that must not. Which those are is another for each n.
func (b *breach) cases(role conformance.Peer, all map[string]*asked, n int) string {
	var red, other, chosen []string
	for _, id := range brokenCases(role) {
		if b.red(all[id]) || b.why(role, id) != "" || b.chance[id] != "" {
			red = append(red, id)
		} else {
			other = append(other, id)
		}
	}
	mostRed, mostOther := 40, 100
	if conformance.RaceDetector {
		mostRed, mostOther = 5, 10
	}
	if b.some { // and it may be few
		mostRed = len(red)
	}
	for _, list := range []struct {
		ids  []string
		most int
	}{{red, mostRed}, {other, mostOther}} {
		step := (len(list.ids) + list.most - 1) / max(1, list.most)
		for i, id := range list.ids {
			if long() || (i+n)%step == 0 {
				chosen = append(chosen, id)
			}
		}
	}
	return strings.Join(chosen, ",")
}

// check compares the cases that turned red with those that should.
func (b *breach) check(t *testing.T, role conformance.Peer, results []*conformance.Result) {
	cases := inOrder[role](t)
	red := 0
	for _, r := range results {
		if !r.Good() {
			red++
		}
		id := r.Case.ID
		is, should := !r.Good(), b.red(cases[id])
		why := b.why(role, id)
		switch {
		case b.chance[id] != "":
		case is == should && why != "":
			t.Errorf("case %s is as it should be, and is said not to be: %s", id, why)
		case is == should || why != "" || b.some && should:
		case is:
			t.Errorf("case %s (%s) turned red, and is not about it: %s (%s), %s (%s)", id, r.Case.Name, r.Behavior, r.Reason, r.Close, r.CloseReason)
		default:
			t.Errorf("case %s (%s) did not turn red: %s (%s), %s (%s)", id, r.Case.Name, r.Behavior, r.Reason, r.Close, r.CloseReason)
		}
	}
	if red == 0 {
		t.Errorf("no case has shown it")
	}
}
