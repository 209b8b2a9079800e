package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An agreement is what two ends have agreed on about permessage-deflate (RFC 7692 §7.1).
type agreement struct {
	serverBits, clientBits             int
	serverNoTakeover, clientNoTakeover bool
}

// bits returns the window in which a peer compresses.
func (a *agreement) bits(p Peer) int {
	if p == Server {
		return a.serverBits
	}
	return a.clientBits
}

// takeover reports whether a peer keeps its context from message to message.
func (a *agreement) takeover(p Peer) bool {
	if p == Server {
		return !a.serverNoTakeover
	}
	return !a.clientNoTakeover
}

// An extension is an element of a Sec-WebSocket-Extensions list.
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	valued      bool
}

// get returns a parameter.
func (e *extension) get(name string) (param, bool) {
	i := slices.IndexFunc(e.params, func(p param) bool { return p.name == name })
	if i < 0 {
		return param{}, false
	}
	return e.params[i], true
}

// parseExtensions takes a header's values apart (RFC 6455 §9.1). As that section's grammar is RFC 2616's,
// there may be white space between any two parts, and list elements without content; a header without any
// extension is malformed.
func parseExtensions(values []string) ([]extension, error) {
	var list []extension
	for _, value := range values {
		t := headerText(value)
		found := false
		for {
			t.space()
			if t.take(',') {
				continue
			}
			if t == "" {
				break
			}
			e, err := t.extension()
			if err != nil {
				return nil, err
			}
			list, found = append(list, e), true
			if t != "" && t[0] != ',' {
				return nil, fmt.Errorf("%q follows the extension %s", string(t), e.name)
			}
		}
		if !found {
			return nil, fmt.Errorf("%q names no extension", value)
		}
	}
	return list, nil
}

// A headerText is what is left of a header's value as it is read.
type headerText string

func (t *headerText) space() { *t = headerText(strings.TrimLeft(string(*t), " \t")) }

// take reads a separator, if it is there.
func (t *headerText) take(c byte) bool {
	if *t == "" || (*t)[0] != c {
		return false
	}
	*t = (*t)[1:]
	return true
}

func (t *headerText) extension() (e extension, err error) {
	if e.name, err = t.token(); err != nil {
		return e, err
	}
	for t.take(';') {
		t.space()
		var p param
		if p.name, err = t.token(); err != nil {
			return e, err
		}
		if p.valued = t.take('='); p.valued {
			t.space()
			if p.value, err = t.value(); err != nil {
				return e, err
			}
		}
		e.params = append(e.params, p)
	}
	return e, nil
}

// token reads a token, and the space behind it.
func (t *headerText) token() (string, error) {
	s := string(*t)
	end := strings.IndexFunc(s, func(r rune) bool { return !isToken(string(r)) })
	if end < 0 {
		end = len(s)
	}
	if end == 0 {
		return "", fmt.Errorf("%q does not begin with a token", s)
	}
	*t = (*t)[end:]
	t.space()
	return s[:end], nil
}

// value reads a token or a quoted string, which must be a token without its quotes, and the space behind it.
func (t *headerText) value() (string, error) {
	if !t.take('"') {
		return t.token()
	}
	var v []byte
	for !t.take('"') {
		t.take('\\')
		if *t == "" {
			return "", errors.New("a quoted string has no end")
		}
		v = append(v, (*t)[0])
		*t = (*t)[1:]
	}
	if !isToken(string(v)) {
		return "", fmt.Errorf("the quoted string %q is no token", v)
	}
	t.space()
	return string(v), nil
}

func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// permessageDeflate is the one extension that the suite speaks. compressing are those that it knows to mark
// compressed messages or frames by RSV1, so that no two of them go together (RFC 7692 §5).
const permessageDeflate = "permessage-deflate"

var compressing = []string{permessageDeflate, "permessage-bzip2", "permessage-snappy", "deflate-frame", "x-webkit-deflate-frame"}

// judgeAnswerTo holds a server's answer against an offer (RFC 7692 §5 and §7). It returns what was agreed on
// about permessage-deflate, nil for nothing, and what is wrong with the answer.
func judgeAnswerTo(offer string, answer []string) (*agreement, []string) {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	answers, err := parseExtensions(answer)
	if err != nil {
		complain("the answer's Sec-WebSocket-Extensions is malformed: %v (RFC 6455 §9.1)", err)
		return nil, wrong
	}
	var offers []extension
	if offer != "" {
		if offers, err = parseExtensions([]string{offer}); err != nil && len(answers) > 0 {
			complain("the offer is malformed (%v), and was accepted (RFC 6455 §9.1)", err)
			return nil, wrong
		}
	}
	var agreed *agreement
	var compressor string
	seen := map[string]bool{}
	for _, a := range answers {
		switch {
		case !slices.ContainsFunc(offers, func(o extension) bool { return o.name == a.name }):
			complain("the extension %s was not offered (RFC 6455 §9.1)", a.name)
			continue
		case seen[a.name]:
			complain("%s was accepted more than once (RFC 7692 §5)", a.name)
			continue
		}
		seen[a.name] = true
		if slices.Contains(compressing, a.name) {
			if compressor != "" {
				complain("%s and %s were accepted together, and both use RSV1 (RFC 7692 §5)", compressor, a.name)
			}
			compressor = a.name
		}
		if a.name == permessageDeflate {
			var reasons []string
			agreed, reasons = judgeDeflate(offers, &a)
			wrong = append(wrong, reasons...)
		}
	}
	return agreed, wrong
}

