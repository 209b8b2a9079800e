package websocket

import (
	"compress/flate"
	"errors"

	everwire "github.com/everwire/everwire/websocket"
)

// compression is what EnableCompression means: as in gorilla, no message refers to those before it.
func compression(enabled bool) everwire.Compression {
	return everwire.Compression{
		Disabled:       !enabled,
		ServerTakeover: everwire.DropContext,
		ClientTakeover: everwire.DropContext,
	}
}

// EnableWriteCompression says whether messages that are begun from now on are compressed, if that was agreed on in the
// handshake. At first they are.
func (c *Conn) EnableWriteCompression(enable bool) {
	choice := everwire.CompressNever
	if enable {
		choice = everwire.CompressLarge
	}
	c.conn.SetCompression(choice)
}

// SetCompressionLevel returns an error if level is none of [compress/flate]. It has no other effect.
func (c *Conn) SetCompressionLevel(level int) error {
	if level < flate.HuffmanOnly || level > flate.BestCompression {
		return errors.New("websocket: invalid compression level")
	}
	return nil
}
