package websocket

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// documentation returns the doc comments of the fields in options.go and server.go, as "Type.Field". Fields
// that share a comment have it each.
func documentation(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, file := range []string{"options.go", "compression.go", "server.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			doc := ""
			for _, field := range fields.Fields.List {
				if field.Doc != nil {
					doc = strings.Join(strings.Fields(field.Doc.Text()), " ")
				}
				for _, name := range field.Names {
					docs[spec.Name.Name+"."+name.Name] = doc
				}
			}
			return false
		})
	}
	return docs
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	docs := documentation(t)
	accept, err := (&AcceptOptions{}).settings()
	if err != nil {
		t.Fatal(err)
	}
	dial, err := (&DialOptions{}).settings()
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		name string
		set  *settings
	}{{"AcceptOptions", accept}, {"DialOptions", dial}} {
		for _, row := range []struct {
			field     string
			got, want any
			doc       string
		}{
			{"Limits.MessageSize", end.set.limits.MessageSize, int64(1 << 20), "Default 1 MiB."},
			{"Limits.Fragments", end.set.limits.Fragments, 131_072, "Default 131,072."},
			{"Limits.ProgressTimeout", end.set.limits.ProgressTimeout, time.Minute, "Default 60 s."},
			{"Limits.ControlFrames", end.set.limits.ControlFrames, 100, "Default 100."},
			{"Rates.Burst", end.set.rates.Burst, time.Second, "Default 1 s."},
			{"Rates.Exceeded", end.set.rates.Exceeded, Throttle, "Default: Throttle."},
			{"Compression.Threshold", end.set.compression.threshold, 512, "Default 512;"},
			{"Compression.Level", end.set.compression.level, 1, "Default 1."},
			{"Limits.CloseTimeout", end.set.limits.CloseTimeout, 5 * time.Second, "Default 5 s."},
			{"Limits.LingerTime", end.set.limits.LingerTime, 2 * time.Second, "Defaults 2 s and 1 MiB."},
			{"Limits.LingerBytes", end.set.limits.LingerBytes, int64(1 << 20), "Defaults 2 s and 1 MiB."},
			{"Heartbeat.Interval", end.set.heartbeat.Interval, 30 * time.Second, "Default 30 s;"},
			{"Heartbeat.Timeout", end.set.heartbeat.Timeout, 20 * time.Second, "Default 20 s."},
			{"Queue.Bytes", end.set.queue.Bytes, int64(16 << 20), "Defaults 16 MiB and 65,536;"},
			{"Queue.Messages", end.set.queue.Messages, 65_536, "Defaults 16 MiB and 65,536;"},
			{"Queue.Full", end.set.queue.Full, RefuseNewest, "Default: RefuseNewest."},
			{"Limits.MessageSize", end.set.receive.MessageSize, int64(1 << 20), "Default 1 MiB."},
			{"Limits.Fragments", end.set.receive.Fragments, 131_072, "Default 131,072."},
		} {
			if row.got != row.want {
				t.Errorf("%s: %s is %v, want %v", end.name, row.field, row.got, row.want)
			}
			if !strings.Contains(docs[row.field], row.doc) {
				t.Errorf("the comment of %s does not say %q: %q", row.field, row.doc, docs[row.field])
			}
		}
	}
	// These are crossed by tests of their own.
	for field, doc := range map[string]string{
		"AcceptOptions.Origins":        "Default: the same host only.",
		"AcceptOptions.KeepHeader":     "Default: none,",
		"DialOptions.HandshakeTimeout": "Default 30 s;",
		"DialOptions.HeaderBytes":      "Default 64 KiB;",
		"Server.HandshakeTimeout":      "Default 10 s;",
		"Server.HeaderBytes":           "Default 16 KiB;",
		"Server.MaxConnections":        "Default: no limit.",
		"Server.MaxPerAddress":         "Default: no limit,",
		"Server.TrustedProxies":        "Default: none.",
		"Server.ProxyProtocol":         "Default: no such header.",
		"Server.ErrorLog":              "Default: the standard logger",
		"Server.Handler":               "Default: 426 Upgrade Required.",
	} {
		if !strings.Contains(docs[field], doc) {
			t.Errorf("the comment of %s does not say %q: %q", field, doc, docs[field])
		}
	}
}

