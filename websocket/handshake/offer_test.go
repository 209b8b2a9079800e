package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	theKey    = "Iv8io/9s+lYFgZWcXczP8Q=="
	theAccept = "hsBlbuDTkk24srzEOTBUlZAlC2g="
)

func TestOfferValidate(t *testing.T) {
	for _, row := range []struct {
		name  string
		offer Offer
		text  string
	}{
		{"nothing", Offer{}, ""},
		{"subprotocols", Offer{Subprotocols: []string{"soap", "SOAP", "chat.v2"}}, ""},
		{"extensions", Offer{Extensions: []Extension{{Name: "a"}, {"a", []Param{{"b", "1", true}, {Name: "c"}}}}}, ""},
		{"empty subprotocol", Offer{Subprotocols: []string{"soap", ""}}, `subprotocol "" is not a token`},
		{"list in a subprotocol", Offer{Subprotocols: []string{"soap, wamp"}}, `"soap, wamp" is not a token`},
		{"line break", Offer{Subprotocols: []string{"soap\r\nX: y"}}, `"soap\r\nX: y" is not a token`},
		{"twice", Offer{Subprotocols: []string{"soap", "wamp", "soap"}}, `"soap" occurs twice`},
		{"extension's name", Offer{Extensions: []Extension{{Name: "a b"}}}, `extension "a b" is not`},
		{"parameter's name", Offer{Extensions: []Extension{{"a", []Param{{Name: ""}}}}}, `extension "a; " is not`},
		{"parameter's value", Offer{Extensions: []Extension{{"a", []Param{{"b", "", true}}}}}, `"a; b=" is not`},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.offer.Validate()
			switch {
			case row.text == "" && err != nil:
				t.Error(err)
			case row.text != "" && (err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "a part of the ", ""), row.text)):
				t.Errorf("error is %v, want one with %s", err, row.text)
			}
		})
	}
}

func TestOfferSetHeader(t *testing.T) {
	own := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-WebSocket-Key": {theKey}, "Sec-WebSocket-Version": {"13"}}
	for _, row := range []struct {
		name         string
		offer        Offer
		before, more http.Header
	}{
		{"nothing more", Offer{Key: theKey}, http.Header{}, http.Header{}},
		{"other fields stay", Offer{Key: theKey}, http.Header{"Cookie": {"a=b"}}, http.Header{"Cookie": {"a=b"}}},
		{"subprotocols", Offer{Key: theKey, Subprotocols: []string{"soap", "wamp"}}, http.Header{},
			http.Header{"Sec-WebSocket-Protocol": {"soap, wamp"}}},
		{"extensions", Offer{Key: theKey, Extensions: []Extension{{"a", []Param{{"b", "1", true}}}, {Name: "c"}}}, http.Header{},
			http.Header{"Sec-WebSocket-Extensions": {"a; b=1, c"}}},
		{"what was there is replaced", Offer{Key: theKey}, http.Header{"Upgrade": {"h2c"}, "connection": {"close"},
			"Sec-Websocket-Key": {"x"}, "sec-websocket-version": {"8"}, "Sec-Websocket-Protocol": {"x"},
			"SEC-WEBSOCKET-EXTENSIONS": {"x"}}, http.Header{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := own.Clone()
			for name, lines := range row.more {
				want[name] = lines
			}
			row.offer.SetHeader(row.before)
			if !reflect.DeepEqual(row.before, want) {
				t.Errorf("header is %q\nwant      %q", row.before, want)
			}
		})
	}
}

// goodResponse is a right answer to goodOffer.
func goodResponse() http.Header {
	return http.Header{
		"Upgrade":                  {"websocket"},
		"Connection":               {"Upgrade"},
		"Sec-Websocket-Accept":     {theAccept},
		"Sec-Websocket-Protocol":   {"wamp"},
		"Sec-Websocket-Extensions": {"a; x=1"},
	}
}

func goodOffer() *Offer {
	return &Offer{Key: theKey, Subprotocols: []string{"soap", "wamp"}, Extensions: []Extension{{Name: "a"}, {Name: "b"}}}
}

