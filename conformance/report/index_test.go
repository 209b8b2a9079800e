package report

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

func TestTheClassicIndex(t *testing.T) {
	result := func(id string, code int) *conformance.Result {
		return &conformance.Result{Case: &conformance.Case{ID: id}, Agent: "a/b: c", Behavior: conformance.NonStrict, Close: conformance.WrongCode,
			RemoteCode: code, Took: 2900 * time.Microsecond, Began: began}
	}
	r := New(result("1.1.1", 1000), result("1.1.2", 0), result("1.1.3", 1005))
	var got any
	if err := json.Unmarshal([]byte(written(t, r, forms["index"])), &got); err != nil {
		t.Fatal(err)
	}
	entry := func(id string, code any) map[string]any {
		return map[string]any{"behavior": "NON-STRICT", "behaviorClose": "WRONG CODE", "duration": 2.0, "remoteCloseCode": code,
			"reportfile": "index.html#a%2Fb:%20c/" + id}
	}
	want := map[string]any{"a/b: c": map[string]any{"1.1.1": entry("1.1.1", 1000.0), "1.1.2": entry("1.1.2", nil), "1.1.3": entry("1.1.3", nil)}}
	if !reflect.DeepEqual(got, any(want)) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

func TestTheIndexSaysWhereTheDetailsAre(t *testing.T) {
	var b strings.Builder
	err := sample(1, 1).WriteIndex(&b, func(r *conformance.Result) string { return r.Case.ID + ".json" })
	if err != nil || !strings.Contains(b.String(), `"reportfile": "1.1.1.json"`) {
		t.Errorf("%v, %s", err, b.String())
	}
}
