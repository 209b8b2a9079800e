//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/everwire/everwire/bench/internal/proc"
	"github.com/everwire/everwire/internal/testcert"
)

// A lab is where measurements take place.
type lab struct {
	machine          machine
	notes            []string // what is not as it should be
	warmup, duration time.Duration
	idle             int

	serverCores, bothCores []int // empty: anywhere

	trust     *tls.Config
	dir       string // with the files
	cert, key string

	rate float64 // 30 % of the load that gorilla bears on two processors; 0: not known yet
}

// newLab keeps this process to the core for the load.
func newLab(warmup, duration time.Duration, idle int) (*lab, error) {
	l := &lab{machine: describeMachine(), warmup: warmup, duration: duration, idle: idle}
	l.separate()
	l.allow()
	return l, l.certify()
}

// certify makes the certificate for wss.
func (l *lab) certify() (err error) {
	cert := testcert.New("127.0.0.1")
	l.trust = cert.Client()
	if l.dir, err = os.MkdirTemp("", "everwire-bench-"); err != nil {
		return err
	}
	l.cert, l.key = filepath.Join(l.dir, "cert.pem"), filepath.Join(l.dir, "key.pem")
	return errors.Join(os.WriteFile(l.cert, []byte(cert.PEM), 0o600), os.WriteFile(l.key, []byte(cert.Key), 0o600))
}

func (l *lab) close() { os.RemoveAll(l.dir) }

// separate gives the servers one core and the load another one.
func (l *lab) separate() {
	cores, err := proc.Cores()
	if err == nil && len(cores) < 2 {
		err = errors.New("there is one core only")
	}
	if err == nil {
		err = proc.Stay(cores[1:2])
	}
	if err != nil {
		l.notes = append(l.notes, fmt.Sprintf("servers and load share their cores, which distorts figures: %v.", err))
		return
	}
	runtime.GOMAXPROCS(1)
	l.serverCores, l.bothCores = cores[:1], cores[:2]
}

// spare descriptors are those that are not connections.
const spare = 500

// allow has the system allow so many connections, or learns how many it does.
func (l *lab) allow() {
	allowed, err := proc.Descriptors(uint64(l.idle + spare))
	if err != nil {
		l.idle = min(l.idle, int(allowed)-spare)
		l.notes = append(l.notes, fmt.Sprintf("idle connections are measured at %s: %v.", thousands(float64(l.idle)), err))
	}
}
