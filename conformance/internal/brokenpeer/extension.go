package brokenpeer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const deflateName = "permessage-deflate"

// clientOffer is what a client offers.
const clientOffer = deflateName + "; client_max_window_bits"

// params are what both ends agreed on (RFC 7692 §7.1).
type params struct {
	serverBits, clientBits             int
	serverNoTakeover, clientNoTakeover bool
}

// A set is what an offer or an answer has: values by the parameters' names.
type set map[string]string

// elements takes a Sec-WebSocket-Extensions list apart (RFC 6455 §9.1). It fails if the list is malformed or
// empty.
func elements(values []string) (names []string, sets [][]string, err error) {
	for _, element := range strings.Split(strings.Join(values, ","), ",") {
		if strings.Trim(element, " \t") == "" {
			continue // RFC 9110 §5.6.1.2
		}
		parts := strings.Split(element, ";")
		for i := range parts {
			name, value, valued := strings.Cut(parts[i], "=")
			name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = escape.ReplaceAllString(value[1:len(value)-1], "$1")
			}
			if !token(name) || valued && (i == 0 || !token(value)) {
				return nil, nil, fmt.Errorf("malformed extensions: %q", element)
			}
			if parts[i] = name; valued {
				parts[i] += "=" + value
			}
		}
		names, sets = append(names, parts[0]), append(sets, parts[1:])
	}
	if len(values) > 0 && len(names) == 0 {
		return nil, nil, errors.New("an empty list of extensions")
	}
	return names, sets, nil
}

var escape = regexp.MustCompile(`\\(.)`)

func token(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// known returns an offer's or an answer's parameters, and whether they are in order.
func known(list []string, answer bool) (set, bool) {
	s, ok := make(set), true
	for _, p := range list {
		name, value, valued := strings.Cut(p, "=")
		if _, twice := s[name]; twice {
			ok = false
			continue
		}
		switch name {
		case "server_no_context_takeover", "client_no_context_takeover":
			ok = ok && !valued
		case "server_max_window_bits", "client_max_window_bits":
			if !valued && !answer && name == "client_max_window_bits" {
				value = "15"
			} else if n, err := strconv.Atoi(value); err != nil || n < 8 || n > 15 || strconv.Itoa(n) != value {
				ok = false
				continue
			}
		default:
			ok = false
			continue
		}
		s[name] = value
	}
	return s, ok
}

func (s set) bits(name string) int {
	if n, err := strconv.Atoi(s[name]); err == nil {
		return n
	}
	return 15
}

func (s set) has(name string) bool {
	_, ok := s[name]
	return ok
}

// answer chooses from a client's offers, and returns what to send back.
func answer(offers []string, fault Fault) (string, *params, error) {
	names, sets, err := elements(offers)
	if err != nil {
		return "", nil, err
	}
	for i, name := range names {
		if name != deflateName {
			continue
		}
		offer, ok := known(sets[i], false)
		if !ok && fault != AcceptsBadOffers {
			continue
		}
		p := &params{serverBits: offer.bits("server_max_window_bits"), clientBits: offer.bits("client_max_window_bits"),
			serverNoTakeover: offer.has("server_no_context_takeover"), clientNoTakeover: offer.has("client_no_context_takeover")}
		text := name
		if p.serverNoTakeover && fault != AnswersNoServerTakeover {
			text += "; server_no_context_takeover"
		}
		if p.clientNoTakeover {
			text += "; client_no_context_takeover"
		}
		if offer.has("server_max_window_bits") && fault != AnswersNoServerWindow {
			text += fmt.Sprintf("; server_max_window_bits=%d", p.serverBits)
		}
		if offer.has("client_max_window_bits") {
			text += fmt.Sprintf("; client_max_window_bits=%d", p.clientBits)
		} else if fault == AnswersClientWindow {
			text += "; client_max_window_bits=15"
		}
		return text, p, nil
	}
	return "", nil, nil
}

// accept reads a server's answer to clientOffer.
func accept(answers []string, fault Fault) (*params, error) {
	names, sets, err := elements(answers)
	if err != nil {
		return nil, err
	}
	if fault == AcceptsExtension {
		for i := len(names) - 1; i >= 0; i-- {
			if names[i] != deflateName {
				names, sets = slices.Delete(names, i, i+1), slices.Delete(sets, i, i+1)
			}
		}
	}
	switch {
	case len(names) == 0:
		return nil, nil
	case len(names) > 1 || names[0] != deflateName:
		return nil, fmt.Errorf("the answer has extensions %q", names)
	}
	a, ok := known(sets[0], true)
	if !ok && fault != AcceptsBadParameters {
		return nil, fmt.Errorf("the answer has parameters %q", sets[0])
	}
	return &params{serverBits: a.bits("server_max_window_bits"), clientBits: a.bits("client_max_window_bits"),
		serverNoTakeover: a.has("server_no_context_takeover"), clientNoTakeover: a.has("client_no_context_takeover")}, nil
}
