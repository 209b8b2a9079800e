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
	help, err := exec.Command(everwire(t), "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, values, pod string }{
		{"a Deployment", "", "live-everwire-6b7f-x2k"},
		{"a cluster's first pod", "cluster: {enabled: true, secretName: nodes, durability: relaxed}", "live-everwire-0"},
		{"one without storage", "cluster: {enabled: true, secretName: nodes, moreNodes: 1}", "live-everwire-3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelease(t, tt.values+`
origins: [example.com, "https://*.example.com"]
tls: {secretName: cert}
admin: {tokenSecretName: operator}
pprof: {enabled: true}
extraArgs: [--log-level=debug]`)
			env := r.inPod(t, tt.pod)
			for _, e := range r.container().Env {
				if name, ours := strings.CutPrefix(e.Name, "EVERWIRE_"); ours && (e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil) {
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
			said, code := serve(t, r, env)
			if want := "everwire: cannot serve over TLS: "; code != 1 || !strings.HasPrefix(said, want) {
				t.Errorf("status %d: it says %q, want %q", code, said, want)
			}
			if r.set == nil {
				return
			}
			// That it would have refused peers that make no sense is why this tells something.
			said, code = serve(t, r, append(env, "EVERWIRE_PEERS=a:7900,b:7900"))
			if want := "two peers"; code != 2 || !strings.Contains(said, want) {
				t.Errorf("status %d: it says %q, want %q", code, said, want)
			}
		})
	}
}

// serve runs the server as a pod of a release would, until it ends.
func serve(t *testing.T, r *release, env []string) (said string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), everwire(t), r.container().Args...)
	cmd.Env = env
	output, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(output), cmd.ProcessState.ExitCode()
}