func TestJudgeAccepts(t *testing.T) {
	withA := []Extension{{"a", []Param{{"x", "1", true}}}}
	for _, row := range []struct {
		name   string
		change func(http.Header)
		want   Answer
	}{
		{"everything", func(h http.Header) {}, Answer{"wamp", withA}},
		{"neither subprotocol nor extension", func(h http.Header) {
			delete(h, "Sec-Websocket-Protocol")
			delete(h, "Sec-Websocket-Extensions")
		}, Answer{}},
		{"other case", func(h http.Header) {
			h["Upgrade"] = []string{"WebSocket"}
			h["Connection"] = []string{"upgrade"}
		}, Answer{"wamp", withA}},
		{"Connection is a list", func(h http.Header) { h["Connection"] = []string{"keep-alive, Upgrade"} }, Answer{"wamp", withA}},
		{"space around", func(h http.Header) {
			h["Upgrade"] = []string{" websocket\t"}
			h["Sec-Websocket-Accept"] = []string{"\t" + theAccept + " "}
			h["Sec-Websocket-Protocol"] = []string{" wamp "}
		}, Answer{"wamp", withA}},
		{"extensions in the server's order, over lines", func(h http.Header) {
			h["Sec-Websocket-Extensions"] = []string{"b", "a"}
		}, Answer{"wamp", []Extension{{Name: "b"}, {Name: "a"}}}},
		{"names spelled as on the wire", func(h http.Header) {
			for _, f := range []field{fieldAccept, fieldExtensions, fieldProtocol} {
				h[f.wire] = h[f.canonical]
				delete(h, f.canonical)
			}
		}, Answer{"wamp", withA}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := goodResponse()
			row.change(h)
			got, err := goodOffer().Judge(101, h)
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("Judge = %+v, %v, want %+v", got, err, row.want)
			}
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	const general = "RFC 6455 §4.1"
	for _, row := range []struct {
		name          string
		status        int
		field         string
		lines         []string
		section, text string
	}{
		{"404", 404, "", nil, general, "answered 404 Not Found, not 101"},
		{"200", 200, "", nil, general, "answered 200 OK, not 101"},
		{"unknown status", 999, "", nil, general, "answered 999 , not 101"},
		{"versions", 426, "Sec-Websocket-Version", []string{"8, 7", "0"}, "RFC 6455 §4.4", `version "8, 7, 0" of WebSocket, this client speaks 13`},
		{"no Upgrade", 101, "Upgrade", nil, general, `Upgrade is ""`},
		{"another Upgrade", 101, "Upgrade", []string{"h2c"}, general, `Upgrade is "h2c"`},
		{"Upgrade is a list", 101, "Upgrade", []string{"websocket, h2c"}, general, `Upgrade is "websocket, h2c"`},
		{"Upgrade twice", 101, "Upgrade", []string{"websocket", "websocket"}, general, `"websocket, websocket"; it must`},
		{"no Connection", 101, "Connection", nil, general, `Connection is ""`},
		{"another Connection", 101, "Connection", []string{"keep-alive", "close"}, general, `Connection is "keep-alive, close"`},
		{"no Accept", 101, "Sec-Websocket-Accept", nil, general, "no Sec-WebSocket-Accept"},
		{"Accept twice", 101, "Sec-Websocket-Accept", []string{theAccept, theAccept}, "RFC 6455 §11.3.3", "more than once"},
		{"another Accept", 101, "Sec-Websocket-Accept", []string{"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, general, `must be "` + theAccept + `"`},
		{"Accept in other case", 101, "Sec-Websocket-Accept", []string{strings.ToLower(theAccept)}, general, "does not answer"},
		{"Accept is empty", 101, "Sec-Websocket-Accept", []string{""}, general, "does not answer"},
		{"Accept is very long", 101, "Sec-Websocket-Accept", []string{strings.Repeat("\x00", 100_000)}, general, "does not answer"},
		{"extension not offered", 101, "Sec-Websocket-Extensions", []string{"a, c; x"}, general, `extension "c", which was not offered`},
		{"extension in other case", 101, "Sec-Websocket-Extensions", []string{"A"}, general, `extension "A", which was not offered`},
		{"extension twice", 101, "Sec-Websocket-Extensions", []string{"a", "a; x=2"}, "RFC 6455 §9.1", `extension "a" twice`},
		{"extensions malformed", 101, "Sec-Websocket-Extensions", []string{"a;"}, "RFC 6455 §9.1", "at offset 2"},
		{"extensions empty", 101, "Sec-Websocket-Extensions", []string{""}, "RFC 6455 §9.1", "names no extension"},
		{"subprotocol not offered", 101, "Sec-Websocket-Protocol", []string{"chat"}, general, `subprotocol "chat", which was not offered`},
		{"subprotocol in other case", 101, "Sec-Websocket-Protocol", []string{"WAMP"}, general, `"WAMP", which was not offered`},
		{"subprotocol empty", 101, "Sec-Websocket-Protocol", []string{""}, general, `subprotocol "", which was not offered`},
		{"two subprotocols", 101, "Sec-Websocket-Protocol", []string{"soap, wamp"}, general, `"soap, wamp", which was not offered`},
		{"subprotocol twice", 101, "Sec-Websocket-Protocol", []string{"wamp", "wamp"}, "RFC 6455 §11.3.4", "more than once"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := goodResponse()
			h[row.field] = row.lines
			got, err := goodOffer().Judge(row.status, h)
			wantError(t, err, 0, row.section, row.text)
			if !reflect.DeepEqual(got, Answer{}) {
				t.Errorf("answer %+v with an error", got)
			}
		})
	}
}

func TestJudgeTakesNothingThatWasNotOffered(t *testing.T) {
	o := Offer{Key: theKey}
	for _, field := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		h := goodResponse()
		delete(h, field)
		_, err := o.Judge(101, h)
		wantError(t, err, 0, "RFC 6455 §4.1", "not offered")
	}
}

// TestBothEndsAgree sends an offer and its answer through net/http's reader and writer.
func TestBothEndsAgree(t *testing.T) {
	offer := goodOffer()
	offer.Key = NewKey()
	r, err := http.NewRequest("GET", "http://example.com/chat?a=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	offer.SetHeader(r.Header)
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Key", "Version", "Protocol", "Extensions"} {
		if n := bytes.Count(wire.Bytes(), []byte("\r\nSec-WebSocket-"+name+": ")); n != 1 {
			t.Errorf("Sec-WebSocket-%s stands %d times in\n%s", name, n, wire.Bytes())
		}
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	request := &Request{got.Method, got.RequestURI, got.ProtoMajor, got.ProtoMinor, got.Host, got.Header}
	if e := request.Check(); e != nil {
		t.Fatal(e)
	}
	offered, err := Subprotocols(got.Header)
	if err != nil {
		t.Fatal(err)
	}
	extensions, err := ParseExtensions(got.Header)
	if err != nil {
		t.Fatal(err)
	}
	response := Response{
		Key: got.Header.Get("Sec-WebSocket-Key"), Subprotocol: SelectSubprotocol(offered, []string{"wamp"}), Extensions: extensions,
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(response.Append(nil))), got)
	if err != nil {
		t.Fatal(err)
	}
	agreed, err := offer.Judge(answer.StatusCode, answer.Header)
	if want := (Answer{"wamp", offer.Extensions}); err != nil || !reflect.DeepEqual(agreed, want) {
		t.Errorf("agreed on %+v, %v, want %+v", agreed, err, want)
	}
}

func BenchmarkJudge(b *testing.B) {
	o, h := goodOffer(), goodResponse()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Judge(101, h); err != nil {
			b.Fatal(err)
		}
	}
}

