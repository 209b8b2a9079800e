package deploy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// software is a program that can stand in front of Everwire.
type software struct {
	name   string
	binary string
	start  func(t *testing.T, dir string, at ports, to backends, changes []change) (*process, error)

	// What a change must be made to for a timeout of a second: "" where the program has none.
	idleTimeout string

	reload func(t *testing.T, p *proxy) // and wait until the new configuration is in force
}

// ports are where a program listens: for ws, wss, and wss behind the PROXY protocol.
type ports struct{ http, https, proxied string }

// backends are the addresses of what stands behind.
type backends struct {
	everwire [2]string
	website  string
}

// A proxy is a program that runs with its committed configuration.
type proxy struct {
	*software
	*process
	ports
	dir string
}

var everyone = []*software{nginx, haproxy, caddy}

// behindEach runs a test behind each of the programs.
func behindEach(t *testing.T, test func(t *testing.T, sw *software)) {
	for _, sw := range everyone {
		t.Run(sw.name, func(t *testing.T) {
			sw.find(t)
			test(t, sw)
		})
	}
}

// find skips a test that lacks a program, or fails it where nothing may be skipped.
func (sw *software) find(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(sw.binary); err != nil {
		missing(t, sw.binary+" is not installed")
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	const remedy = `; "make tools" installs it`
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(what + remedy)
	}
	t.Skip(what + remedy)
}

// front starts a program in front of others, with further changes to its configuration.
func (sw *software) front(t *testing.T, to backends, changes ...change) *proxy {
	t.Helper()
	return sw.frontOn(t, "127.0.0.1", to, changes...)
}

// frontOn is front for who takes ws on an address of another kind.
func (sw *software) frontOn(t *testing.T, host string, to backends, changes ...change) *proxy {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o755) // for programs that give up being root
	}
	for range 5 {
		free := freePorts(t, 3)
		at := ports{net.JoinHostPort(host, portOf(free[0])), free[1], free[2]}
		p, err := sw.start(t, dir, at, to, changes)
		if err == nil {
			return &proxy{software: sw, process: p, ports: at, dir: dir}
		}
		if !errors.Is(err, errInUse) {
			t.Fatal(err)
		}
	}
	t.Fatal("every time a port was in use")
	return nil
}

var nginx = &software{
	name: "nginx", binary: "nginx", idleTimeout: "proxy_read_timeout 90s",
	start: func(t *testing.T, dir string, at ports, to backends, changes []change) (*process, error) {
		// The changes of a test are to either file.
		var main, location []change
		for _, c := range changes {
			committed, err := os.ReadFile("nginx/everwire-location.conf")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(committed), c.from) {
				location = append(location, c)
			} else {
				main = append(main, c)
			}
		}
		included := writeFile(t, dir, "location.conf", adapt(t, "nginx/everwire-location.conf", location...))
		main = append(main, nginxPlace(t, dir)...)
		main = append(main,
			change{"listen 80", "listen " + at.http},
			change{"listen 443", "listen " + at.https},
			change{"listen 127.0.0.1:8443", "listen " + at.proxied},
			change{"/etc/ssl/everwire/cert.pem", writeFile(t, dir, "cert.pem", self.PEM)},
			change{"/etc/ssl/everwire/key.pem", writeFile(t, dir, "key.pem", self.Key)},
			change{"/etc/nginx/everwire-location.conf", included},
			change{"access_log /var/log/nginx/access.log everwire;", nginxFolders(dir)},
			change{"127.0.0.1:8080", to.everwire[0]},
			change{"127.0.0.1:8081", to.everwire[1]},
			change{"127.0.0.1:8000", to.website},
		)
		config := writeFile(t, dir, "nginx.conf", adapt(t, "nginx/everwire.conf", main...))
		return run(t, nil, "start worker process", "nginx", "-e", "stderr", "-g", "daemon off;", "-c", config)
	},
	reload: func(t *testing.T, p *proxy) {
		// The workers that there were say that they are shutting down once the new ones are there.
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if err := p.wait("gracefully shutting down"); err != nil {
			t.Fatal(err)
		}
	},
}

// nginxPlace are the changes that either of nginx's configurations needs.
func nginxPlace(t *testing.T, dir string) []change {
	t.Helper()
	place := []change{
		{"worker_rlimit_nofile 131072", "worker_rlimit_nofile 1024"},
		{"worker_connections 65536", "worker_connections 512"},
		{"worker_processes auto", "worker_processes 2"},
		{"pid /run/nginx", "pid " + dir + "/nginx"},
		{"error_log /var/log/nginx/", "error_log stderr notice; #"},
	}
	if os.Getuid() != 0 {
		place = append(place, change{"user www-data;", ""})
	}
	return place
}

