//go:build !race && !wsdebug

package websocket

const poisonBuffers = false
