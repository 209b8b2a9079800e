//go:build unix

package terminal

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is a session at the terminal that a shell has.
func child(url string) int {
	err := Run(context.Background(), Config{Name: url, In: os.Stdin, Out: os.Stdout, Open: opener(url)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// shell starts bash with job control in a terminal of its own.
func shell(t *testing.T, url string) *user {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("EVERWIRE_TEST_ALL") == "1" {
			t.Fatal("bash is missing")
		}
		t.Skip("bash is missing: it stops and continues the program")
	}
	u := &user{vt: newVT(80, 24), t: t, result: make(chan error, 1), left: make(chan struct{})}
	u.open(80, 24)
	cmd := exec.Command(bash, "--norc", "--noprofile", "--noediting", "-i")
	cmd.Env = append(os.Environ(), "TERMINAL_TEST_URL="+url, "TERM=xterm", "PS1=shell$ ", "HISTFILE=", "PROGRAM="+os.Args[0])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = u.slave, u.slave, u.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(u.left)
		u.result <- cmd.Wait()
	}()
	t.Cleanup(func() {
		u.slave.Close()
		u.master.Close() // hangs up
		select {
		case <-u.left:
		case <-time.After(awhile):
			cmd.Process.Kill()
			<-u.left
			t.Error("the shell did not end with its terminal")
		}
		u.copied.Wait()
	})
	u.await(t, "shell$")
	return u
}

func TestSuspendedAndResumed(t *testing.T) {
	p := serve(t, nil)
	u := shell(t, p.url)
	u.types("$PROGRAM\n")
	u.connected()
	u.types("before" + enter)
	u.await(t, "< before\n>\nopen")
	u.types("unfinished" + altEnter + "second\x1a")
	u.await(t, "Stopped")
	u.types("stty -a | tr ';' '\\n' | grep -w icanon; echo cooked\n")
	u.await(t, "\ncooked\nshell$")
	u.types("fg\n")
	u.awaitLine(t, "> unfinished\n  second\nopen | ")
	u.types(" line" + enter)
	text := u.await(t, "< unfinished\n  second line\n>\nopen | ")
	if n := strings.Count(text, "> unfinished\n"); n != 1 { // where it was sent
		t.Errorf("the line is there %d times:\n%s", n, text)
	}
	u.setSize(30, 24) // the system sends the signal
	u.until(t, "a shorter status", func(text string) bool { return strings.HasSuffix(text, ">\nopen | received 2 (28 B)") })
	u.types(ctrlD)
	u.await(t, "* closed: 1000 normal closure\nshell$")
	u.types("exit\n")
	if err := u.leaves(); err != nil {
		t.Error(err)
	}
}
