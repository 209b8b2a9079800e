package conformance

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// A recording is what the classic suite did and accepted in a case.
type recording struct {
	ID            string
	Expected      map[string][][]any
	ExpectedClose struct {
		CloseCode                []int
		ClosedByMe, RequireClean bool
	}
	Sent               []recordedFrame // nil if not recorded
	SentFramesByOpcode map[string]int
}

type recordedFrame struct {
	Length  int
	Payload recordedPayload
	Opcode  byte
	Fin     bool
	Rsv     byte
	Chop    int
	Sync    bool
}

// A recordedPayload is a JSON string as it stands in the file: octets in hexadecimal behind "0x", or text, in
// which surrogates stand for the octets that UTF-8 has none of. It may be cut.
type recordedPayload struct{ json.RawMessage }

const cutMark = " ..."

// fits reports whether a payload is what was recorded.
func (p recordedPayload) fits(t *testing.T, payload []byte) bool {
	t.Helper()
	units := unitsOf(t, p.RawMessage)
	shown := string(utf16.Decode(units))
	begin, cut := strings.CutSuffix(shown, cutMark)
	if digits, ok := strings.CutPrefix(begin, "0x"); ok {
		octets, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		return same(payload, octets, cut)
	}
	if same(payload, []byte(begin), cut) && !bytes.ContainsRune([]byte(begin), utf8.RuneError) {
		return true
	}
	var apart []byte // each surrogate by itself, also those that make a pair
	for _, u := range units {
		if utf16.IsSurrogate(rune(u)) {
			apart = append(apart, 0xe0|byte(u>>12), 0x80|byte(u>>6&0x3f), 0x80|byte(u&0x3f))
		} else {
			apart = utf8.AppendRune(apart, rune(u))
		}
	}
	return same(payload, apart, false)
}

func same(payload, recorded []byte, cut bool) bool {
	if cut {
		return bytes.HasPrefix(payload, recorded)
	}
	return bytes.Equal(payload, recorded)
}

// unitsOf reads a JSON string without repairing it.
func unitsOf(t *testing.T, raw []byte) (units []uint16) {
	t.Helper()
	raw = raw[1 : len(raw)-1]
	for len(raw) > 0 {
		if bytes.HasPrefix(raw, []byte(`\u`)) {
			u, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			units, raw = append(units, uint16(u)), raw[6:]
			continue
		}
		_, n := utf8.DecodeRune(raw)
		if raw[0] == '\\' {
			n = 2
		}
		var s string
		if err := json.Unmarshal([]byte(`"`+string(raw[:n])+`"`), &s); err != nil {
			t.Fatal(err)
		}
		units, raw = append(units, utf16.Encode([]rune(s))...), raw[n:]
	}
	return units
}

func recordings(t *testing.T) []recording {
	t.Helper()
	raw, err := os.ReadFile("testdata/classic-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 517 {
		t.Fatalf("%d cases are recorded", len(all))
	}
	return all
}

// byNumber are our cases.
func byNumber(t *testing.T) map[string]*Case {
	t.Helper()
	found := make(map[string]*Case)
	for _, c := range Cases(Server | Client) {
		if found[c.ID] != nil {
			t.Errorf("the case %s is there twice", c.ID)
		}
		found[c.ID] = c
	}
	return found
}

// long are the families that are required only as a whole.
var long = []int{9, 12, 13}

func TestEveryClassicCaseIsThere(t *testing.T) {
	ours := byNumber(t)
	begun := make(map[int]bool)
	for _, c := range ours {
		begun[c.Family()] = true
	}
	missing := make(map[int][]string)
	classic := make(map[string]bool)
	for _, rec := range recordings(t) {
		classic[rec.ID] = true
		family := (&Case{ID: rec.ID}).Family()
		if c := ours[rec.ID]; c == nil && (begun[family] || !slices.Contains(long, family)) {
			missing[family] = append(missing[family], rec.ID)
		} else if c != nil && c.Peers != Server|Client {
			t.Errorf("the case %s is not for both kinds of peer", rec.ID)
		}
	}
	for _, family := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("of family %d are missing: %s", family, strings.Join(missing[family], ", "))
	}
	for id, c := range ours {
		if c.Family() <= 13 && !classic[id] {
			t.Errorf("the case %s has a classic family's number and is no classic case", id)
		}
	}
}

