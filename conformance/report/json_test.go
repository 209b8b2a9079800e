package report

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	for name, r := range map[string]*Report{"empty": new(Report), "several agents": sample(4, 9), "hostile": hostileReport()} {
		t.Run(name, func(t *testing.T) {
			r.Title = "Servers <&>"
			file := written(t, r, (*Report).WriteJSON)
			back, err := Read(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back.Agents(), r.Agents()) || !reflect.DeepEqual(back.Cases(), r.Cases()) || back.Title != r.Title {
				t.Error("the agents, the cases or the title differ")
			}
			for _, agent := range r.Agents() {
				if !reflect.DeepEqual(back.Results(agent), r.Results(agent)) {
					t.Errorf("the results of %q differ", agent)
				}
			}
			for form, write := range forms {
				if written(t, back, write) != written(t, r, write) {
					t.Errorf("%s differs", form)
				}
			}
		})
	}
}

// Every field of what is kept has to be in the file: a new one must be added there.
func TestNoFieldIsForgotten(t *testing.T) {
	c := &conformance.Case{ID: "7.1", Name: "n", Does: "d", Expects: "e", Section: "s", Tags: []conformance.Tag{"t"}, Peers: conformance.Client,
		Alone: true, Timeout: time.Minute}
	result := &conformance.Result{Case: c, Agent: "a", Behavior: conformance.NonStrict, Reason: "r", Close: conformance.Unclean, CloseReason: "cr",
		RemoteCode: 1005, Began: began, Took: 1, Request: "q", Response: "p", Log: []conformance.Entry{{At: 1, Sent: true, Note: "n", Octets: []byte{1}, Length: 9}}}
	for _, v := range []reflect.Value{reflect.ValueOf(*c), reflect.ValueOf(*result), reflect.ValueOf(result.Log[0])} {
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && v.Field(i).IsZero() {
				t.Errorf("the test sets no %s.%s", v.Type().Name(), f.Name)
			}
		}
	}
	back, err := Read(strings.NewReader(written(t, New(result), (*Report).WriteJSON)))
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Results("a")[0]; !reflect.DeepEqual(got, result) {
		t.Errorf("%+v, want %+v", got, result)
	}
}

const validHead = `{"format": "everwire conformance report", "schema": 1, `

func TestFilesThatAreNoReports(t *testing.T) {
	withResult := func(fields string) string {
		return validHead + `"cases": [{"id": "1.1.1", "name": "n", "peers": ["server"]}],
			"agents": [{"name": "a", "results": [{"case": "1.1.1", "behavior": "OK", "close": "OK", "began": "2026-11-20T00:00:00Z", "tookNs": 1` + fields + `}]}]}`
	}
	if _, err := Read(strings.NewReader(withResult(""))); err != nil {
		t.Fatalf("the file that the rows change is bad itself: %v", err)
	}
	for _, row := range []struct{ name, file, want string }{
		{"empty", " \n", "the file is empty"},
		{"not JSON", "<testsuites/>", "not JSON"},
		{"a list", "[1]", "but not an object"},
		{"cut", validHead + "\n\"cases\": [", "not whole or was changed: line 2"},
		{"something after it", withResult("") + "\n}", "line 3"},
		{"other JSON", `{"name": "x"}`, `without "format"`},
		{"classic", `{"a": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"}}}`, "an index.json of the classic form"},
		{"later schema", `{"format": "everwire conformance report", "schema": 2}`, "schema 2, from a later version"},
		{"no schema", `{"format": "everwire conformance report"}`, "schema is no number"},
		{"field of another type", validHead + `"agents": [{"name": 5}]}`, "agents.name is a JSON number"},
		{"no number of a case", validHead + `"cases": [{"id": "<b>"}]}`, `"<b>" is no number of a case`},
		{"case twice", validHead + `"cases": [{"id": "1.1"}, {"id": "1.1"}]}`, "case 1.1 twice"},
		{"other peer", validHead + `"cases": [{"id": "1.1", "peers": ["proxy"]}]}`, `unknown kind of peer, "proxy"`},
		{"unknown case", withResult(`, "case": "9.9"`), `agent "a" for case "9.9": the report does not say what case`},
		{"unknown verdict", withResult(`, "behavior": "FINE"`), `unknown verdict "FINE"`},
		{"unknown verdict about the closing", withResult(`, "close": ""`), `unknown verdict "" about the closing`},
		{"closing verdict about the behaviour", withResult(`, "behavior": "UNCLEAN"`), `unknown verdict "UNCLEAN"`},
		{"negative time", withResult(`, "tookNs": -1`), "it took -1 ns"},
		{"code", withResult(`, "remoteCode": 65536`), "65536 is no close code"},
		{"year", withResult(`, "began": "0001-01-01T00:00:00+01:00"`), "cannot be written again"},
		{"time", withResult(`, "began": "yesterday"`), "parsing time"},
		{"octets", withResult(`, "log": [{"octets": "AAAA", "length": 2}]`), "entry 1 of the log has 3 octets of 2"},
		{"base64", withResult(`, "request": {"base64": "!"}`), "base64"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := Read(strings.NewReader(row.file))
			if err == nil || !strings.Contains(err.Error(), row.want) || r != nil {
				t.Errorf("%v, %v; want an error with %q", r, err, row.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, r := range []*Report{new(Report), sample(2, 2), hostileReport()} {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"a": {"1.1.1": {"behavior": "OK"}}}`))
	f.Add([]byte(validHead + `"cases": [{"id": "1.1"}], "agents": [{"name": "a", "results": [{"case": "1.1"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		// What was read can be written in all forms, and read again to the same.
		for _, form := range forms {
			written(t, r, form)
		}
		first := written(t, r, (*Report).WriteJSON)
		again, err := Read(strings.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if written(t, again, (*Report).WriteJSON) != first {
			t.Error("not the same when written again")
		}
	})
}
