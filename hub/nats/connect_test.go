package nats

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

func TestConnectSaysThatNobodyIsThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = Connect("nats://"+l.Addr().String(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "hub/nats: no connection to NATS: ") {
		t.Errorf("the error is %v", err)
	}
}

func TestConnectMayBeginWithoutAServer(t *testing.T) {
	var p place
	nc, err := Connect("nats://in-process", nil, natsgo.InProcessServer(&p), natsgo.RetryOnFailedConnect(true),
		natsgo.ReconnectWait(5*time.Millisecond), natsgo.ReconnectJitter(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	b := newBroker(t, nc, &Options{OwnConn: true})
	if b.Err() == nil {
		t.Error("Err is nil, but there is no server")
	}
	plain := hub.Room{Name: "blue"}
	rec, _ := follow(t, b, plain)
	p.put(startServer(t, t.TempDir()))
	publishUntil(t, b, plain, "x")
	rec.isTold(t, "x")
}

func TestNothingIsHeldBackToBeSentLater(t *testing.T) {
	s := startServer(t, t.TempDir())
	if nc := connect(t, s); nc.Opts.ReconnectBufSize >= 0 || nc.Opts.MaxReconnect >= 0 {
		t.Errorf("up to %d octets are held back, and %d attempts are made", nc.Opts.ReconnectBufSize, nc.Opts.MaxReconnect)
	}
}
