package deploy

import "syscall"

// dieWithTest has a program end even if the test has no time to end it.
func dieWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