// eachRecorded runs a test for each case that is recorded but for the long families.
func eachRecorded(t *testing.T, test func(*testing.T, *Case, recording)) {
	t.Helper()
	ours := byNumber(t)
	for _, rec := range recordings(t) {
		if c := ours[rec.ID]; c != nil && !slices.Contains(long, c.Family()) {
			t.Run(rec.ID, func(t *testing.T) { test(t, c, rec) })
		}
	}
}

func informational(id string) bool { return id == "7.1.6" || id == "7.13.1" || id == "7.13.2" }

// verdicts are what a peer that does all right gets.
func verdicts(id string) (behavior, end Verdict) {
	if informational(id) {
		return Informational, Informational
	}
	return OK, OK
}

func wantVerdicts(t *testing.T, r *Result, behavior, end Verdict) {
	t.Helper()
	if r.Behavior != behavior || r.Close != end {
		t.Errorf("it is %s (%s) and %s (%s), not %s and %s", r.Behavior, r.Reason, r.Close, r.CloseReason, behavior, end)
	}
}

// TestClassicCasesSend holds what our cases write against the record.
func TestClassicCasesSend(t *testing.T) {
	eachRecorded(t, func(t *testing.T, c *Case, rec recording) {
		early := strings.HasPrefix(rec.ID, "6.4.")
		m := &mirror{late: early} // so that all is sent
		r := m.ask(t, c)
		behavior, end := verdicts(rec.ID)
		if early {
			behavior = NonStrict
		}
		wantVerdicts(t, r, behavior, end)

		got := m.frames(t)
		counts := make(map[string]int)
		for _, f := range got {
			counts[fmt.Sprint(f.op)]++
		}
		if rec.ID == "6.4.3" || rec.ID == "6.4.4" { // whose text frame was not recorded, as it was written in parts
			f := got[0]
			if f.op != opText || !f.more || string(f.payload) != kosme+beyond+"edited" {
				t.Errorf("the first frame is %+v", f.frame)
			}
			at := map[string][]int{"6.4.3": {11, 15, 21}, "6.4.4": {12, 13, 21}}[rec.ID]
			if !slices.Equal(f.writes, []int{at[0] + 2, at[1] + 2, at[2] + 2}) {
				t.Errorf("its octets were written up to %d", f.writes)
			}
			got = got[1:]
			counts["1"]--
			delete(counts, "1")
		}
		if !maps.Equal(counts, rec.SentFramesByOpcode) {
			t.Errorf("the frames by opcode are %v, not %v", counts, rec.SentFramesByOpcode)
		}
		if rec.Sent == nil {
			fragments(t, got, rec)
			return
		}
		// A Close frame with 1000 alone may also be the suite's own, which was not recorded in some cases.
		got = slices.DeleteFunc(got, func(f sentFrame) bool {
			return f.op == opClose && string(f.payload) == "\x03\xe8" && f.rsv == 0
		})
		want := slices.DeleteFunc(slices.Clone(rec.Sent), func(f recordedFrame) bool {
			return f.Opcode == opClose && string(f.Payload.RawMessage) == `"0x03e8"`
		})
		if len(got) != len(want) {
			t.Fatalf("%d frames were sent, not %d", len(got), len(want))
		}
		for i, f := range want {
			f.hold(t, i, got[i], rec.ID)
		}
	})
}

// hold compares a frame with the recorded one.
func (f recordedFrame) hold(t *testing.T, i int, got sentFrame, id string) {
	t.Helper()
	if got.op != f.Opcode || got.more == f.Fin || got.rsv != f.Rsv {
		t.Errorf("frame %d is %v, not of opcode %d, FIN %v, bits %b", i, got, f.Opcode, f.Fin, f.Rsv)
	}
	if id == "7.1.6" && i == 0 { // a pattern of which 256 KiB were sent
		pattern := []byte("BAsd7&jh23")
		if !f.Payload.fits(t, pattern) || !bytes.Equal(got.payload, bytes.Repeat(pattern, 26215)[:256<<10]) {
			t.Errorf("frame %d is not the pattern", i)
		}
		return
	}
	if len(got.payload) != f.Length || !f.Payload.fits(t, got.payload) {
		t.Errorf("frame %d has the %d octets %x, not the %d octets %s", i, len(got.payload), got.payload, f.Length, f.Payload.RawMessage)
	}
	switch {
	case f.Chop > 0:
		var want []int
		for at := f.Chop; at < got.size; at += f.Chop {
			want = append(want, at)
		}
		if want = append(want, got.size); !slices.Equal(got.writes, want) || !got.alone {
			t.Errorf("frame %d was written up to %d, not %d octets at a time", i, got.writes, f.Chop)
		}
	case f.Sync:
		if !slices.Equal(got.writes, []int{got.size}) || !got.alone {
			t.Errorf("frame %d was not written by a write of its own", i)
		}
	default:
		if len(got.writes) > 0 && got.writes[0] != got.size {
			t.Errorf("frame %d was written in parts, up to %d", i, got.writes)
		}
	}
}

