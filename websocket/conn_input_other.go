//go:build !unix

package websocket

// A rawInput does nothing here.
type rawInput struct{ size int }

func (r *rawInput) init(*Conn)         {}
func (r *rawInput) works() bool        { return false }
func (r *rawInput) read() (int, error) { panic("websocket: no raw input") }
