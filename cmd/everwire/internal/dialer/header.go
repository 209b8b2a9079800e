package dialer

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// fields makes the request's header of all flags that are about one of its fields.
func (f *Flags) fields(o *websocket.DialOptions) error {
	header := http.Header{}
	for _, given := range f.headers {
		lines, err := headerLines(given)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if err := addField(header, line); err != nil {
				return err
			}
		}
	}
	if err := f.authorization(header); err != nil {
		return err
	}
	if f.origin != "" {
		if err := setField(header, "Origin", f.origin, "--origin"); err != nil {
			return err
		}
	}
	for _, cookie := range f.cookies {
		if !strings.Contains(cookie, "=") {
			return fmt.Errorf("--cookie %q must be written as 'name=value'; a file of cookies is for --cookie-jar", cookie)
		}
		if bad := badValue(cookie); bad {
			return errors.New("--cookie: a cookie cannot have a control character")
		}
	}
	if len(f.cookies) > 0 {
		// One field: RFC 6265 §5.4 allows no more.
		cookies := append(header["Cookie"], f.cookies...)
		header.Set("Cookie", strings.Join(cookies, "; "))
	}
	o.Header = header
	return nil
}

// headerLines returns the fields that one -H stands for.
func headerLines(given string) ([]string, error) {
	if !strings.HasPrefix(given, "@") {
		return []string{given}, nil
	}
	text, err := os.ReadFile(given[1:])
	if err != nil {
		return nil, fmt.Errorf("-H: cannot read the fields: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// instead names the flag for what the handshake itself says.
var instead = map[string]string{
	"Sec-Websocket-Protocol":   "; use --subprotocol",
	"Sec-Websocket-Extensions": "; use --compress",
}

// addField adds a field as it is written in HTTP. Values are not repeated in errors: they may be secret.
func addField(header http.Header, line string) error {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !ok {
		return errors.New("-H: a field must be written as 'Name: value'")
	}
	if !handshake.ValidToken(name) {
		return fmt.Errorf("-H: %q is not the name of a header field", name)
	}
	canonical := http.CanonicalHeaderKey(name)
	switch canonical {
	case "Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Trailer":
		return fmt.Errorf("-H: the field %s belongs to the handshake itself and cannot be set", canonical)
	}
	if strings.HasPrefix(canonical, "Sec-Websocket-") {
		return fmt.Errorf("-H: the field %s belongs to the handshake itself and cannot be set%s", name, instead[canonical])
	}
	value = strings.TrimSpace(value)
	if badValue(value) {
		return fmt.Errorf("-H: the value of the field %s has a control character", name)
	}
	header.Add(name, value)
	return nil
}

// setField sets a field that has a flag of its own.
func setField(header http.Header, name, value, flag string) error {
	if header[name] != nil {
		return fmt.Errorf("%s and -H '%s: …' say the same thing; give one of them", flag, name)
	}
	if badValue(value) {
		return fmt.Errorf("%s: the value has a control character", flag)
	}
	header.Set(name, value)
	return nil
}

func badValue(v string) bool {
	return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// authorization sets the field of that name from --user or --bearer.
func (f *Flags) authorization(header http.Header) error {
	if f.user != "" && f.bearer != "" {
		return errors.New("--user and --bearer are two ways to log in; give one of them")
	}
	if f.user != "" {
		login, err := secret("--user", f.user)
		if err != nil {
			return err
		}
		if !strings.Contains(login, ":") {
			return errors.New("--user must be name:password, or name: without a password")
		}
		credentials := base64.StdEncoding.EncodeToString([]byte(login)) // RFC 7617
		return setField(header, "Authorization", "Basic "+credentials, "--user")
	}
	if f.bearer != "" {
		token, err := secret("--bearer", f.bearer)
		if err != nil {
			return err
		}
		return setField(header, "Authorization", "Bearer "+token, "--bearer") // RFC 6750
	}
	return nil
}

// secret returns a value that may be in a file, so that it need not be in the list of processes.
func secret(flag, given string) (string, error) {
	if !strings.HasPrefix(given, "@") {
		return given, nil
	}
	text, err := os.ReadFile(given[1:])
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("%s: the file %s is empty", flag, given[1:])
	}
	return value, nil
}

func (f *Flags) checkSubprotocols(*websocket.DialOptions) error {
	seen := map[string]bool{}
	for _, name := range f.subprotocols {
		switch {
		case strings.Contains(name, ","):
			return fmt.Errorf("--subprotocol %q is a list; give the flag once for each", name)
		case !handshake.ValidToken(name):
			return fmt.Errorf("--subprotocol %q has a character that the name of a subprotocol cannot have", name)
		case seen[name]:
			return fmt.Errorf("--subprotocol %s is given twice", name)
		}
		seen[name] = true
	}
	return nil
}
