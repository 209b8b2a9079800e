package websocket

import (
	"bytes"
	"io"
	"os"
)

// BinaryType says how a [Socket] hands over binary messages (WHATWG, binaryType).
type BinaryType uint8

const (
	// ArrayBuffer hands them over in memory: [Message.Bytes]. It is the default, unlike in a browser,
	// because most programs look at the bytes at once.
	ArrayBuffer BinaryType = iota

	// BlobType hands them over as a [Blob]: [Message.Blob]. A large one is on disk, not in memory.
	BlobType
)

// String gives the WHATWG's "arraybuffer" or "blob".
func (t BinaryType) String() string {
	if t == BlobType {
		return "blob"
	}
	return "arraybuffer"
}

// blobInMemory is how large a blob may grow before it moves to a temporary file.
const blobInMemory = 256 << 10

// A Blob is a binary message that may be larger than the memory one would give it. Up to 256 KiB it is
// kept in memory, beyond that in a temporary file that has no name and is gone when the Blob is closed,
// garbage collected, or the process ends. (On Windows the file has a name, and stays. In a page there are no
// files, and all of it is in memory.)
//
// A Blob is safe for concurrent use, but for Close.
type Blob struct {
	data []byte
	file *os.File
	size int64
}

// Size returns the size in octets.
func (b *Blob) Size() int64 { return b.size }

// ReadAt reads as [io.ReaderAt] says, so that a Blob can be given to [Socket.SendBlob].
func (b *Blob) ReadAt(p []byte, off int64) (int, error) {
	if b.file != nil {
		return b.file.ReadAt(p, off)
	}
	return bytes.NewReader(b.data).ReadAt(p, off)
}

// Reader returns a new reader from the Blob's start.
func (b *Blob) Reader() *io.SectionReader { return io.NewSectionReader(b, 0, b.size) }

// Close gives the Blob's memory or file back before the garbage collector would. Reading it
// afterwards fails.
func (b *Blob) Close() error {
	b.data = nil
	if b.file != nil {
		return b.file.Close()
	}
	return nil
}

// bytes reads all of b. It panics if the temporary file cannot be read, because [Message.Bytes], whose
// only caller this is, is called where a panic ends just the one socket.
func (b *Blob) bytes() []byte {
	if b.file == nil {
		return b.data
	}
	all := make([]byte, b.size)
	if _, err := b.file.ReadAt(all, 0); err != nil && err != io.EOF {
		panic(err)
	}
	return all
}

// write adds p at the end, while the message arrives.
func (b *Blob) write(p []byte) error {
	if b.file == nil && b.size+int64(len(p)) > blobInMemory && hasFiles {
		if err := b.spill(); err != nil {
			return err
		}
	}
	b.size += int64(len(p))
	if b.file == nil {
		b.data = append(b.data, p...)
		return nil
	}
	_, err := b.file.Write(p)
	return err
}

// spill moves what is there to a temporary file without a name.
func (b *Blob) spill() error {
	f, err := os.CreateTemp("", "everwire-blob-*")
	if err != nil {
		return err
	}
	// Where the system cannot remove an open file (Windows) it stays in the temporary directory.
	os.Remove(f.Name())
	if _, err := f.Write(b.data); err != nil {
		f.Close()
		return err
	}
	b.file, b.data = f, nil
	return nil
}
