package hub

import (
	"hash/maphash"
	"time"
)

// How long the ID of a message counts: the window of NATS JetStream, so that rooms behave alike on both.
const duplicateWindow = 2 * time.Minute

// memoryIDs remembers which messages were appended under which IDs. It keeps 128 bits of a name and an ID
// instead of both, so that long ones take no more.
type memoryIDs struct {
	seeds   [2]maphash.Seed
	offsets map[idKey]uint64
	order   ring[idAt]
}

type idKey [2]uint64

type idAt struct {
	key idKey
	at  time.Duration
}

func (d *memoryIDs) init() {
	d.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	d.offsets = make(map[idKey]uint64)
}

func (d *memoryIDs) key(room, id string) (k idKey) {
	for i, seed := range d.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.WriteString(room)
		h.WriteByte(0xff) // in no UTF-8, so in no room's name
		h.WriteString(id)
		k[i] = h.Sum64()
	}
	return k
}

// expire forgets what is older than the window, and returns how many that were.
func (d *memoryIDs) expire(now time.Duration) (n int64) {
	for d.order.len() > 0 && now-d.order.at(0).at > duplicateWindow {
		d.forget()
		n++
	}
	return n
}

// forget forgets the oldest.
func (d *memoryIDs) forget() { delete(d.offsets, d.order.pop().key) }

func (d *memoryIDs) add(k idKey, offset uint64, now time.Duration) {
	d.offsets[k] = offset
	d.order.push(idAt{k, now})
}
