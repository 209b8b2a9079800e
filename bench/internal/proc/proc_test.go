//go:build linux

package proc

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"
)

// burn takes some processor time.
func burn(t *testing.T, least time.Duration) {
	t.Helper()
	for begin, now := own(t), time.Duration(0); now < begin+least; now = own(t) {
	}
}

func own(t *testing.T) time.Duration {
	t.Helper()
	cpu, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return cpu
}

func TestClocksOfAProcessAgree(t *testing.T) {
	burn(t, 50*time.Millisecond)
	exact := own(t)
	ticks, err := cpuTicks(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// Ticks round down user and system time, and both go on between the two readings.
	if d := exact - ticks; d > 5*tick || d < -20*tick {
		t.Errorf("by its clock this process has taken %v, by ticks %v", exact, ticks)
	}
}

func TestProcessesThatAreNot(t *testing.T) {
	const none = 1 << 23 // Linux counts to 1<<22
	if _, err := CPU(none); err == nil {
		t.Error("CPU")
	}
	if _, err := Switches(none); err == nil {
		t.Error("Switches")
	}
	if _, err := Resident(none); err == nil {
		t.Error("Resident")
	}
}

func TestMemoryAndSwitchesAreThere(t *testing.T) {
	resident, err := Resident(os.Getpid())
	if err != nil || resident < 1<<20 {
		t.Errorf("a Go program has %d octets resident, %v", resident, err)
	}
	switches, err := Switches(os.Getpid())
	if err != nil || switches == 0 {
		t.Errorf("it has had %d context switches, %v", switches, err)
	}
	kernel, err := Kernel()
	if err != nil || kernel.Slab < 1<<20 {
		t.Errorf("the kernel has %+v, %v", kernel, err)
	}
}

func TestProcessStartedOnACoreStaysThere(t *testing.T) {
	cores, err := Cores()
	if err != nil {
		t.Fatal(err)
	}
	last := cores[len(cores)-1:]
	var out []byte
	err = OnCores(last, func() (err error) {
		out, err = exec.Command("nproc").Output()
		return err
	})
	if err != nil || string(bytes.TrimSpace(out)) != "1" {
		t.Errorf("a process on the cores %v has %s, %v", last, out, err)
	}
	if after, err := Cores(); err != nil || len(after) != len(cores) {
		t.Errorf("this process had the cores %v, and has %v, %v", cores, after, err)
	}
}

func TestDescriptorsTellWhatToRaise(t *testing.T) {
	if allowed, err := Descriptors(1); err != nil || allowed < 1 {
		t.Errorf("one descriptor: %d, %v", allowed, err)
	}
	if allowed, err := Descriptors(1 << 40); err == nil || allowed < 1 {
		t.Errorf("2^40 descriptors: %d, %v", allowed, err)
	}
}
