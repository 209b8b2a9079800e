package serve

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/demo"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// announceOn announces a server by what it listens on.
func announceOn(out io.Writer, asked string, got net.Addr, c *certificate, more []string) {
	if got.Network() == "unix" {
		fmt.Fprintf(out, "Everwire serves on the Unix socket %s\n%s\n", got, strings.Join(more, "\n"))
		return
	}
	announce(out, addresses(asked, got), c, more)
}

// announce tells who started the server where it is, and more.
func announce(out io.Writer, addresses []string, c *certificate, more []string) {
	secure := ""
	if c != nil {
		secure = "s"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Everwire serves http%s://%s/\n", secure, addresses[0])
	for _, other := range addresses[1:] {
		fmt.Fprintf(&text, "            and http%s://%s/\n", secure, other)
	}
	fmt.Fprintln(&text)
	for _, d := range demo.All {
		url := fmt.Sprintf("ws%s://%s/%s", secure, addresses[0], d.Name)
		fmt.Fprintf(&text, "  %-36s  %s\n", url, d.Line)
	}
	page := fmt.Sprintf("http%s://%s%s", secure, addresses[0], status.Path)
	fmt.Fprintf(&text, "\n  %-36s  shows what all of them are doing\n", page)
	fmt.Fprintf(&text, "\n%s\n", strings.Join(more, "\n"))
	if c != nil && c.fingerprint != "" {
		fmt.Fprintf(&text, "\nThe certificate was made just now, for %s. SHA-256 fingerprint:\n  %s\n",
			strings.Join(c.names, ", "), c.fingerprint)
	}
	fmt.Fprintln(&text, "\nPress Ctrl-C to stop.")
	io.WriteString(out, text.String())
}

// addresses are the host:port under which the server can be reached: the host as it was asked for, the port as it
// turned out.
func addresses(asked string, got net.Addr) []string {
	_, port, _ := net.SplitHostPort(got.String())
	var list []string
	for _, host := range hosts(asked) {
		list = append(list, net.JoinHostPort(host, port))
	}
	return list
}

// hosts are the names and addresses by which clients reach a server that listens on addr. Of one that listens on
// every address of the machine these are localhost and those that other machines can use.
func hosts(addr string) []string {
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(cmp.Or(host, "::")); ip == nil || !ip.IsUnspecified() {
		return []string{host}
	}
	list := []string{"localhost"}
	interfaces, _ := net.InterfaceAddrs() // without them, localhost has to do
	for _, a := range interfaces {
		n, ok := a.(*net.IPNet)
		if ok && n.IP.IsGlobalUnicast() && (host != "0.0.0.0" || n.IP.To4() != nil) {
			list = append(list, n.IP.String())
		}
	}
	return list
}
