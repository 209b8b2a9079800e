package page

import "time"

// A deadline is when one direction of a stream gives up. The stream's lock guards it.
type deadline struct {
	at     time.Time
	timer  *time.Timer
	passed func() // called when it comes
}

func (d *deadline) set(t time.Time) {
	d.stop()
	d.at = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, d.passed)
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (d *deadline) isPast() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }
