package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/everwire/everwire/hub"
)

// A document is what the tests read of the description.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Responses map[string]response
		Schemas   map[string]struct {
			Properties map[string]json.RawMessage
			OneOf      []struct{ Required []string }
		}
	}
}

type operation struct {
	Parameters  []struct{ Name, In string }
	RequestBody *struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	}
	Responses map[string]response
	Security  *[]any
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
	Content map[string]struct {
		Schema struct {
			Ref string `json:"$ref"`
		}
	}
}

var readDocument = sync.OnceValue(func() *document {
	var d document
	if err := json.Unmarshal(description, &d); err != nil {
		panic(err)
	}
	return &d
})

var compiler = sync.OnceValue(func() *jsonschema.Compiler {
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", whole); err != nil {
		panic(err)
	}
	return c
})

var compiling sync.Mutex

// schema returns that of a name in the components.
func schema(t *testing.T, ref string) *jsonschema.Schema {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	s, err := compiler().Compile("openapi.json" + ref)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *document) operation(t *testing.T, path, method string) *operation {
	t.Helper()
	raw := d.Paths[path][strings.ToLower(method)]
	if raw == nil {
		return nil
	}
	var o operation
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	return &o
}

// described checks an answer of the API against the description: its status, its header and its body.
func described(t *testing.T, method, path string, a *asked) {
	t.Helper()
	if method == http.MethodHead {
		return
	}
	plain, _, _ := strings.Cut(path, "?")
	rt, _ := find(Path + plain)
	if rt == nil || a.status == http.StatusMethodNotAllowed {
		conforms(t, "#/components/schemas/Error", a.body)
		return
	}
	d := readDocument()
	o := d.operation(t, Path+rt.path, method)
	if o == nil {
		if a.status < 400 {
			t.Errorf("%s %s is not described", method, path)
		}
		return
	}
	r, ok := o.Responses[strconv.Itoa(a.status)]
	if !ok {
		t.Errorf("%s %s: status %d is not described: %s", method, path, a.status, a.body)
		return
	}
	if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
		r = d.Components.Responses[name]
	}
	for name := range r.Headers {
		if a.header.Get(name) == "" {
			t.Errorf("%s %s: status %d has no %s", method, path, a.status, name)
		}
	}
	if ref := r.Content["application/json"].Schema.Ref; ref != "" {
		conforms(t, ref, a.body)
	}
}

func conforms(t *testing.T, ref string, body []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if err := schema(t, ref).Validate(v); err != nil {
		t.Errorf("%s: %v", body, err)
	}
}

func TestDescriptionIsServedWithoutAKey(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	a := nd.ask(http.MethodGet, "openapi.json", "", "Authorization", "")
	var served, embedded any
	a.into(http.StatusOK, &served)
	if err := json.Unmarshal(description, &embedded); err != nil || !reflect.DeepEqual(served, embedded) {
		t.Errorf("it serves another one: %v", err)
	}
	nd.ask(http.MethodGet, "openapi.json?a=b", "").fails(http.StatusBadRequest, "bad_request", `no parameter "a"`)
}

