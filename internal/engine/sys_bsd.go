//go:build everwire_kqueue && (amd64 || arm64) && (dragonfly || freebsd || netbsd || openbsd)

package engine

import "golang.org/x/sys/unix"

const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL

func prepare(int) {}
