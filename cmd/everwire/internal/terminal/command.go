package terminal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// A command is what an entered line asks for.
type command any

type (
	sendText   string
	sendBinary []byte
	sendFile   string // a binary message that is read from a file
	sendPing   string
	closeWith  struct {
		code   websocket.CloseCode
		reason string
	}
	showHeaders struct{}
	showStats   struct{}
	saveTo      struct {
		file  string
		force bool // over a file that exists
	}
	setJSON  bool
	showJSON struct{}
	showHelp struct{}
	quit     struct{}
)

// commands are the words of a line that begins with a slash.
var commands = []struct {
	name, args, does string
	parse            func(args string) (command, error)
}{
	{"text", " TEXT", "send a text message, as a line does that begins with no slash",
		func(args string) (command, error) { return sendText(args), nil }},
	{"binary", " HEX | base64:DATA | @FILE", "send a binary message", parseBinary},
	{"ping", " [TEXT]", "send a Ping, and tell when its Pong comes", parsePing},
	{"close", " [CODE [REASON]]", "close, and leave when the server has answered", parseClose},
	{"headers", "", "show the opening handshake", alone(showHeaders{})},
	{"stats", "", "show what was sent and received", alone(showStats{})},
	{"save", " [-f] FILE", "write the last message received to a file; -f: over one that exists", parseSave},
	{"json", " on | off", "indent messages that are JSON", parseJSON},
	{"help", "", "show this", alone(showHelp{})},
	{"quit", "", "close with 1000 and leave, as Ctrl-C and Ctrl-D do", alone(quit{})},
}

// commandOf is the command that a line has, as an error about it begins: "/save: "; or nothing, if it has
// none.
func commandOf(line string) string {
	name, _, _ := split(line)
	for _, c := range commands {
		if c.name == name {
			return "/" + name + ": "
		}
	}
	return ""
}

// split takes a line apart; ok is false for one that is a message.
func split(line string) (name, args string, ok bool) {
	rest, ok := strings.CutPrefix(line, "/")
	if !ok || strings.HasPrefix(rest, "/") {
		return "", rest, false
	}
	if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		_, n := utf8.DecodeRuneInString(rest[i:])
		return rest[:i], rest[i+n:], true
	}
	return rest, "", true
}

// parse reads a line: a command, or else a message. Two slashes at the beginning are one of a message.
func parse(line string) (command, error) {
	name, args, ok := split(line)
	if !ok {
		return sendText(args), nil
	}
	for _, c := range commands {
		if c.name == name {
			return c.parse(args)
		}
	}
	return nil, unknown(name)
}

// unknown is the error of a word that is no command.
func unknown(name string) error {
	var meant []string
	for _, c := range commands {
		if name != "" && (strings.HasPrefix(c.name, name) || strings.HasPrefix(name, c.name)) {
			meant = append(meant, "/"+c.name)
		}
	}
	hint := "see /help"
	if len(meant) > 0 {
		hint = "did you mean " + strings.Join(meant, " or ") + "?"
	}
	return fmt.Errorf("there is no /%s: %s (a message that begins with a slash is written //...)", visible(name), hint)
}

// alone is a command without arguments.
func alone(c command) func(string) (command, error) {
	return func(args string) (command, error) {
		if strings.TrimSpace(args) != "" {
			return nil, errors.New("this command takes nothing behind it")
		}
		return c, nil
	}
}

func parseBinary(args string) (command, error) {
	args = strings.TrimSpace(args)
	if file, ok := strings.CutPrefix(args, "@"); ok {
		if file == "" {
			return nil, errors.New("the file's name is missing: /binary @FILE")
		}
		return sendFile(file), nil
	}
	if data, ok := strings.CutPrefix(args, "base64:"); ok {
		decoded, err := decodeBase64(data)
		if err != nil {
			return nil, errors.New("this is not base64: " + err.Error())
		}
		return sendBinary(decoded), nil
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' {
			return -1
		}
		return r
	}, args)
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "0x"), "0X")
	data, err := hex.DecodeString(digits)
	switch {
	case errors.Is(err, hex.ErrLength):
		return nil, errors.New("an octet is two hexadecimal digits, and one is missing")
	case err != nil:
		return nil, errors.New("write hexadecimal digits (/binary 01 ff), base64:DATA or @FILE")
	}
	return sendBinary(data), nil
}

// decodeBase64 takes the alphabets of RFC 4648 §4 and §5, with padding or without.
func decodeBase64(data string) ([]byte, error) {
	data = strings.Join(strings.Fields(data), "")
	data = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(data, "="))
	return base64.RawStdEncoding.DecodeString(data)
}

func parsePing(args string) (command, error) {
	if len(args) > frame.MaxControlPayload {
		return nil, fmt.Errorf("a Ping has at most %d octets, and this is %d", frame.MaxControlPayload, len(args))
	}
	return sendPing(args), nil
}

func parseClose(args string) (command, error) {
	number, reason, _ := strings.Cut(strings.TrimSpace(args), " ")
	if number == "" {
		return closeWith{code: websocket.CloseNormal}, nil
	}
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return nil, errors.New("the code is a number such as 1000 or 4000: /close [CODE [REASON]]")
	}
	c := closeWith{websocket.CloseCode(code), strings.TrimSpace(reason)}
	if len(c.reason) > frame.MaxCloseReason {
		return nil, fmt.Errorf("a reason has at most %d octets, and this is %d", frame.MaxCloseReason, len(c.reason))
	}
	if !c.code.OnWire() {
		return nil, fmt.Errorf("%d may not be sent: codes are 1000-1003, 1007-1014 and 3000-4999", code)
	}
	return c, nil
}

func parseSave(args string) (command, error) {
	c := saveTo{file: strings.TrimSpace(args)}
	if rest, ok := strings.CutPrefix(c.file, "-f "); ok {
		c = saveTo{strings.TrimSpace(rest), true}
	}
	if c.file == "" || c.file == "-f" {
		return nil, errors.New("the file's name is missing: /save FILE")
	}
	return c, nil
}

func parseJSON(args string) (command, error) {
	switch strings.TrimSpace(args) {
	case "":
		return showJSON{}, nil
	case "on":
		return setJSON(true), nil
	case "off":
		return setJSON(false), nil
	}
	return nil, errors.New("say /json on or /json off")
}
