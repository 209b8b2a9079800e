package chat

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       request
	}{
		{"auth", `{"type":"auth","token":"t"}`, request{kind: doAuth, token: "t"}},
		{"join", `{"type":"join","room":"blue","name":"Ada"}`, request{kind: doJoin, room: "blue", name: "Ada"}},
		{"join without a name", `{"type":"join","room":"blue"}`, request{kind: doJoin, room: "blue"}},
		{"join with recent", `{"type":"join","room":"b","name":"A","recent":1000}`, request{kind: doJoin, room: "b", name: "A", recent: 1000}},
		{"join from a position", `{"type":"join","room":"b","from":{"offset":18446744073709551615,"epoch":"e"}}`,
			request{kind: doJoin, room: "b", from: &hub.Position{Epoch: "e", Offset: 1<<64 - 1}}},
		{"join from the zero position", `{"type":"join","room":"b","from":{"epoch":"","offset":0}}`, request{kind: doJoin, room: "b", from: &hub.Position{}}},
		{"a name of 50 characters", `{"type":"join","room":"b","name":"` + strings.Repeat("😀", 50) + `"}`,
			request{kind: doJoin, room: "b", name: strings.Repeat("😀", 50)}},
		{"a room of 200 octets", `{"type":"leave","room":"` + strings.Repeat("ж", 100) + `"}`, request{kind: doLeave, room: strings.Repeat("ж", 100)}},
		{"leave", `{"type":"leave","room":"blue"}`, request{kind: doLeave, room: "blue"}},
		{"publish", `{"type":"publish","room":"b","id":"7","data":{"a":[1, 2]}}`, request{kind: doPublish, room: "b", id: "7", data: []byte(`{"a":[1,2]}`)}},
		{"publish without an id", `{"type":"publish","room":"b","data":""}`, request{kind: doPublish, room: "b", data: []byte(`""`)}},
		{"null is data", `{"type":"publish","room":"b","data":null}`, request{kind: doPublish, room: "b", data: []byte(`null`)}},
		{"any order, spaces", " {\n\"room\" : \"b\" , \"type\" : \"leave\"\t} ", request{kind: doLeave, room: "b"}},
		{"escapes", `{"t\u0079pe":"leave","room":"\ud83d\ude00"}`, request{kind: doLeave, room: "😀"}},
		{"data as deep as may be", `{"type":"publish","room":"b","data":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`,
			request{kind: doPublish, room: "b", data: []byte(strings.Repeat("[", 31) + strings.Repeat("]", 31))}},
		{"brackets in strings are not deep", `{"type":"publish","room":"b","data":"` + strings.Repeat(`[{\"`, 50) + `"}`,
			request{kind: doPublish, room: "b", data: []byte(`"` + strings.Repeat(`[{\"`, 50) + `"`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse([]byte(tt.text), defaultDataSize)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("x", 40_000)
	tests := []struct {
		name, text, says string
		code             code
	}{
		{"nothing", ``, "not JSON", badRequest},
		{"no JSON", `hello`, "not JSON", badRequest},
		{"half of it", `{"type":"leave","room":"b"`, "not JSON", badRequest},
		{"two", `{"type":"leave","room":"b"}{}`, "not JSON", badRequest},
		{"a list", `[]`, "an object", badRequest},
		{"null", `null`, "an object", badRequest},
		{"no type", `{"room":"b"}`, "type is to be", badRequest},
		{"unknown type", `{"type":"shout","room":"b"}`, "type is to be", badRequest},
		{"type is a number", `{"type":1}`, "type is to be", badRequest},
		{"type in capitals", `{"TYPE":"leave","room":"b"}`, "type is to be", badRequest},
		{"unknown field", `{"type":"leave","room":"b","why":1}`, `no field "why"`, badRequest},
		{"a field of another type", `{"type":"leave","room":"b","token":"t"}`, `no field "token"`, badRequest},
		{"field in capitals", `{"type":"leave","Room":"b"}`, `no field "Room"`, badRequest},
		{"field twice", `{"type":"leave","room":"b","room":"c"}`, `"room" twice`, badRequest},
		{"no room", `{"type":"leave"}`, "the field room", badRequest},
		{"no data", `{"type":"publish","room":"b"}`, "the field data", badRequest},
		{"no token", `{"type":"auth"}`, "the field token", badRequest},
		{"room is null", `{"type":"leave","room":null}`, "room is to be a string", badRequest},
		{"room is empty", `{"type":"leave","room":""}`, "1 to 200 octets", badRequest},
		{"room is long", `{"type":"leave","room":"` + strings.Repeat("x", 201) + `"}`, "1 to 200 octets", badRequest},
		{"room has a newline", `{"type":"leave","room":"a\nb"}`, "control characters", badRequest},
		{"room is the server's", `{"type":"join","room":"everwire.raw","name":"A"}`, "server's own", badRequest},
		{"name is empty", `{"type":"join","room":"b","name":""}`, "1 to 50 characters", badRequest},
		{"name is spaces", `{"type":"join","room":"b","name":" \u00a0"}`, "not all spaces", badRequest},
		{"name is long", `{"type":"join","room":"b","name":"` + strings.Repeat("ж", 51) + `"}`, "1 to 50 characters", badRequest},
		{"name has NUL", `{"type":"join","room":"b","name":"a\u0000"}`, "control characters", badRequest},
		{"id is empty", `{"type":"publish","room":"b","id":"","data":1}`, "1 to 64", badRequest},
		{"id is long", `{"type":"publish","room":"b","id":"` + strings.Repeat("x", 65) + `","data":1}`, "1 to 64", badRequest},
		{"id is not ASCII", `{"type":"publish","room":"b","id":"ж","data":1}`, "ASCII", badRequest},
		{"id has a space", `{"type":"publish","room":"b","id":"a b","data":1}`, "without spaces", badRequest},
		{"recent is negative", `{"type":"join","room":"b","recent":-1}`, "0 to 1000", badRequest},
		{"recent is large", `{"type":"join","room":"b","recent":1001}`, "0 to 1000", badRequest},
		{"recent is a fraction", `{"type":"join","room":"b","recent":1.5}`, "0 to 1000", badRequest},
		{"recent is null", `{"type":"join","room":"b","recent":null}`, "0 to 1000", badRequest},
		{"from is a string", `{"type":"join","room":"b","from":"1@e"}`, "from is to be an object", badRequest},
		{"from is null", `{"type":"join","room":"b","from":null}`, "from is to be an object", badRequest},
		{"from has no epoch", `{"type":"join","room":"b","from":{"offset":1}}`, "epoch and offset", badRequest},
		{"from has no offset", `{"type":"join","room":"b","from":{"epoch":"e"}}`, "epoch and offset", badRequest},
		{"from has more", `{"type":"join","room":"b","from":{"epoch":"e","offset":1,"x":1}}`, `no field "x"`, badRequest},
		{"offset is negative", `{"type":"join","room":"b","from":{"epoch":"e","offset":-1}}`, "offset", badRequest},
		{"offset is too large", `{"type":"join","room":"b","from":{"epoch":"e","offset":18446744073709551616}}`, "offset", badRequest},
		{"offset is null", `{"type":"join","room":"b","from":{"epoch":"e","offset":null}}`, "offset", badRequest},
		{"too deep", `{"type":"publish","room":"b","data":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "in each other", badRequest},
		{"very deep and no JSON", strings.Repeat("[", 30_000), "than are allowed", ""},
		{"data too large", `{"type":"publish","room":"b","data":"` + long[:16<<10-1] + `"}`, "data has 16385 octets", tooLarge},
		{"message too large", `{"type":"publish","room":"b","data":"` + long + `"}`, "the message has", tooLarge},
		{"token too large", `{"type":"auth","token":"` + long[:16<<10+1] + `"}`, "the token has", tooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.code == "" {
				tt.code, tt.says = tooLarge, "the message has"
			}
			_, err := parse([]byte(tt.text), defaultDataSize)
			var f *fault
			if !errors.As(err, &f) || f.code != tt.code || !strings.Contains(f.text, tt.says) {
				t.Errorf("%v, want %s that says %q", err, tt.code, tt.says)
			}
		})
	}
}

// Whatever a client sends, the answer is a request within its bounds or a fault, and what is published is JSON.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"auth","token":"t"}`,
		`{"type":"join","room":"blue","name":"Ada","from":{"epoch":"e","offset":12},"recent":50}`,
		`{"type":"leave","room":"\ud83d"}`,
		`{"type":"publish","room":"b","id":"7","data":{"a":[1,2,"\u0000"]}}`,
		`{"type":"publish","room":"b","data":"\\\"[["}`,
		`{"type":"leave","room":"b","room":"c"}`,
		`[[[[`, `"`, `{"`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip() // a text message is UTF-8
		}
		const most = 100
		q, err := parse([]byte(text), most)
		if q.room != "" && checkRoom(q.room) != nil || q.id != "" && checkID(q.id) != nil {
			t.Errorf("room %q, id %q", q.room, q.id)
		}
		var known *fault
		if err != nil {
			if !errors.As(err, &known) || known.code == "" || known.text == "" || !utf8.ValidString(known.text) {
				t.Errorf("the error is %#v", err)
			}
			return
		}
		if _, ok := fields[q.kind]; !ok || q.recent < 0 || q.recent > maxRecent || utf8.RuneCountInString(q.name) > maxName {
			t.Errorf("%+v", q)
		}
		if q.kind == doPublish && (len(q.data) == 0 || len(q.data) > most || !json.Valid(q.data)) {
			t.Errorf("data %q", q.data)
		}
	})
}
