package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

// node is an element as a reader of XML sees it that knows nothing of ours.
type node struct {
	name     string
	attr     map[string]string
	children []*node
	text     string
}

func parseXML(t *testing.T, s string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attr: make(map[string]string)}
			for _, a := range token.Attr {
				n.attr[a.Name.Local] = a.Value
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
	if len(root.children) != 1 {
		t.Fatalf("%d root elements", len(root.children))
	}
	return root.children[0]
}

func (n *node) all(name string) []*node {
	var found []*node
	for _, c := range n.children {
		if c.name == name {
			found = append(found, c)
		}
		found = append(found, c.all(name)...)
	}
	return found
}

// junitRules is what Jenkins' schema (junit-10.xsd of its xUnit plugin) has for the elements that we write:
// the attributes that must be there, those that may, and the children.
var junitRules = map[string]struct{ must, may, children []string }{
	"testsuites": {may: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"}},
	"testsuite": {must: []string{"name", "tests", "failures", "errors"}, may: []string{"time", "skipped", "timestamp", "id"},
		children: []string{"properties", "testcase"}},
	"properties": {children: []string{"property"}},
	"property":   {must: []string{"name", "value"}},
	"testcase":   {must: []string{"name", "classname"}, may: []string{"time"}, children: []string{"skipped", "failure", "system-out"}},
	"failure":    {may: []string{"type", "message"}},
	"skipped":    {may: []string{"message"}},
	"system-out": {},
}

var junitTime = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

func checkJUnit(t *testing.T, n *node) {
	t.Helper()
	rule, ok := junitRules[n.name]
	if !ok {
		t.Fatalf("element %s", n.name)
	}
	for _, a := range rule.must {
		if _, ok := n.attr[a]; !ok {
			t.Errorf("%s without %s", n.name, a)
		}
	}
	for a, v := range n.attr {
		if !slices.Contains(rule.must, a) && !slices.Contains(rule.may, a) {
			t.Errorf("%s with %s", n.name, a)
		}
		if a == "time" && !junitTime.MatchString(v) {
			t.Errorf("time %q", v)
		}
		if a == "timestamp" {
			if _, err := time.Parse("2006-01-02T15:04:05", v); err != nil {
				t.Error(err)
			}
		}
	}
	for _, c := range n.children {
		if !slices.Contains(rule.children, c.name) {
			t.Errorf("%s in %s", c.name, n.name)
		}
		checkJUnit(t, c)
	}
}

func TestJUnitIsAsItsReadersWantIt(t *testing.T) {
	for name, r := range map[string]*Report{"empty": new(Report), "several agents": sample(5, 12), "hostile": hostileReport()} {
		t.Run(name, func(t *testing.T) {
			root := parseXML(t, written(t, r, (*Report).WriteJUnit))
			if root.name != "testsuites" {
				t.Fatalf("root %s", root.name)
			}
			checkJUnit(t, root)
			for _, n := range append(root.all("testsuite"), root) {
				want := map[string]int{"tests": len(n.all("testcase")), "failures": len(n.all("failure")), "errors": 0}
				if n != root {
					want["skipped"] = len(n.all("skipped"))
				}
				for a, v := range want {
					if n.attr[a] != strconv.Itoa(v) {
						t.Errorf("%s: %s=%q, and there are %d", n.name, a, n.attr[a], v)
					}
				}
				var sum float64
				for _, c := range n.all("testcase") {
					seconds, _ := strconv.ParseFloat(c.attr["time"], 64)
					sum += seconds
				}
				if got, _ := strconv.ParseFloat(n.attr["time"], 64); got < sum-0.01 || got > sum+0.01 {
					t.Errorf("%s took %v, its cases %v", n.name, got, sum)
				}
			}
		})
	}
}

func TestJUnitByVerdict(t *testing.T) {
	c := &conformance.Case{ID: "5.1", Name: "a text in two frames", Does: "Sends it.", Expects: "It comes back.", Section: "RFC 6455 §5.4"}
	for _, row := range []struct {
		behavior, close conformance.Verdict
		element, kind   string
	}{
		{conformance.OK, conformance.OK, "", ""},
		{conformance.Informational, conformance.OK, "system-out", ""},
		{conformance.OK, conformance.Informational, "system-out", ""},
		{conformance.Unimplemented, conformance.OK, "skipped", ""},
		{conformance.NonStrict, conformance.OK, "failure", "NON-STRICT"},
		{conformance.Failed, conformance.Unclean, "failure", "FAILED"},
		{conformance.OK, conformance.WrongCode, "failure", "WRONG CODE"},
		{conformance.Unimplemented, conformance.Unclean, "failure", "UNCLEAN"},
	} {
		t.Run(fmt.Sprintf("%s, %s", row.behavior, row.close), func(t *testing.T) {
			r := New(&conformance.Result{Case: c, Agent: "a 1.0", Behavior: row.behavior, Reason: "why", Close: row.close, CloseReason: "why closed",
				Took: 1500 * time.Millisecond, Request: "GET / HTTP/1.1\r\n\r\n",
				Log: []conformance.Entry{{At: time.Millisecond, Sent: true, Note: "Text, 2 octets", Octets: []byte("\x81\x02hi"), Length: 4}}})
			root := parseXML(t, written(t, r, (*Report).WriteJUnit))
			n := root.all("testcase")[0]
			if n.attr["name"] != "5.1 a text in two frames" || n.attr["classname"] != "a 1.0.Fragmentation" || n.attr["time"] != "1.500000" {
				t.Errorf("%v", n.attr)
			}
			if row.element == "" {
				if len(n.children) != 0 {
					t.Errorf("it has a %s", n.children[0].name)
				}
				return
			}
			if len(n.children) != 1 || n.children[0].name != row.element || n.children[0].attr["type"] != row.kind {
				t.Fatalf("%+v", n.children[0])
			}
			if e := n.children[0]; row.element == "failure" {
				for _, want := range []string{"\nwhy. Closing: why closed\n", "It comes back.", "GET / HTTP/1.1", "     1.000 > Text, 2 octets", "81 02 68 69", " ..hi"} {
					if !strings.Contains(e.text, want) {
						t.Errorf("no %q in\n%s", want, e.text)
					}
				}
				if e.attr["message"] != "why. Closing: why closed" {
					t.Errorf("%q", e.attr["message"])
				}
			}
		})
	}
}

func TestJUnitKeepsHostileNamesText(t *testing.T) {
	root := parseXML(t, written(t, hostileReport(), (*Report).WriteJUnit))
	suite := root.children[0]
	if want := strings.ReplaceAll(hostile, "\x1b", "\ufffd"); suite.attr["name"] != want {
		t.Errorf("%q, want %q", suite.attr["name"], want)
	}
}
