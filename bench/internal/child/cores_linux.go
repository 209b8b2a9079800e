package child

import (
	"os/exec"

	"github.com/everwire/everwire/bench/internal/proc"
)

func startOn(cores []int, cmd *exec.Cmd) error {
	if len(cores) == 0 {
		return cmd.Start()
	}
	return proc.OnCores(cores, cmd.Start)
}
