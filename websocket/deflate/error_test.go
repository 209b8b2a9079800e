package deflate_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// wantRefusal checks that err is a *handshake.Error without status, for that section, whose reason has the
// text.
func wantRefusal(t *testing.T, err error, section, text string) {
	t.Helper()
	var e *handshake.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want a *handshake.Error about %q", err, text)
	}
	if e.Section != section || !strings.Contains(e.Reason, text) {
		t.Errorf("refused by %s: %s\nwant       %s: …%s…", e.Section, e.Reason, section, text)
	}
	checkRefusal(t, e)
}

// checkRefusal checks what holds for every refusal, whatever the other end sent.
func checkRefusal(t *testing.T, e *handshake.Error) {
	t.Helper()
	if e.Status != 0 || e.Header != nil {
		t.Errorf("a refusal has status %d and header %v", e.Status, e.Header)
	}
	const enough = 512 // a quotation of 64 characters, escaped, and a sentence
	if len(e.Reason) > enough {
		t.Errorf("the reason has %d octets: %s", len(e.Reason), e.Reason)
	}
	if i := strings.IndexFunc(e.Reason, unicode.IsControl); i >= 0 {
		t.Errorf("the reason has a control character at %d: %q", i, e.Reason)
	}
	if !strings.HasPrefix(e.Section, "RFC 7692 §") && e.Section != draft {
		t.Errorf("the section is %q", e.Section)
	}
}

const draft = "draft-tyoshino-hybi-websocket-perframe-deflate"

func TestErrorCutsWhatItQuotes(t *testing.T) {
	long := strings.Repeat("\x00x", 1<<16)
	offers := []handshake.Extension{deflate.Config{}.Offer()}
	for name, answer := range map[string]handshake.Extension{
		"name":      {Name: long},
		"parameter": {Name: deflate.Name, Params: []handshake.Param{{Name: long}}},
		"value": {Name: deflate.Name, Params: []handshake.Param{
			{Name: "server_max_window_bits", Value: long, HasValue: true}}},
		"value of a flag": {Name: deflate.Name, Params: []handshake.Param{
			{Name: "server_no_context_takeover", Value: long, HasValue: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := deflate.Accept(offers, answer)
			var e *handshake.Error
			if !errors.As(err, &e) || p != (deflate.Params{}) {
				t.Fatalf("Accept = %+v, %v", p, err)
			}
			checkRefusal(t, e)
		})
	}
}
