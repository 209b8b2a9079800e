//go:build !js

package websocket

import "context"

// What dial_js.go does otherwise for a page.

func (o *DialOptions) inPage() bool { return false }

func (o *DialOptions) adapt(*settings) error { return nil }

func (o *DialOptions) target(url string) (*target, error) { return parseTarget(url) }

func (d *dialer) attempt(ctx context.Context) (*upgraded, error) { return d.attemptByStream(ctx) }

const hasFiles = true // for blobs
