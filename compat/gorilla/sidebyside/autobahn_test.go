package sidebyside

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

// TestGorillasOwnAutobahnServer judges, by our suite, the program that gorilla's package brings along to be judged by the
// classic one, as it is: its verdicts are those that the classic suite came to.
func TestGorillasOwnAutobahnServer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "autobahn")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/gorilla/websocket/examples/autobahn").CombinedOutput(); err != nil {
		t.Fatalf("cannot build it: %v\n%s", err, out)
	}
	addr := startAutobahn(t, program)
	recorded := verdicts(t, "gorilla")
	for _, path := range []string{"/m", "/p"} { // those that check UTF-8 in whole messages, as the recorded server did
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel() // some cases wait until their patience ends
			results, err := conformance.RunServer(t.Context(), "ws://"+addr+path, &conformance.Options{
				Cases: "1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*", Patience: 10 * time.Second, Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				got := [2]string{string(r.Behavior), string(r.Close)}
				if want, ok := recorded[r.Case.ID]; !ok || got != want {
					t.Errorf("case %s: %v, the classic suite's verdict was %v (%s; %s)", r.Case.ID, got, want, r.Reason, r.CloseReason)
				}
			}
			if len(results) != 16+11+7+10+20+145+37+1 {
				t.Errorf("%d results", len(results))
			}
		})
	}
}

// startAutobahn runs the program, which cannot say which port it took, on one that is free.
func startAutobahn(t *testing.T, program string) (addr string) {
	t.Helper()
	for range 20 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := ln.Addr().String()
		ln.Close()
		cmd := exec.Command(program, "-addr", addr)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			cmd.Wait() // at once if another program was faster to take the port
			close(ended)
		}()
		stop := func() {
			cmd.Process.Kill()
			<-ended
		}
		if answers(addr, ended) {
			t.Cleanup(stop)
			return addr
		}
		stop()
	}
	t.Fatal("it never listened")
	return ""
}

// answers waits until somebody listens at addr, or the program has ended.
func answers(addr string, ended <-chan struct{}) bool {
	for {
		if nc, err := net.Dial("tcp", addr); err == nil {
			nc.Close()
			select {
			case <-ended:
				return false // it was another one
			default:
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// verdicts reads what the classic suite found of a library.
func verdicts(t *testing.T, library string) map[string][2]string {
	t.Helper()
	f, err := os.Open("../../../conformance/testdata/classic-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][2]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			ID       string
			Verdicts map[string][2]string
		}
		if json.Unmarshal([]byte(strings.TrimRight(lines.Text(), ", ")), &row) == nil && row.ID != "" {
			all[row.ID] = row.Verdicts[library]
		}
	}
	if len(all) != 517 {
		t.Fatalf("%d cases are recorded, not 517", len(all))
	}
	return all
}