// fragments checks the messages of the cases whose many frames were not recorded.
func fragments(t *testing.T, got []sentFrame, rec recording) {
	t.Helper()
	want := map[string]struct {
		payload string
		size    int
	}{
		"6.2.3":  {umlauts, 1},
		"6.2.4":  {kosme, 1},
		"6.3.2":  {kosme + "\xed\xa0\x80edited", 1},
		"10.1.1": {strings.Repeat("*", 65536), 1300},
	}[rec.ID]
	if want.size == 0 {
		t.Fatal("nothing is known of what it sends")
	}
	var whole []byte
	for i, f := range got {
		if f.op == opClose {
			continue
		}
		if (f.op == opText) != (i == 0) || len(f.payload) != want.size && f.more || f.more != (i < len(got)-2) {
			t.Errorf("frame %d is %v", i, f)
		}
		whole = append(whole, f.payload...)
	}
	if string(whole) != want.payload {
		t.Errorf("the message is %x", whole)
	}
}

// A sentFrame is one that the suite wrote.
type sentFrame struct {
	frame
	size   int   // header and all
	writes []int // where in it writes ended
	alone  bool  // a write ended right before it
}

func (f sentFrame) String() string {
	return describe(f.op, !f.more, f.rsv, uint64(len(f.payload)), false)
}

// frames takes apart what the mirror read.
func (m *mirror) frames(t *testing.T) (frames []sentFrame) {
	t.Helper()
	for at := 0; at < len(m.wire); {
		f, size := understand(m.wire[at:])
		if size < 0 {
			t.Fatalf("the last frame is cut: %x", m.wire[at:])
		}
		sent := sentFrame{frame: f, size: size, alone: at == 0 || slices.Contains(m.bounds, at)}
		for _, b := range m.bounds {
			if b > at && b <= at+size {
				sent.writes = append(sent.writes, b-at)
			}
		}
		frames = append(frames, sent)
		at += size
	}
	return frames
}

// TestClassicCasesExpect holds the events that our cases take for right against the record.
func TestClassicCasesExpect(t *testing.T) {
	eachRecorded(t, func(t *testing.T, c *Case, rec recording) {
		_, mayLack := rec.Expected["NON-STRICT"]
		early := strings.HasPrefix(rec.ID, "6.4.")
		wanted := len(rec.Expected["OK"])
		if early {
			wanted = 0 // they are the waits
		}
		okay, end := verdicts(rec.ID)

		t.Run("right", func(t *testing.T) {
			r := (&mirror{}).ask(t, c)
			wantVerdicts(t, r, okay, end)
			if !informational(rec.ID) {
				compareEvents(t, r, rec.Expected["OK"][:wanted])
			}
		})
		t.Run("mute", func(t *testing.T) {
			want := okay
			if wanted > 0 && !informational(rec.ID) {
				want = Failed
				if mayLack {
					want = NonStrict
				}
			}
			if r := (&mirror{mute: true}).ask(t, c); r.Behavior != want {
				t.Errorf("a peer that does not answer is %s (%s), not %s", r.Behavior, r.Reason, want)
			}
		})
		t.Run("busy", func(t *testing.T) {
			want := okay
			if c.Has(Interleaved) {
				want = Failed
			}
			if r := (&mirror{busy: true}).ask(t, c); r.Behavior != want {
				t.Errorf("a peer that answers no Ping inside a message is %s (%s), not %s", r.Behavior, r.Reason, want)
			}
		})
		for name, m := range map[string]*mirror{"extra": {extra: true}, "gift": {gift: true}} {
			t.Run(name, func(t *testing.T) {
				want := Failed
				if rec.ID == "7.1.6" {
					want = Informational
				}
				if r := m.ask(t, c); r.Behavior != want {
					t.Errorf("a peer that sends what nobody asked for is %s (%s)", r.Behavior, r.Reason)
				}
			})
		}
	})
}

