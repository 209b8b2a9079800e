//go:build linux

package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Resident returns the octets of memory that a process has resident.
func Resident(pid int) (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(statm), &total, &resident); err != nil {
		return 0, err
	}
	return resident * int64(os.Getpagesize()), nil
}

// KernelMemory is what the kernel of the whole machine holds, in octets.
type KernelMemory struct {
	Slab       int64 // all its objects, sockets and their files among them
	TCPBuffers int64 // what waits in TCP's buffers
}

// Kernel returns what the kernel holds now.
func Kernel() (KernelMemory, error) {
	var k KernelMemory
	err := scanLines("/proc/meminfo", func(line string) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "Slab: %d kB", &kib); n == 1 {
			k.Slab = kib << 10
		}
	})
	if err != nil {
		return k, err
	}
	err = scanLines("/proc/net/sockstat", func(line string) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "TCP:" {
			return
		}
		for i := 1; i+1 < len(words); i += 2 {
			if words[i] == "mem" {
				var pages int64
				fmt.Sscan(words[i+1], &pages)
				k.TCPBuffers = pages * int64(os.Getpagesize())
			}
		}
	})
	return k, err
}

func scanLines(file string, each func(string)) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		each(lines.Text())
	}
	return lines.Err()
}
