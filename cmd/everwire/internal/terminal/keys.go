package terminal

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A keyCode is a key that is not a character.
type keyCode int

const (
	keyRune  keyCode = iota // key.r; with ctrl a letter or one of @[\]^_
	keyPaste                // key.text, a piece of a bracketed paste
	keyEnter
	keyTab
	keyBackspace
	keyDelete
	keyEscape
	keyUp
	keyDown
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyUnknown // a sequence that means nothing here
)

// A key is what was typed, or pasted.
type key struct {
	code      keyCode
	r         rune
	ctrl, alt bool
	text      string
}

// A decoder makes keys of what a terminal sends, in whatever pieces it arrives. It knows the sequences of
// xterm and its many heirs, of rxvt and of the Linux console.
type decoder struct {
	in      []byte // not yet decoded
	pasting bool
}

const (
	pasteStart = "\x1b[200~"
	pasteEnd   = "\x1b[201~"

	maxSequence = 64 // octets of an escape sequence; a longer one is none
)

// feed decodes what has arrived. What may be the beginning of a sequence is kept for the next call.
func (d *decoder) feed(arrived []byte) []key {
	d.in = append(d.in, arrived...)
	return d.decode(false)
}

// pending reports whether a sequence has begun that timeout would end: a lone Escape key looks like the
// beginning of one.
func (d *decoder) pending() bool { return len(d.in) > 0 && !d.pasting }

// timeout decodes what is left, because nothing follows it.
func (d *decoder) timeout() []key {
	if d.pasting {
		return nil
	}
	return d.decode(true)
}

func (d *decoder) decode(final bool) (keys []key) {
	for len(d.in) > 0 {
		var k key
		var n int
		switch {
		case d.pasting:
			k, n = d.paste()
		case bytes.HasPrefix(d.in, []byte(pasteStart)):
			d.pasting = true
			d.in = d.in[len(pasteStart):]
			continue
		default:
			k, n = decodeKey(d.in, final)
		}
		if n == 0 {
			break
		}
		d.in = d.in[n:]
		if k.code != keyUnknown && (k.code != keyPaste || k.text != "") {
			keys = append(keys, k)
		}
	}
	if len(d.in) == 0 {
		d.in = nil // its memory may be that of a large paste
	}
	return keys
}

// paste takes what there is of a paste, up to its end or to what may be the beginning of that, of a line's
// end or of a character.
func (d *decoder) paste() (key, int) {
	text, n := d.in, 0
	if end := bytes.Index(d.in, []byte(pasteEnd)); end >= 0 {
		d.pasting = false
		text, n = d.in[:end], end+len(pasteEnd)
	} else {
		for i := max(0, len(text)-len(pasteEnd)+1); i < len(text); i++ {
			if text[i] == '\r' && i == len(text)-1 || strings.HasPrefix(pasteEnd, string(text[i:])) || !utf8.FullRune(text[i:]) {
				text = text[:i]
				break
			}
		}
		n = len(text)
	}
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	return key{code: keyPaste, text: lines.Replace(string([]rune(string(text))))}, n // with U+FFFD for what is not UTF-8
}

// decodeKey decodes the first key and tells how many octets it has; 0 if more must come. If final is true no
// more comes.
func decodeKey(in []byte, final bool) (key, int) {
	switch b := in[0]; {
	case b == 0x1b:
		return decodeEscape(in, final)
	case b == '\r' || b == '\n':
		return key{code: keyEnter}, 1
	case b == '\t':
		return key{code: keyTab}, 1
	case b == 0x7f || b == '\b':
		return key{code: keyBackspace}, 1
	case b == 0:
		return key{code: keyRune, r: '@', ctrl: true}, 1
	case b <= 26:
		return key{code: keyRune, r: rune('a' + b - 1), ctrl: true}, 1
	case b < 0x20:
		return key{code: keyRune, r: rune('@' + b), ctrl: true}, 1
	case !utf8.FullRune(in) && !final:
		return key{}, 0
	}
	r, n := utf8.DecodeRune(in)
	return key{code: keyRune, r: r}, n
}

