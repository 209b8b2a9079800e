// Package terminal is everwire connect on a terminal: a WebSocket to talk to by hand.
//
// [Run] connects, shows what comes and goes, and lets the user type. What it writes are lines that stay, in
// the terminal's own screen and scrollback, above a few rows that change: what is being typed, and a status.
//
//	12:03:04.120 * connected to ws://localhost:8080/echo
//	12:03:06.003 > {"hello":"world"}
//	12:03:06.004 < {
//	                 "hello": "world"
//	               }
//	> /ping_
//	open | rtt 0.21 ms | sent 1 (17 B) | received 1 (17 B) | 0:09 | ws://localhost:8080/echo
//
//	terminal.go              Config, Run, ExitError
//	session.go               the loop: keys, events of the socket, time
//	lifecycle.go             connected, closed, connecting again, leaving
//	console.go               what is seen: drawing, resizing, stopping and going on
//	keymap.go, do.go         what keys and commands do
//	command.go, complete.go  how a command is written
//	pings.go                 round trips
//	link.go, inbox.go        a connection's events, in order, in bounded memory
//	keys.go                  octets of the terminal made into keys
//	editor.go, layout.go     the text that is typed, and how it stands on the screen
//	history*.go, search.go   lines from before
//	render.go, json.go, hexdump.go, status.go, words.go, style.go   lines for the screen
//	visible.go               characters that are safe to write
//	screen.go, tty*.go       the terminal
//
// # Why no library draws
//
// All this stands on the raw mode of golang.org/x/term and a hundred lines that draw. Of the libraries that
// were considered, x/term's own Terminal has one line, no status and no characters of two columns. Bubble Tea
// draws at the lower end of the screen, too, but with a cursor of its own making, where input methods and
// screen readers look for the terminal's; its queue of printed lines has no bound; and its line has neither
// history, search nor several lines, so that the editor would have been ours in any case. What it would have
// saved is the decoding of keys, against some fifteen modules.
//
// # A thousand messages a second
//
// Listeners put events into an inbox. The session takes up to 500 of them, or 64 KiB, makes their lines, and
// draws them in one write, at most every 20 ms unless there is more; keys are looked at in between, so that
// Ctrl-C works. When 4,096 events or 4 MiB wait, the socket is paused, and TCP holds the server back until
// half of it is shown: nothing is skipped, and memory is bounded. Besides, the last message is kept for
// /save.
//
// # A server that means harm
//
// Every character that came from elsewhere goes through glyph: C0 and C1 controls, marks of direction and
// whatever is not printable are written out, such as ^[ for ESC. Only style and screen write control
// functions. How much of a message is looked at, indented and drawn is bounded.
package terminal
