package terminal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// errNotOpen is for whoever sends too early or too late.
var errNotOpen = errors.New("there is no connection now; the line stays, to be sent later")

// do does what a command asks for. After an error nothing has changed.
func (s *session) do(c command) error {
	switch c := c.(type) {
	case sendText:
		return s.send(websocket.Text, []byte(c))
	case sendBinary:
		return s.send(websocket.Binary, c)
	case sendFile:
		return s.sendFile(string(c))
	case sendPing:
		return s.ping(string(c))
	case closeWith:
		if s.status.state != open {
			return errors.New("there is no connection to close; /quit leaves")
		}
		return s.leave(c.code, c.reason)
	case showHeaders:
		s.say(note, s.headers())
	case showStats:
		s.say(note, s.stats())
	case saveTo:
		return s.save(c)
	case setJSON:
		s.renderer.json = bool(c)
		s.sayJSON()
	case showJSON:
		s.sayJSON()
	case showHelp:
		s.say(note, help())
	case quit:
		return s.leave(websocket.CloseNormal, "")
	}
	return nil
}

func (s *session) send(t websocket.MessageType, data []byte) error {
	if s.status.state != open {
		return errNotOpen
	}
	err := s.socket.SendWith(websocket.Outgoing{Type: t, Data: data})
	if err := s.refused(err); err != nil {
		return err
	}
	s.status.sent.add(len(data))
	s.lines = append(s.lines, s.renderer.message(time.Now(), sent, t, data, "")...)
	return nil
}

// refused puts into words why the socket did not take a message.
func (s *session) refused(err error) error {
	switch {
	case errors.Is(err, websocket.ErrClosed), errors.Is(err, websocket.ErrNotOpen):
		return errNotOpen
	case errors.Is(err, websocket.ErrQueueFull):
		return fmt.Errorf("not sent: the server reads too slowly, and %s wait for it", octets(s.socket.BufferedAmount()))
	}
	return err
}

// sendFile sends a file as a binary message. It is read as it is sent, however large it is.
func (s *session) sendFile(name string) error {
	if s.status.state != open {
		return errNotOpen
	}
	file, size, err := openRegular(name)
	if err != nil {
		return err
	}
	socket := s.socket
	if err := s.refused(socket.SendBlob(file, size)); err != nil {
		file.Close()
		return err
	}
	s.link.wait.Go(func() {
		socket.Flush(socket.Context()) // until it has left, or the connection is gone
		file.Close()
	})
	s.status.sent.messages++
	s.status.sent.octets += size
	s.say(sent, fmt.Sprintf("binary, %s of %s", octets(size), name))
	return nil
}

// openRegular opens a file that has a size. To open a pipe would wait for its other end.
func openRegular(name string) (*os.File, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file", name)
	}
	file, err := os.Open(name)
	return file, info.Size(), err
}

func (s *session) ping(payload string) error {
	switch {
	case s.status.state != open:
		return errNotOpen
	case len(s.pings.users) >= maxPings:
		return fmt.Errorf("%d Pings wait for their Pong already", maxPings)
	}
	at := time.Now()
	if err := s.refused(s.socket.Ping([]byte(payload))); err != nil {
		return err
	}
	s.pings.users = append(s.pings.users, ping{payload, at})
	s.say(note, withPayload("ping", payload))
	return nil
}

// save writes the last message to a file.
func (s *session) save(c saveTo) error {
	if s.last == nil {
		return errors.New("no message has come yet")
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if c.force {
		if info, err := os.Stat(c.file); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", c.file)
		}
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(c.file, flags, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists; /save -f FILE writes over it", c.file)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(s.last.data)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	s.say(note, fmt.Sprintf("wrote the last message, %s, to %s", octets(int64(len(s.last.data))), c.file))
	return nil
}

func (s *session) sayJSON() {
	if s.renderer.json {
		s.say(note, "JSON is indented; /json off shows it as it came")
		return
	}
	s.say(note, "JSON is shown as it came; /json on indents it")
}

// headers is what is known of the opening handshake.
func (s *session) headers() string {
	if s.c.Headers != nil {
		if text := strings.TrimSpace(s.c.Headers()); text != "" {
			return text
		}
	}
	if s.socket == nil {
		return "there has been no connection yet"
	}
	orNone := func(v string) string {
		if v == "" {
			return "none"
		}
		return v
	}
	text := "URL          " + s.socket.URL() +
		"\nsubprotocol  " + orNone(s.socket.Subprotocol()) +
		"\nextensions   " + orNone(s.socket.Extensions())
	if a := s.socket.RemoteAddr(); a != nil {
		text += "\nserver       " + a.String()
	}
	return text
}

// stats is what the status line has no room for.
func (s *session) stats() string {
	count := func(t tally) string {
		messages := grouped(t.messages) + " messages"
		if t.messages == 1 {
			messages = "1 message"
		}
		return messages + ", " + octets(t.octets)
	}
	text := "sent         " + count(s.status.sent) +
		"\nreceived     " + count(s.status.arrived)
	if s.socket != nil {
		text += "\nnot sent yet " + octets(s.socket.BufferedAmount())
	}
	if s.status.rtt > 0 {
		text += "\nround trip   " + roundTrip(s.status.rtt) + ", of the last Ping"
	}
	text += "\nPings        " + grouped(s.peer) + " from the server"
	if s.status.state == open {
		text += "\nconnected    for " + clock(time.Since(s.status.since))
	}
	return text
}

// help is what can be typed.
func help() string {
	var b strings.Builder
	b.WriteString("A line is sent as a text message; one that begins with // has one slash.\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "%-36s %s\n", "/"+c.name+c.args, c.does)
	}
	b.WriteString(`Alt-Enter, or \ at the end, goes on in another line (\\ at the end sends one \).
Up, Down and Ctrl-R look through the history, where no line comes that begins with a space.
Tab completes, Ctrl-L clears the screen, Ctrl-Z stops the program; keys are those of Emacs.
Ctrl-C or Ctrl-D closes with 1000 and leaves; once more, and it does not wait for the server.`)
	return b.String()
}
