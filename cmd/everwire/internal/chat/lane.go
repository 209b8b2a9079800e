package chat

// A lane is what one connection wants of one room: its requests are done one after the other, so that they
// keep their order, while those of other rooms go on. When too many of a connection's requests wait, no more
// is read of it, so that TCP holds the client back.

// enqueue puts a request into the lane of its room, and has somebody work on it.
func (v *session) enqueue(q request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return
	}
	waiting, atWork := v.lanes[q.room]
	v.lanes[q.room] = append(waiting, q)
	if v.inFlight++; v.inFlight >= v.chat.InFlight && !v.paused {
		v.paused = true
		v.s.Pause()
	}
	if !atWork {
		go v.work(q.room)
	}
}

// work does what is in a lane until it is empty, or the connection has ended.
func (v *session) work(room string) {
	for {
		q, ok := v.next(room)
		if !ok {
			return
		}
		v.do(q)
		v.done()
	}
}

// next takes the first request of a lane. Without one, or when the connection has ended, the lane is no more.
func (v *session) next(room string) (q request, ok bool) {
	v.mu.Lock()
	waiting := v.lanes[room]
	if len(waiting) > 0 && !v.over {
		v.lanes[room] = waiting[1:]
		v.mu.Unlock()
		return waiting[0], true
	}
	delete(v.lanes, room)
	last := v.over && len(v.lanes) == 0
	v.mu.Unlock()
	if last {
		v.farewell()
	}
	return request{}, false
}

func (v *session) done() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inFlight--
	if v.paused && v.inFlight <= v.chat.InFlight/2 {
		v.paused = false
		v.s.Resume()
	}
}