func TestOptionsThatAreSetAreKept(t *testing.T) {
	limits := Limits{MessageSize: 1, Fragments: 2, CloseTimeout: 3, LingerTime: 4, LingerBytes: 5, ProgressTimeout: 10, ControlFrames: 11}
	heartbeat := Heartbeat{Interval: 6, Timeout: 7}
	queue := Queue{Bytes: 8, Messages: 9, Full: CloseSlow}
	accept, err := (&AcceptOptions{
		Limits: limits, Heartbeat: heartbeat, Queue: queue,
		Subprotocols: []string{"a"}, Origins: []string{"b"}, KeepHeader: []string{"c"},
		OnRequest: func(*http.Request, http.Header) error { return nil },
	}).settings()
	if err != nil {
		t.Fatal(err)
	}
	dial, err := (&DialOptions{Limits: limits, Heartbeat: heartbeat, Queue: queue}).settings()
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []*settings{accept, dial} {
		if set.limits != limits || set.heartbeat != heartbeat || set.queue != queue {
			t.Errorf("%+v", set)
		}
		if set.receive.MessageSize != 1 || set.receive.Fragments != 2 {
			t.Errorf("what is received is bounded by %+v", set.receive)
		}
	}
	if !slices.Equal(accept.subprotocols, []string{"a"}) || !slices.Equal(accept.origins, []string{"b"}) ||
		!slices.Equal(accept.keepHeader, []string{"c"}) || accept.onRequest == nil {
		t.Errorf("%+v", accept)
	}
}

func TestNegativeOptionsMeanNoLimit(t *testing.T) {
	limits := Limits{MessageSize: -1, Fragments: -1, CloseTimeout: -1, LingerTime: -1, LingerBytes: -1, ProgressTimeout: -1, ControlFrames: -1}
	set := newSettings(limits, Rates{}, Heartbeat{-1, -1}, Queue{Bytes: -1, Messages: -1})
	if set.receive.MessageSize != 0 || set.receive.Fragments != 0 { // where 0 is no limit
		t.Errorf("what is received is bounded by %+v", set.receive)
	}
	if set.limits != limits || set.heartbeat != (Heartbeat{-1, -1}) || set.queue != (Queue{Bytes: -1, Messages: -1}) {
		t.Errorf("%+v", set)
	}
}

func TestNilOptionsAreTheDefaults(t *testing.T) {
	set, err := (*AcceptOptions)(nil).settings()
	if err != nil || set.limits != newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{}).limits {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestSettingsRefuseWhatCannotWork(t *testing.T) {
	for _, row := range []struct {
		name string
		opts AcceptOptions
		says string
	}{
		{"a pattern with a path", AcceptOptions{Origins: []string{"site.com/a"}}, `"site.com/a"`},
		{"an empty pattern", AcceptOptions{Origins: []string{"*", ""}}, `""`},
		{"a subprotocol with a comma", AcceptOptions{Subprotocols: []string{"a,b"}}, `"a,b"`},
		{"an empty subprotocol", AcceptOptions{Subprotocols: []string{""}}, `""`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if set, err := row.opts.settings(); set != nil || err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%+v, %v", set, err)
			}
		})
	}
}

func TestOptionsAreTheConnectionsOwn(t *testing.T) {
	o := &AcceptOptions{Origins: []string{"good.example"}, Subprotocols: []string{"a"}, KeepHeader: []string{"X"}}
	set, err := o.settings()
	if err != nil {
		t.Fatal(err)
	}
	o.Origins[0], o.Subprotocols[0], o.KeepHeader[0] = "evil.example", "b", "Y"
	if set.origins[0] != "good.example" || set.subprotocols[0] != "a" || set.keepHeader[0] != "X" {
		t.Errorf("changed with the caller's: %v %v %v", set.origins, set.subprotocols, set.keepHeader)
	}
}
