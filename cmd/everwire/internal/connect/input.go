package connect

import "io"

// An input reads a source ahead by one message, so that who sends can also wait for something else.
type input struct {
	// Messages has the next one, and is closed at the end. What was taken from it is valid until the next is.
	messages chan message
	err      error // why it ended, once messages is closed; nil for the end of the source
}

// read starts reading. It goes on until the source's end or until stop is closed; if the source is in the middle of
// reading then, it ends when that returns.
func read(s source, stop <-chan struct{}) *input {
	in := &input{messages: make(chan message)}
	go in.run(s, stop)
	return in
}

func (in *input) run(s source, stop <-chan struct{}) {
	defer close(in.messages)
	// Of two buffers one is with who sends. Once the next message is taken, the one before is not needed any more.
	var buffers [2][]byte
	for n := 0; ; n = 1 - n {
		m, err := s.next(buffers[n][:0])
		if err != nil {
			if err != io.EOF {
				in.err = err
			}
			return
		}
		if buffers[n] = m.data; cap(m.data) > keptBuffer {
			buffers[n] = nil
		}
		select {
		case in.messages <- m:
		case <-stop:
			return
		}
	}
}