// compareEvents holds what the peer did, and was found right, against what the record has.
func compareEvents(t *testing.T, r *Result, want [][]any) {
	t.Helper()
	var notes []string
	for _, e := range r.Log {
		if !e.Sent && strings.Contains(e.Note, ", ") && !strings.HasPrefix(e.Note, "Close") {
			kind, _, _ := strings.Cut(e.Note, ",")
			payload := append([]byte(nil), e.Octets[min(len(e.Octets), e.Length-unmaskedLength(e)):]...)
			key := e.Octets[len(e.Octets)-len(payload)-4:]
			for i := range payload {
				payload[i] ^= key[i&3]
			}
			notes = append(notes, kind+" "+string(payload))
		}
	}
	if len(notes) != len(want) {
		t.Fatalf("%d events were right, where %d are recorded", len(notes), len(want))
	}
	for i, w := range want {
		payload, cut := strings.CutSuffix(w[1].(string), cutMark)
		if digits, ok := strings.CutPrefix(payload, "0x"); ok {
			octets, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			payload = string(octets)
		}
		kind := "Pong"
		if w[0] == "message" {
			kind = map[any]string{false: "Text", true: "Binary"}[w[2]]
		}
		if full := kind + " " + payload; notes[i] != full && !(cut && strings.HasPrefix(notes[i], full)) {
			t.Errorf("event %d was %q, where %q is recorded", i, notes[i], full)
		}
	}
}

// unmaskedLength is how many octets a logged client's frame has behind its header.
func unmaskedLength(e Entry) int {
	switch e.Octets[1] & 0x7f {
	case 126:
		return e.Length - 8
	case 127:
		return e.Length - 14
	}
	return e.Length - 6
}

// TestClassicCasesClose holds the ends of connections that our cases take for right against the record.
func TestClassicCasesClose(t *testing.T) {
	eachRecorded(t, func(t *testing.T, c *Case, rec recording) {
		behavior, end := verdicts(rec.ID)
		for _, code := range rec.ExpectedClose.CloseCode {
			t.Run(fmt.Sprint(code), func(t *testing.T) {
				wantVerdicts(t, (&mirror{code: code}).ask(t, c), behavior, end)
			})
		}
		t.Run("no code", func(t *testing.T) {
			wantVerdicts(t, (&mirror{code: -1}).ask(t, c), behavior, end)
		})
		t.Run("wrong code", func(t *testing.T) {
			want := WrongCode
			if informational(rec.ID) {
				want = Informational
			}
			r := (&mirror{code: 4321}).ask(t, c)
			if r.Close != want {
				t.Errorf("the end is %s (%s), not %s", r.Close, r.CloseReason, want)
			}
			codes := strings.HasPrefix(rec.ID, "7.7.") || strings.HasPrefix(rec.ID, "7.9.") ||
				slices.Contains([]string{"7.3.2", "7.3.6", "7.5.1"}, rec.ID) // they are about the code
			if codes != (r.Behavior == Failed) {
				t.Errorf("the behaviour is %s (%s)", r.Behavior, r.Reason)
			}
		})
		t.Run("no Close frame", func(t *testing.T) {
			want := end
			if rec.ExpectedClose.RequireClean && !informational(rec.ID) {
				want = Unclean
			}
			wantVerdicts(t, (&mirror{drop: true}).ask(t, c), behavior, want)
		})
		t.Run("no end", func(t *testing.T) {
			if r := (&mirror{deaf: true}).ask(t, c); r.Close != Failed {
				t.Errorf("the end is %s (%s)", r.Close, r.CloseReason)
			} else if !rec.ExpectedClose.ClosedByMe && r.Behavior != Failed {
				t.Errorf("the behaviour is %s (%s)", r.Behavior, r.Reason)
			}
		})
	})
}

// TestClassicCasesCloseByTheWrongEnd has a peer close where the suite was to.
func TestClassicCasesCloseByTheWrongEnd(t *testing.T) {
	eachRecorded(t, func(t *testing.T, c *Case, rec recording) {
		if !rec.ExpectedClose.ClosedByMe || len(rec.Expected["OK"]) == 0 || rec.ID == "7.1.6" {
			return // the peer is to close, or the suite does without waiting for anything
		}
		if r := (&mirror{eager: true}).ask(t, c); r.Close != Failed {
			t.Errorf("the end is %s (%s)", r.Close, r.CloseReason)
		}
	})
}
