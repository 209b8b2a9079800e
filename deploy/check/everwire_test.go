package check

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// everwire builds the command, once, and returns its path.
func everwire(t *testing.T) string {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(binaries, "everwire")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "..", "cmd", "everwire")
	if said, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(said)))
	}
	return binary, nil
})

var binaries string // a folder that is there while the tests run

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "everwire"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(binaries)
		os.Exit(status)
	}))
}

// What the chart gives to the server, in variables and arguments, the server takes.
func TestEverwireTakesWhatTheChartGivesIt(t *testing.T) {
	r := newRelease(t, `
origins: [example.com, "https://*.example.com"]
tls: {secretName: cert}
admin: {tokenSecretName: operator}
pprof: {enabled: true}
extraArgs: [--log-level=debug]`)
	help, err := exec.Command(everwire(t), "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for _, e := range r.container().Env {
		if e.ValueFrom != nil {
			e.Value = "0123456789abcdef0123456789abcdef"
		}
		env = append(env, e.Name+"="+e.Value)
		if name, ours := strings.CutPrefix(e.Name, "EVERWIRE_"); ours && e.ValueFrom == nil {
			flag := "--" + strings.ToLower(strings.ReplaceAll(name, "_", "-"))
			if !strings.Contains(string(help), " "+flag+" ") {
				t.Errorf("the variable %s is given, and there is no flag %s", e.Name, flag)
			}
		}
	}
	if args := r.container().Args; args[0] != "serve" {
		t.Errorf("arguments %q", args)
	}
	// It looks at all of them before it looks for the certificate, which is not here.
	serve := exec.Command(everwire(t), r.container().Args...)
	serve.Env = env
	said, err := serve.CombinedOutput()
	if want := "everwire: cannot serve over TLS: "; serve.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(said), want) {
		t.Errorf("%v: it says %q, want %q", err, said, want)
	}
}
