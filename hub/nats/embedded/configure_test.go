package embedded

import (
	"strings"
	"testing"
)

func TestOptionsThatCannotWork(t *testing.T) {
	three := []string{"a:1", "b:1", "c:1"}
	for _, row := range []struct {
		name string
		opts Options
		err  string
	}{
		{"no store", Options{}, "needs Store"},
		{"no store among three", Options{Listen: "b:1", Peers: three}, "needs Store"},
		{"peers, and no address", Options{Peers: three, Store: "x"}, "needs Listen"},
		{"no address", Options{Listen: "here", Store: "x"}, "host:port"},
		{"two", Options{Listen: "a:1", Peers: three[:2], Store: "x"}, "less safe than one"},
		{"a name with spaces", Options{Name: "my node", Store: "x"}, "spaces"},
		{"a cluster's name with spaces", Options{Cluster: "my cluster", Store: "x"}, "spaces"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Start(t.Context(), row.opts); err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("error %v, want one with %q", err, row.err)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	three, six := []string{"a:1", "b:1", "c:1"}, []string{"a:1", "b:1", "c:1", "d:1", "e:1", "f:1"}
	for _, row := range []struct {
		name     string
		opts     Options
		keeps    bool
		routes   int
		leafs    int
		serverIs string
	}{
		{"alone", Options{Store: "x", Name: "me"}, true, 0, 0, "me"},
		{"alone, others may join", Options{Listen: "a:1", Store: "x"}, true, 0, 0, "everwire-a:1"},
		{"joins one", Options{Listen: "b:1", Peers: three[:1]}, false, 0, 1, "everwire-b:1"},
		{"one of three", Options{Listen: "b:1", Peers: three, Store: "x"}, true, 3, 0, "everwire-b:1"},
		{"joins three", Options{Listen: "d:1", Peers: three}, false, 3, 0, "everwire-d:1"},
		{"fifth of six", Options{Listen: "e:1", Peers: six, Store: "x"}, true, 5, 0, "everwire-e:1"},
		{"sixth of six", Options{Listen: "f:1", Peers: six}, false, 5, 0, "everwire-f:1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Secret = "hush"
			p, err := newPlan(row.opts)
			if err != nil {
				t.Fatal(err)
			}
			o, err := p.configure("password")
			if err != nil {
				t.Fatal(err)
			}
			if p.keeps != row.keeps || o.JetStream != row.keeps || o.SyncAlways != row.keeps {
				t.Errorf("keeps %v, JetStream %v, SyncAlways %v, want %v", p.keeps, o.JetStream, o.SyncAlways, row.keeps)
			}
			if len(o.Routes) != row.routes || len(o.LeafNode.Remotes) != row.leafs {
				t.Errorf("%d routes, %d leaf nodes, want %d, %d", len(o.Routes), len(o.LeafNode.Remotes), row.routes, row.leafs)
			}
			if o.ServerName != row.serverIs {
				t.Errorf("named %q, want %q", o.ServerName, row.serverIs)
			}
			for _, u := range o.Routes {
				if strings.Contains(u.String(), "hush") {
					t.Errorf("the secret is in %v", u)
				}
			}
			if !o.NoSigs {
				t.Error("it would take signals")
			}
		})
	}
}

func TestRelaxedDoesNotSync(t *testing.T) {
	p, err := newPlan(Options{Store: "x", Durability: Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := p.configure("password"); err != nil || o.SyncAlways {
		t.Errorf("SyncAlways %v, error %v", o.SyncAlways, err)
	}
	if Always.String() != "always" || Relaxed.String() != "relaxed" {
		t.Error("the names of Durability")
	}
}
