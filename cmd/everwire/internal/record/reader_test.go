package record

import (
	"errors"
	"io"
	"strings"
	"testing"
)

const (
	first  = `{"type":"recording","version":1,"start":"2026-01-02T03:04:05Z"}` + "\n"
	opened = `{"type":"open","conn":1,"t":0}` + "\n"
)

// read reads all, and returns how many entries there are and the error at the end.
func read(text string) (n int, err error) {
	r, err := NewReader(strings.NewReader(text))
	for err == nil {
		if _, err = r.Next(); err == nil {
			n++
		}
	}
	return n, err
}

func TestWhatIsNoRecording(t *testing.T) {
	frame := func(rest string) string {
		return first + opened + `{"type":"frame","conn":1,"t":1,"dir":"client",` + rest + "}\n"
	}
	for _, row := range []struct{ name, text, want string }{
		{"another file", "#!/bin/sh\n", "line 1: not a JSON object of a recording: "},
		{"other JSON", `{"a":1}` + "\n", "line 1: not a recording of everwire proxy"},
		{"an array", "[]\n", "line 1: not a JSON object of a recording: "},
		{"no version", `{"type":"recording"}` + "\n", `line 1: "version" must be`},
		{"a newer version", `{"type":"recording","version":2}` + "\n", "line 1: the recording's format is version 2, and this everwire knows 1"},
		{"no start", `{"type":"recording","version":1}` + "\n", `line 1: "start" must be`},
		{"a frame of nobody", first + `{"type":"frame","conn":1,"t":1,"dir":"client","op":"text","fin":true}` + "\n", "line 2: connection 1 is not open"},
		{"opened twice", first + opened + opened, "line 3: connection 1 is opened twice"},
		{"opened again", first + opened + `{"type":"close","conn":1,"t":1}` + "\n" + opened, "line 4: connection 1 is opened twice"},
		{"after its end", first + opened + `{"type":"close","conn":1,"t":1}` + "\n" + `{"type":"close","conn":1,"t":1}` + "\n", "line 4: connection 1 is not open"},
		{"no connection", first + `{"type":"open","t":0}` + "\n", `line 2: "conn" must be`},
		{"no time", first + `{"type":"open","conn":1}` + "\n", `line 2: "t" must be`},
		{"a time before", first + `{"type":"open","conn":1,"t":-1}` + "\n", `line 2: "t" must be`},
		{"a time far away", first + `{"type":"open","conn":1,"t":1e300}` + "\n", `line 2: "t" must be`},
		{"no direction", first + opened + `{"type":"frame","conn":1,"t":1,"op":"text","fin":true}` + "\n", `line 3: "dir" must be`},
		{"no opcode", frame(`"fin":true`), `line 3: "op" must be`},
		{"an opcode that there is not", frame(`"op":"0x10","fin":true`), `line 3: "op" must be`},
		{"no fin", frame(`"op":"text"`), `line 3: "fin" must be`},
		{"bits that there are not", frame(`"op":"text","fin":true,"rsv":8`), `line 3: "rsv" must be`},
		{"two payloads", frame(`"op":"text","fin":true,"text":"a","data":"YQ=="`), `line 3: a frame has "text" or "data"`},
		{"a length that is too small", frame(`"op":"text","fin":true,"text":"abc","len":2`), `line 3: "len" is less`},
		{"no base64", frame(`"op":"text","fin":true,"data":"?"`), "line 3: not a JSON object"},
		{"a mask that is none", frame(`"op":"text","fin":true,"mask":"123"`), `line 3: "mask" must be`},
		{"another mask that is none", frame(`"op":"text","fin":true,"mask":"0x123456"`), `line 3: "mask" must be`},
		{"garbage in the middle", first + opened + "garbage\n" + opened, "line 3: not a JSON object"},
		{"a violation by nobody", first + opened + `{"type":"violation","conn":1,"t":1,"dir":"x"}` + "\n", `line 3: "dir" must be`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := read(row.text)
			var m *Mistake
			if !errors.As(err, &m) || !strings.HasPrefix(err.Error(), row.want) {
				t.Errorf("got %v, want %s…", err, row.want)
			}
		})
	}
}

func TestARecordingThatIsCutIsReadUpToThere(t *testing.T) {
	lines := strings.SplitAfter(recorded, "\n")
	ends := map[int]int{0: 0} // the offset behind each line: how many entries are before it
	offset := 0
	for i, l := range lines[:len(lines)-1] {
		offset += len(l)
		ends[offset], ends[offset-1] = i, i // with or without its line feed
	}
	entries := 0
	for cut := range len(recorded) + 1 {
		n, err := read(recorded[:cut])
		if whole, ok := ends[cut]; ok {
			entries = whole
			if cut > 0 && (n != whole || err != io.EOF) {
				t.Errorf("cut at %d: %d entries and %v, want %d and EOF", cut, n, err, whole)
			}
		} else if n != entries || err != ErrUnfinished {
			t.Errorf("cut at %d: %d entries and %v, want %d and %v", cut, n, err, entries, ErrUnfinished)
		}
	}
}

func TestWhatAReaderDoesNotKnowItPassesOver(t *testing.T) {
	n, err := read(first + "\n" + `{"type":"note","text":"hi","new":[1]}` + "\n" + opened + `{"type":"close","conn":1,"t":1,"new":{}}` + "\n\n")
	if n != 2 || err != io.EOF {
		t.Errorf("%d entries, %v", n, err)
	}
}

// endless is a line without an end.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.read += len(b)
	return len(b), nil
}

func TestALineWithoutEndIsRefused(t *testing.T) {
	e := &endless{}
	_, err := newReader(e, 2<<20)
	if err == nil || !strings.Contains(err.Error(), "longer than 2 MiB") || e.read > 3<<20 {
		t.Errorf("after %d octets: %v", e.read, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(recorded))
	f.Add([]byte(first + opened))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewReader(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		var b strings.Builder
		w := NewWriter(&b, r.Header())
		n := 0
		for {
			e, err := r.Next()
			if err != nil {
				break
			}
			n++
			w.write(lineOf(e))
		}
		if again, err := read(b.String()); w.Err() == nil && (again != n || err != io.EOF) {
			t.Errorf("of %d entries, written again, %d can be read: %v\n%s", n, again, err, b.String())
		}
	})
}