// judgeDeflate holds an answer for permessage-deflate against the offers. It need fit one of them only (RFC
// 7692 §5).
func judgeDeflate(offers []extension, answer *extension) (agreed *agreement, wrong []string) {
	agreed, wrong = agreementOf(answer)
	if len(wrong) > 0 {
		return agreed, wrong
	}
	var misfit []string
	for _, o := range offers {
		if o.name != permessageDeflate {
			continue
		}
		why := ""
		if faults := judgeOffer(&o); len(faults) > 0 {
			why = fmt.Sprintf("an offer must be declined in which %s (RFC 7692 §7)", strings.Join(faults, " and "))
		} else {
			why = misfits(&o, answer)
		}
		if why == "" {
			return agreed, nil
		}
		misfit = append(misfit, why)
	}
	return agreed, []string{strings.Join(misfit, "; ")}
}

// judgeOffer returns what is wrong with an offer of permessage-deflate: that of client_max_window_bits
// without a value is all in which its grammar differs from an answer's.
func judgeOffer(offer *extension) []string {
	like := extension{name: offer.name}
	for _, p := range offer.params {
		if p.name == "client_max_window_bits" && !p.valued {
			p.value, p.valued = "15", true
		}
		like.params = append(like.params, p)
	}
	_, wrong := agreementOf(&like)
	return wrong
}

// agreementOf reads the parameters of an answer.
func agreementOf(e *extension) (*agreement, []string) {
	a := &agreement{serverBits: 15, clientBits: 15}
	var wrong []string
	seen := map[string]bool{}
	for _, p := range e.params {
		if seen[p.name] {
			wrong = append(wrong, fmt.Sprintf("the parameter %s is there twice", p.name))
		}
		seen[p.name] = true
		switch p.name {
		case "server_no_context_takeover":
			a.serverNoTakeover = true
		case "client_no_context_takeover":
			a.clientNoTakeover = true
		case "server_max_window_bits", "client_max_window_bits":
			bits, ok := windowBits(p.value)
			if !ok {
				wrong = append(wrong, fmt.Sprintf("%s has the value %q, not 8 to 15", p.name, p.value))
				continue
			}
			if p.name == "server_max_window_bits" {
				a.serverBits = bits
			} else {
				a.clientBits = bits
			}
			continue
		default:
			wrong = append(wrong, fmt.Sprintf("there is no parameter %s", p.name))
			continue
		}
		if p.valued {
			wrong = append(wrong, fmt.Sprintf("%s has a value", p.name))
		}
	}
	return a, wrong
}

// windowBits reads a window's size; it has no leading zeros (RFC 7692 §7.1.2).
func windowBits(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 8 && n <= 15 && strconv.Itoa(n) == s
}

// misfits returns why an answer is none to an offer, both valid in themselves, or "". The value of
// client_max_window_bits in an offer is a hint: the answer's may be larger (RFC 7692 §7.2.1).
func misfits(offer, answer *extension) string {
	if _, asked := offer.get("server_no_context_takeover"); asked {
		if _, given := answer.get("server_no_context_takeover"); !given {
			return "server_no_context_takeover was asked for and is not in the answer (RFC 7692 §7.1.1.1)"
		}
	}
	if asked, has := offer.get("server_max_window_bits"); has {
		given, answered := answer.get("server_max_window_bits")
		most, _ := windowBits(asked.value)
		bits, _ := windowBits(given.value)
		switch {
		case !answered:
			return "server_max_window_bits was asked for and is not in the answer (RFC 7692 §7.1.2.1)"
		case bits > most:
			return fmt.Sprintf("server_max_window_bits is %d in the answer, where at most %d was asked for (RFC 7692 §7.1.2.1)", bits, most)
		}
	}
	if _, answered := answer.get("client_max_window_bits"); answered {
		if _, has := offer.get("client_max_window_bits"); !has {
			return "client_max_window_bits is in the answer, and was not offered (RFC 7692 §7.1.2.2)"
		}
	}
	return ""
}

// agree judges what a server made of an offer, and takes it for the connection.
func (s *session) agree(offer string, answer []string) {
	agreed, wrong := judgeAnswerTo(offer, answer)
	for _, w := range wrong {
		s.fail("the answer to the offer %q: %s", offer, w)
	}
	s.deflate = agreed
}

// accept returns the first answer of a list, as "a; x, a; y" has them, that fits a client's offer, and takes
// it for the connection. If there is none the case is UNIMPLEMENTED.
func (s *session) accept(answers string) string {
	offered := s.request.parsed.Header.Values("Sec-WebSocket-Extensions")
	for _, answer := range strings.Split(answers, ",") {
		answer = strings.TrimSpace(answer)
		if agreed, wrong := judgeAnswerTo(strings.Join(offered, ","), []string{answer}); agreed != nil && len(wrong) == 0 {
			s.deflate = agreed
			return answer
		}
	}
	s.lacking("the client does not offer what fits %q; it offers %q", answers, strings.Join(offered, ", "))
	panic(giveUp)
}