// decodeEscape decodes what begins with ESC: a sequence, or a key that was typed with Alt.
func decodeEscape(in []byte, final bool) (key, int) {
	if len(in) == 1 {
		if final {
			return key{code: keyEscape}, 1
		}
		return key{}, 0
	}
	switch in[1] {
	case '[':
		return decodeCSI(in, final)
	case 'O':
		if len(in) > 2 {
			return ss3(in[2]), 3
		}
	case 0x1b:
		return key{code: keyEscape}, 1
	default:
		k, n := decodeKey(in[1:], final)
		if n == 0 {
			return k, 0
		}
		k.alt = true
		return k, n + 1
	}
	if final {
		return key{code: keyRune, r: rune(in[1]), alt: true}, 2
	}
	return key{}, 0
}

// ss3 is the key of ESC O and a letter, as sent in application mode and by rxvt.
func ss3(letter byte) key {
	switch letter {
	case 'M':
		return key{code: keyEnter} // of the keypad
	case 'a', 'b', 'c', 'd': // rxvt, with Ctrl
		k := cursorKey(letter - 'a' + 'A')
		k.ctrl = true
		return k
	}
	return cursorKey(letter)
}

func cursorKey(letter byte) key {
	codes := map[byte]keyCode{'A': keyUp, 'B': keyDown, 'C': keyRight, 'D': keyLeft, 'H': keyHome, 'F': keyEnd}
	if code, ok := codes[letter]; ok {
		return key{code: code}
	}
	return key{code: keyUnknown}
}

// decodeCSI decodes ESC [ parameters final (ECMA-48 §5.4).
func decodeCSI(in []byte, final bool) (key, int) {
	i := 2
	if len(in) > 2 && in[2] == '[' { // the Linux console's F1 to F5
		i = 3
	}
	for i < len(in) && i < maxSequence && in[i] >= 0x20 && in[i] < 0x40 {
		i++
	}
	switch {
	case i == len(in) && !final:
		return key{}, 0
	case i == len(in) && i == 2:
		return key{code: keyRune, r: '[', alt: true}, 2
	case i == len(in) || in[i] < 0x40 || in[i] > 0x7e:
		return key{code: keyUnknown}, i // no sequence after all; what does not fit is read again
	case in[2] == '[':
		return key{code: keyUnknown}, i + 1
	}
	return csi(in[2:i], in[i]), i + 1
}

// csi is the key of a whole sequence.
func csi(params []byte, last byte) key {
	p := numbers(params)
	k := key{code: keyUnknown}
	modifiers := p[1]
	switch last {
	case '~':
		codes := map[int]keyCode{1: keyHome, 3: keyDelete, 4: keyEnd, 7: keyHome, 8: keyEnd}
		if code, ok := codes[p[0]]; ok {
			k.code = code
		}
		if p[0] == 27 { // xterm's modifyOtherKeys
			k = character(p[2], modifiers)
		}
	case 'u': // "fixterms", kitty
		k = character(p[0], modifiers)
	case 'Z':
		k.code = keyTab
	default:
		k = cursorKey(last)
	}
	if modifiers > 1 {
		k.alt = k.alt || (modifiers-1)&2 != 0
		k.ctrl = k.ctrl || (modifiers-1)&4 != 0
	}
	return k
}

// character is a key that was told by its code point. Shift and Enter together mean what Alt and Enter do.
func character(code, modifiers int) key {
	switch {
	case code == '\r':
		return key{code: keyEnter, alt: modifiers > 1}
	case code == 0x1b:
		return key{code: keyEscape}
	case code == '\t':
		return key{code: keyTab}
	case code == 0x7f:
		return key{code: keyBackspace}
	case code >= 0x20 && code < 0xe000:
		return key{code: keyRune, r: rune(code)}
	}
	return key{code: keyUnknown}
}

// numbers are the first three parameters; one that is absent or makes no sense is 0.
func numbers(params []byte) (p [3]int) {
	for i, s := range strings.SplitN(string(params), ";", 4) {
		if i == len(p) {
			break
		}
		s, _, _ = strings.Cut(s, ":")
		if n, err := strconv.Atoi(s); err == nil && n >= 0 {
			p[i] = n
		}
	}
	return p
}