func TestDescriptionHasEveryRoute(t *testing.T) {
	d := readDocument()
	want := map[string][]string{}
	for _, rt := range routes {
		for method := range rt.methods {
			want[Path+rt.path] = append(want[Path+rt.path], strings.ToLower(method))
			o := d.operation(t, Path+rt.path, method)
			if o == nil {
				continue
			}
			if open := o.Security != nil && len(*o.Security) == 0; open != rt.open {
				t.Errorf("%s is open: %t", rt.path, rt.open)
			}
		}
	}
	got := map[string][]string{}
	for path, item := range d.Paths {
		for method := range item {
			if method != "parameters" {
				got[path] = append(got[path], method)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it has %v, want %v", got, want)
	}
}

// What is answered is made of these types, and each of their fields is described, and no other.
func TestDescriptionHasEveryFieldOfAnswers(t *testing.T) {
	for name, v := range map[string]any{
		"Position": hub.Position{}, "Published": published{}, "Rooms": roomList{}, "History": messageList{}, "Message": message{},
		"Presence": memberList{}, "Disconnected": disconnected{}, "Error": failure{},
	} {
		var got []string
		for property := range readDocument().Components.Schemas[name].Properties {
			got = append(got, property)
		}
		want := fieldNames(reflect.TypeOf(v))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
}

func fieldNames(of reflect.Type) []string {
	var names []string
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			names = append(names, fieldNames(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// Each field that is described for a body is known, and each parameter; what is not described is refused.
func TestDescriptionHasEveryFieldOfRequests(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for path, item := range readDocument().Paths {
		for method := range item {
			if method == "parameters" {
				continue
			}
			o := readDocument().operation(t, path, method)
			below := strings.ReplaceAll(strings.TrimPrefix(path, Path), "{room}", "kept.a")
			for _, p := range o.Parameters {
				if p.In == "query" {
					if a := nd.ask(strings.ToUpper(method), below+"?"+p.Name+"=%00", ""); strings.Contains(string(a.body), "no parameter") {
						t.Errorf("%s: %s", path, a.body)
					}
				}
			}
			if o.RequestBody == nil {
				nd.ask(strings.ToUpper(method), below+"?other=1", "").fails(http.StatusBadRequest, "bad_request", `no parameter "other"`)
				continue
			}
			name := strings.TrimPrefix(o.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")
			s := readDocument().Components.Schemas[name]
			if len(s.Properties) == 0 || len(s.OneOf) == 0 {
				t.Fatalf("%s: %s has no fields", path, name)
			}
			for property := range s.Properties {
				if a := nd.ask(strings.ToUpper(method), below, `{"`+property+`":[]}`); strings.Contains(string(a.body), "no field") {
					t.Errorf("%s: %s", path, a.body)
				}
			}
			nd.ask(strings.ToUpper(method), below, `{"other":1}`).fails(http.StatusBadRequest, "bad_request", `there is no field "other"`)
		}
	}
}

// What the API takes, the description allows, and the other way round.
func TestDescriptionAllowsWhatIsTaken(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for _, tt := range []struct{ name, path, schema, body string }{
		{"JSON", "publish", "Publish", `{"room":"a","data":{"b":[1]},"id":"1","publisher":"c"}`},
		{"null", "publish", "Publish", `{"room":"a","data":null}`},
		{"text", "publish", "Publish", `{"room":"a","text":""}`},
		{"binary", "publish", "Publish", `{"room":"a","base64":"AAE="}`},
		{"the raw chat", "publish", "Publish", `{"room":"everwire.raw","text":"a"}`},
		{"no room", "publish", "Publish", `{"data":1}`},
		{"empty room", "publish", "Publish", `{"room":"","data":1}`},
		{"nothing", "publish", "Publish", `{"room":"a"}`},
		{"two", "publish", "Publish", `{"room":"a","data":1,"text":""}`},
		{"an id with a space", "publish", "Publish", `{"room":"a","data":1,"id":"a b"}`},
		{"a long id", "publish", "Publish", `{"room":"a","data":1,"id":"` + strings.Repeat("x", 129) + `"}`},
		{"a long publisher", "publish", "Publish", `{"room":"a","data":1,"publisher":"` + strings.Repeat("x", 201) + `"}`},
		{"null for a string", "publish", "Publish", `{"room":null,"data":1}`},
		{"another field", "publish", "Publish", `{"room":"a","data":1,"more":1}`},
		{"a user", "disconnect", "Disconnect", `{"user":"a","code":1000,"reason":"b"}`},
		{"a room", "disconnect", "Disconnect", `{"room":"a"}`},
		{"a connection", "disconnect", "Disconnect", `{"connection":"a","code":4999}`},
		{"nobody", "disconnect", "Disconnect", `{}`},
		{"two of them", "disconnect", "Disconnect", `{"user":"a","room":"b"}`},
		{"a code that is never sent", "disconnect", "Disconnect", `{"user":"a","code":1006}`},
		{"a code too high", "disconnect", "Disconnect", `{"user":"a","code":5000}`},
		{"half a code", "disconnect", "Disconnect", `{"user":"a","code":1000.5}`},
		{"a long reason", "disconnect", "Disconnect", `{"user":"a","reason":"` + strings.Repeat("x", 124) + `"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			allowed := schema(t, "#/components/schemas/"+tt.schema).Validate(v)
			if a := nd.ask(http.MethodPost, tt.path, tt.body); (a.status == http.StatusOK) != (allowed == nil) {
				t.Errorf("status %d: %s; the description says %v", a.status, a.body, allowed)
			}
		})
	}
}

func TestDescriptionIsValidOpenAPI(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	modules, err := filepath.Abs("../../../../interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	validator := filepath.Join(modules, "@seriousme", "openapi-schema-validator")
	if _, err := os.Stat(validator); err != nil {
		missing(t, "interop/node_modules has no @seriousme/openapi-schema-validator: run make tools")
	}
	script := `const { Validator } = await import('` + validator + `/index.js');
const validator = new Validator();
const result = await validator.validate(JSON.parse(require('node:fs').readFileSync(0, 'utf8')));
console.log(validator.version, result.valid, JSON.stringify(result.errors ?? ''));`
	judge := func(document []byte) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), node, "-e", "(async () => {"+script+"})()")
		cmd.Stdin, cmd.Stderr = bytes.NewReader(document), t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := judge(description); got != `3.1 true ""` {
		t.Errorf("the validator says %s", got)
	}
	broken := bytes.Replace(description, []byte(`"in": "query"`), []byte(`"in": "the query"`), 1)
	if got := judge(broken); !strings.HasPrefix(got, "3.1 false") {
		t.Errorf("of one that is broken the validator says %s", got)
	}
}

// missing skips a test whose software is not there; if EVERWIRE_TEST_ALL is set it fails.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
