package servers

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

// A gobwasDeflate echoes compressed frames: inflates them, and compresses them again at the fastest level. Compressors are on
// loan from pools: the library's helpers make new ones for every frame, which costs ten times as much.
type gobwasDeflate struct {
	out                *gobwasConn
	inflated, deflated bytes.Buffer
}

var (
	inflaters = sync.Pool{New: func() any {
		return wsflate.NewReader(nil, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	}}
	deflaters = sync.Pool{New: func() any {
		return wsflate.NewWriter(nil, func(w io.Writer) wsflate.Compressor {
			f, _ := flate.NewWriter(w, flate.BestSpeed) // an error only for levels that there are not
			return f
		})
	}}
)

func (d *gobwasDeflate) echo(f ws.Frame) error {
	compressed, err := wsflate.IsCompressed(f.Header)
	if err != nil {
		return err
	}
	if !compressed {
		return d.out.send(f)
	}
	if err := d.inflate(f.Payload); err != nil {
		return err
	}
	if err := d.deflate(); err != nil {
		return err
	}
	f.Header.Length = int64(d.deflated.Len())
	f.Payload = d.deflated.Bytes()
	return d.out.send(f)
}

func (d *gobwasDeflate) inflate(payload []byte) error {
	r := inflaters.Get().(*wsflate.Reader)
	defer inflaters.Put(r)
	r.Reset(bytes.NewReader(payload))
	d.inflated.Reset()
	_, err := d.inflated.ReadFrom(r)
	return err
}

func (d *gobwasDeflate) deflate() error {
	w := deflaters.Get().(*wsflate.Writer)
	defer deflaters.Put(w)
	d.deflated.Reset()
	w.Reset(&d.deflated)
	if _, err := w.Write(d.inflated.Bytes()); err != nil {
		return err
	}
	return w.Close()
}
