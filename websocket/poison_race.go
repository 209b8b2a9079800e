//go:build race || wsdebug

package websocket

// poisonBuffers overwrites a message after its listeners have returned, so that a program which keeps
// the bytes sees it in its tests.
const poisonBuffers = true
