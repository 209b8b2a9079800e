package nats

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/brokertest"
	natsgo "github.com/nats-io/nats.go"
)

// natsServer finds the program nats-server.
func natsServer(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("nats-server"); err == nil {
		return path
	}
	out, err := exec.Command("go", "env", "GOPATH").Output()
	if err == nil {
		path := filepath.Join(strings.TrimSpace(string(out)), "bin", "nats-server")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal("nats-server is not there, and EVERWIRE_TEST_ALL asks for it: go install github.com/nats-io/nats-server/v2@v2.14.5")
	}
	t.Skip("nats-server is not there")
	return ""
}

// startProgram starts nats-server as a process of its own, and returns its URL.
func startProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := exec.Command(natsServer(t), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", dir)
	stderr, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	addr := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var log strings.Builder // what it said, for the case that it never listens
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), "Listening for client connections on "); ok {
				addr <- at
			}
			log.WriteString(lines.Text() + "\n")
		}
		select {
		case addr <- "": // taken only if it never listened
			t.Log(log.String())
		default:
		}
	}()
	t.Cleanup(func() {
		program.Process.Kill()
		<-ended
		program.Wait()
	})
	select {
	case at := <-addr:
		addr <- at
		if at == "" {
			t.Fatal("nats-server has ended")
		}
		return (&url.URL{Scheme: "nats", Host: at}).String()
	case <-time.After(time.Minute):
		t.Fatal("nats-server does not listen")
	}
	return ""
}

func TestABrokerKeepsThePromisesOnAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	url := startProgram(t)
	brokertest.Run(t, func(t *testing.T, nodes int) []hub.Broker {
		brokers := make([]hub.Broker, nodes)
		for i := range brokers {
			nc, err := Connect(url, nil, natsgo.ErrorHandler(nil))
			if err != nil {
				t.Fatal(err)
			}
			brokers[i] = newBroker(t, nc, &Options{OwnConn: true})
		}
		return brokers
	})
}
