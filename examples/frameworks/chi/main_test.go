package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/everwire/everwire/examples/frameworks/internal/check"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEndpoints(t *testing.T) { check.Endpoints(t, router()) }
