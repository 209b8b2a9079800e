//go:build !linux

package child

import (
	"errors"
	"os/exec"
)

func startOn(cores []int, cmd *exec.Cmd) error {
	if len(cores) > 0 {
		return errors.New("processes can be kept to cores on Linux only")
	}
	return cmd.Start()
}