// nginxFolders keep what nginx writes into the test's folder, and no log of requests.
func nginxFolders(dir string) string {
	lines := "access_log off;"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		lines += fmt.Sprintf(" %s_temp_path %s;", kind, filepath.Join(dir, kind))
	}
	return lines
}

var haproxy = &software{
	name: "haproxy", binary: "haproxy", idleTimeout: "timeout tunnel 90s",
	start: func(t *testing.T, dir string, at ports, to backends, changes []change) (*process, error) {
		all := append(haproxyPlace(), changes...)
		all = append(all,
			change{"/etc/haproxy/everwire.pem", writeFile(t, dir, "everwire.pem", self.PEM+self.Key)},
			change{"bind :80 ", "bind " + at.http + " "},
			change{"bind :443", "bind " + at.https},
			change{"bind 127.0.0.1:8443", "bind " + at.proxied},
			change{"127.0.0.1:8080", to.everwire[0]},
			change{"127.0.0.1:8081", to.everwire[1]},
			change{"127.0.0.1:8000", to.website},
		)
		config := writeFile(t, dir, "haproxy.cfg", adapt(t, "haproxy/everwire.cfg", all...))
		return runHAProxy(t, dir, config)
	},
	reload: func(t *testing.T, p *proxy) {
		if err := p.cmd.Process.Signal(syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		if err := p.waitAgain("Loading success", 2); err != nil {
			t.Fatal(err)
		}
	},
}

// runHAProxy runs HAProxy as systemd does, which it tells when it is ready: it says "Loading success" before, when it
// still overlooks the signal to reload.
func runHAProxy(t *testing.T, dir, config string) (*process, error) {
	t.Helper()
	where := &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"}
	os.Remove(where.Name) // of another try
	notified, err := net.ListenUnixgram("unixgram", where)
	if err != nil {
		t.Fatal(err)
	}
	defer notified.Close()
	p, err := run(t, []string{"NOTIFY_SOCKET=" + where.Name}, "Loading success", "haproxy", "-Ws", "-f", config)
	if err != nil {
		return nil, err
	}
	notified.SetReadDeadline(time.Now().Add(patience))
	for state := make([]byte, 1000); ; {
		n, err := notified.Read(state)
		if err != nil {
			t.Fatal("haproxy does not become ready: ", err)
		}
		if strings.Contains(string(state[:n]), "READY=1") {
			return p, nil
		}
	}
}

// haproxyPlace are the changes that either of HAProxy's configurations needs.
func haproxyPlace() []change {
	return []change{
		{"chroot /var/lib/haproxy", ""},
		{"user haproxy", ""},
		{"group haproxy", ""},
		{"log /dev/log local0", "log stderr format raw local0 info"},
		{"maxconn 60000", "maxconn 500"},
	}
}

var caddy = &software{
	name: "caddy", binary: "caddy",
	start: func(t *testing.T, dir string, at ports, to backends, changes []change) (*process, error) {
		all := append(changes,
			change{"admin localhost:2019", "admin unix/" + filepath.Join(dir, "admin")},
			change{"http_port 80", "http_port " + portOf(at.http)},
			change{"https_port 443", "https_port " + portOf(at.https)},
			change{"/etc/ssl/everwire/cert.pem", writeFile(t, dir, "cert.pem", self.PEM)},
			change{"/etc/ssl/everwire/key.pem", writeFile(t, dir, "key.pem", self.Key)},
			change{"health_interval 2s", "health_interval 100ms"},
			change{"127.0.0.1:8080", to.everwire[0]},
			change{"127.0.0.1:8081", to.everwire[1]},
			change{"127.0.0.1:8000", to.website},
		)
		config := writeFile(t, dir, "Caddyfile", adapt(t, "caddy/Caddyfile", all...))
		return run(t, []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir},
			"serving initial configuration", "caddy", "run", "--adapter", "caddyfile", "--config", config)
	},
	reload: func(t *testing.T, p *proxy) {
		load := exec.Command("caddy", "reload", "--force", "--adapter", "caddyfile",
			"--config", filepath.Join(p.dir, "Caddyfile"), "--address", "unix/"+filepath.Join(p.dir, "admin"))
		if said, err := load.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	},
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
