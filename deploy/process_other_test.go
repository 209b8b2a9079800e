//go:build !linux

package deploy

import "syscall"

func dieWithTest() *syscall.SysProcAttr { return nil }
