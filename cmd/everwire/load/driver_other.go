//go:build !linux

package load

import "context"

func newDriver(_ context.Context, s *setup) (driver, error) { return newPortable(s) }
