package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// key does what a key asks for.
func (s *session) key(k key) {
	if s.done {
		return
	}
	s.hint = ""
	if s.special(k) {
		return
	}
	if s.search != nil {
		done, passed := s.search.key(k, &s.history, &s.editor)
		if done {
			s.search = nil
			s.history.bottom()
		}
		if !passed {
			return
		}
	}
	switch {
	case k.code == keyEnter && k.alt:
		s.insert("\n")
	case k.code == keyEnter:
		s.enter()
	case k.code == keyTab:
		s.complete()
	case k.code == keyUp, k.ctrl && k.r == 'p':
		if !s.editor.up() {
			s.leaf(s.history.older(s.editor.String()))
		}
	case k.code == keyDown, k.ctrl && k.r == 'n':
		if !s.editor.down() {
			s.leaf(s.history.newer())
		}
	case k.ctrl && k.r == 'r':
		s.search = &search{at: len(s.history.entries), before: s.editor.String()}
	case k.code == keyPaste, k.code == keyRune && !k.ctrl && !k.alt:
		text := k.text
		if k.code == keyRune {
			text = string(k.r)
		}
		s.insert(text)
	default:
		s.editor.key(k)
	}
}

// special handles the keys that mean the same everywhere, and reports whether k is one.
func (s *session) special(k key) bool {
	if k.code != keyRune || !k.ctrl || k.alt {
		return false
	}
	switch k.r {
	case 'c':
		s.leave(websocket.CloseNormal, "")
	case 'd':
		if len(s.editor.text) > 0 {
			return false
		}
		s.leave(websocket.CloseNormal, "")
	case 'z':
		s.suspend()
	case 'l':
		s.screen.write(eraseAll)
		s.screen.forget()
	default:
		return false
	}
	return true
}

func (s *session) insert(text string) {
	if !s.editor.insert(text) {
		s.hint = fmt.Sprintf("a line has at most %s characters: send more with /binary @FILE", grouped(maxTyped))
	}
}

// leaf shows another line of the history.
func (s *session) leaf(entry string, ok bool) {
	if ok {
		s.editor.set(entry)
	}
}

func (s *session) complete() {
	typed := string(s.editor.text[:s.editor.at])
	if !strings.HasPrefix(typed, "/") {
		s.insert("\t")
		return
	}
	insert, candidates := complete(typed)
	s.insert(insert)
	s.hint = hints(candidates)
}

// enter takes the line: to be continued, if it ends in a backslash, or to be done.
func (s *session) enter() {
	line, more := continued(s.editor.String())
	if more {
		s.editor.set(line + "\n")
		return
	}
	typed := s.editor.String()
	s.remember(typed)
	if line == "" {
		if s.status.state == waiting {
			s.status.retryAt = time.Now()
		}
		return
	}
	c, err := parse(line)
	if err == nil {
		err = s.do(c)
	}
	switch {
	case err == nil:
		s.editor.set("")
	case err == errNotOpen, !strings.HasPrefix(line, "/"):
		s.say(failed, err.Error()) // what was typed stays
	default:
		s.say(failed, commandOf(line)+err.Error())
		s.editor.set("")
	}
}

// continued looks at the backslashes that a line ends in. An odd one continues it on another line; each two
// others are one of the message.
func continued(line string) (rest string, more bool) {
	rest = strings.TrimRight(line, `\`)
	n := len(line) - len(rest)
	return rest + strings.Repeat(`\`, n/2), n%2 == 1
}