var (
	naiveWebSocket = regexp.MustCompile(`^[ \t]*[wW][eE][bB][sS][oO][cC][kK][eE][tT][ \t]*$`)
	naiveExtension = regexp.MustCompile("^[ \t]*([!#$%&'*+\\-.^_`|~0-9A-Za-z]+)[ \t]*(;|$)")
)

// FuzzJudge compares Judge with a naive reading of RFC 6455 §4.1. Where a response is accepted, nothing in
// the answer is other than what was offered.
func FuzzJudge(f *testing.F) {
	f.Add("soap, wamp", "a, b", 101, "websocket", "Upgrade", theAccept, "wamp", "a; x=1")
	f.Add("", "", 101, "WebSocket", "keep-alive, upgrade", " "+theAccept, "", "")
	f.Add("soap", "a", 101, "websocket", "Upgrade", theAccept, "soap, wamp", "a, a")
	f.Add("soap", "a", 426, "websocket", "Upgrade", "", "SOAP", `a; b="1"`)
	f.Fuzz(func(t *testing.T, protocols, extensions string, status int, upgrade, connection, accept, protocol, extension string) {
		offer := &Offer{Key: theKey}
		offer.Subprotocols, _ = Subprotocols(http.Header{"Sec-Websocket-Protocol": {protocols}})
		offer.Extensions, _ = ParseExtensions(http.Header{"Sec-Websocket-Extensions": {extensions}})
		h := http.Header{"Upgrade": {upgrade}, "Connection": {connection}, "Sec-Websocket-Accept": {accept}}
		if protocol != "" {
			h["Sec-Websocket-Protocol"] = []string{protocol}
		}
		if extension != "" {
			h["Sec-Websocket-Extensions"] = []string{extension}
		}
		isSwitch := status == 101 && naiveWebSocket.MatchString(upgrade) &&
			naiveOption.MatchString(connection) && strings.Trim(accept, " \t") == theAccept
		isOffered := protocol == "" || slices.Contains(offer.Subprotocols, strings.Trim(protocol, " \t"))

		answer, err := offer.Judge(status, h)
		if err != nil {
			e := err.(*Error)
			checkSendable(t, e)
			if e.Status != 0 || e.Header != nil {
				t.Errorf("status %d and %v, though a client does not answer", e.Status, e.Header)
			}
			if isSwitch && isOffered && extension == "" {
				t.Errorf("refused: %v", err)
			}
			return
		}
		if !isSwitch || !isOffered {
			t.Error("accepted")
		}
		if answer.Subprotocol != strings.Trim(protocol, " \t") {
			t.Errorf("subprotocol %q, sent was %q", answer.Subprotocol, protocol)
		}
		seen := map[string]bool{}
		for _, e := range answer.Extensions {
			offered := false
			for _, element := range strings.Split(extensions, ",") {
				m := naiveExtension.FindStringSubmatch(element)
				offered = offered || m != nil && m[1] == e.Name
			}
			if !offered || seen[e.Name] {
				t.Errorf("extension %q of %q, offered were %q", e, extension, extensions)
			}
			seen[e.Name] = true
		}
	})
}
