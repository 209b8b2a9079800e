package conformance

import (
	"fmt"
	"time"
)

// The worst that is said counts; the first sentence of its kind is told.

func (s *session) fail(format string, args ...any)    { s.judge(Failed, format, args...) }
func (s *session) lax(format string, args ...any)     { s.judge(NonStrict, format, args...) }
func (s *session) tell(format string, args ...any)    { s.judge(Informational, format, args...) }
func (s *session) lacking(format string, args ...any) { s.judge(Unimplemented, format, args...) }

func (s *session) judge(v Verdict, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if severity(v) > severity(s.result.Behavior) {
		s.result.Behavior, s.result.Reason = v, fmt.Sprintf(format, args...)
	}
}

func severity(v Verdict) int {
	for i, each := range []Verdict{"", OK, Informational, Unimplemented, NonStrict, WrongCode, Unclean, Failed} {
		if v == each {
			return i
		}
	}
	return 0
}

// judgeClose is the same of the connection's end.
func (s *session) judgeClose(v Verdict, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if severity(v) > severity(s.result.Close) {
		s.result.Close, s.result.CloseReason = v, fmt.Sprintf(format, args...)
	}
}

// breach says that the peer has sent something that is against the rules, whatever the case is about.
func (s *session) breach(rule Tag, format string, args ...any) {
	if rule == s.pardoned {
		return
	}
	s.fail("the peer broke a rule (%s): "+format, append([]any{rule}, args...)...)
}

// stand ends the case here if it has failed, and nothing that would follow makes sense.
func (s *session) stand() {
	s.mu.Lock()
	failed := s.result.Behavior == Failed
	s.mu.Unlock()
	if failed {
		panic(giveUp)
	}
}

// The log.

func (s *session) record(sent bool, octets []byte, length int, note string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.result.Log) >= s.mostLog {
		return
	}
	const most = 256
	kept := append([]byte(nil), octets[:min(len(octets), most)]...)
	s.result.Log = append(s.result.Log, Entry{At: time.Since(s.result.Began), Sent: sent, Note: note, Octets: kept, Length: length})
}

func (s *session) note(sent bool, note string) { s.record(sent, nil, 0, note) }

// received logs a frame of the peer's, before it is unmasked.
func (s *session) received(header, payload []byte, note string) {
	most := min(len(payload), 256)
	s.record(false, append(append([]byte(nil), header...), payload[:most]...), len(header)+len(payload), note)
}
