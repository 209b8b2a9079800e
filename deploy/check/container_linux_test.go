package check

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const (
	containerFile = "../container/Containerfile"
	ignoreFile    = containerFile + ".dockerignore"
	contextDir    = "../.."
)

// stages are the stages of the container file, as Docker reads them, which must have nothing to say of it.
func stages(t *testing.T) (build, final instructions.Stage) {
	t.Helper()
	text, err := os.ReadFile(containerFile)
	if err != nil {
		t.Fatal(err)
	}
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range result.Warnings {
		t.Errorf("%s", w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		t.Errorf("%s: %s (%v)", rule, message, at)
	}})
	list, _, err := instructions.Parse(result.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 {
		t.Fatalf("%d stages, want 2", len(list))
	}
	return list[0], list[1]
}

// find returns the last instruction of a kind.
func find[T instructions.Command](t *testing.T, stage instructions.Stage) (last T) {
	t.Helper()
	found := false
	for _, c := range stage.Commands {
		if c, ok := c.(T); ok {
			last, found = c, true
		}
	}
	if !found {
		t.Fatalf("no %T", last)
	}
	return last
}

// variables are all that a stage sets.
func variables(stage instructions.Stage) (env []string) {
	for _, c := range stage.Commands {
		switch c := c.(type) {
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				env = append(env, pair.Key+"="+pair.Value)
			}
		case *instructions.ArgCommand:
			for _, a := range c.Args {
				if a.Value != nil {
					env = append(env, a.Key+"="+*a.Value)
				}
			}
		}
	}
	return env
}

func TestImageIsOfTheProgramOnlyAndNotRoot(t *testing.T) {
	_, final := stages(t)
	if final.BaseName != "scratch" {
		t.Errorf("the image is made from %s", final.BaseName)
	}
	if user := find[*instructions.UserCommand](t, final).User; user != "65532:65532" {
		t.Errorf("it runs as %s", user)
	}
	for name, c := range map[string]instructions.ShellDependantCmdLine{
		"ENTRYPOINT": find[*instructions.EntrypointCommand](t, final).ShellDependantCmdLine,
		"CMD":        find[*instructions.CmdCommand](t, final).ShellDependantCmdLine,
	} {
		if c.PrependShell {
			t.Errorf("%s needs a shell, which there is not", name)
		}
	}
	if test := find[*instructions.HealthCheckCommand](t, final).Health.Test; test[0] != "CMD" {
		t.Errorf("HEALTHCHECK %q needs a shell, which there is not", test)
	}
}

// copyContext copies what the ignore file leaves of the project, which Docker would send to the build.
func copyContext(t *testing.T, to string) {
	t.Helper()
	file, err := os.Open(ignoreFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(contextDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(contextDir, path)
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if ignore, err := ignored.MatchesOrParentMatches(name); err != nil || ignore {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// buildImage does what the build stage says, here instead of in a container, and returns the folder that becomes the image.
func buildImage(t *testing.T, build, final instructions.Stage) string {
	t.Helper()
	dir := t.TempDir()
	sent, src, image := filepath.Join(dir, "context"), filepath.Join(dir, "src"), filepath.Join(dir, "image")
	copyContext(t, sent)
	if from := find[*instructions.CopyCommand](t, final); from.From != build.Name || from.SourcePaths[0] != "/image/" || from.DestPath != "/" {
		t.Fatalf("the image is copied from %q, %q", from.From, from.SourcePaths)
	}
	if at := find[*instructions.WorkdirCommand](t, build).Path; at != "/src" {
		t.Fatalf("it is built in %s", at)
	}
	for _, c := range build.Commands {
		switch c := c.(type) {
		case *instructions.CopyCommand:
			copyInto(t, filepath.Join(src, c.DestPath), sent, c.SourcePaths)
		case *instructions.RunCommand:
			line := strings.ReplaceAll(strings.Join(c.CmdLine, " "), "/image/", image+"/")
			sh := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
			sh.Dir = src
			sh.Env = append(os.Environ(), variables(build)...)
			if said, err := sh.CombinedOutput(); err != nil {
				t.Fatalf("RUN %s: %v\n%s", line, err, said)
			}
		}
	}
	return image
}

// copyInto copies files, or all of the context, into a folder, so that each step finds no more than those before it have copied.
func copyInto(t *testing.T, to, context string, paths []string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"-R"}
	for _, p := range paths {
		args = append(args, context+"/"+p)
	}
	if paths[0] == "." {
		args = []string{"-R", context + "/."}
	}
	if said, err := exec.CommandContext(t.Context(), "cp", append(args, to)...).CombinedOutput(); err != nil {
		t.Fatalf("COPY %q: %v\n%s", paths, err, said)
	}
}

// inImage is a command as it would run in a container: with nothing but the image to see, and as nobody. Only root can do
// that; who is not root sees the whole machine.
func inImage(t *testing.T, image string, env []string, command ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = env
	if os.Getuid() == 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	} else {
		cmd.Path = filepath.Join(image, command[0])
	}
	return cmd
}

func TestImageBuildsAndServes(t *testing.T) {
	build, final := stages(t)
	image := buildImage(t, build, final)
	for dir := image; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755)
	}
	for _, dir := range []string{"/tmp", store} {
		if mode := stat(t, image+dir).Mode(); mode.Perm() != 0o777 || mode&fs.ModeSticky == 0 {
			t.Errorf("%s is %v", dir, mode)
		}
	}
	if v := find[*instructions.VolumeCommand](t, final).Volumes; !slices.Equal(v, []string{store}) {
		t.Errorf("volumes %q", v)
	}
	if stat(t, image+"/etc/ssl/certs/ca-certificates.crt").Size() == 0 {
		t.Error("it trusts nobody")
	}

	// A port that is free instead of 8080.
	at := func(addr string) (env []string) {
		for _, v := range variables(final) {
			if strings.HasPrefix(v, "EVERWIRE_ADDR=") {
				if v != "EVERWIRE_ADDR=:8080" {
					t.Errorf("%s, and EXPOSE says 8080", v)
				}
				v = "EVERWIRE_ADDR=" + addr
			}
			env = append(env, v)
		}
		return env
	}
	command := append(find[*instructions.EntrypointCommand](t, final).CmdLine, find[*instructions.CmdCommand](t, final).CmdLine...)
	// As the only node of a cluster, which keeps what is said. Its port cannot be any: another one is tried while one is in use.
	var server *exec.Cmd
	var url, kept string
	for tries := 0; url == ""; tries++ {
		nodes := reserve(t)
		var said string
		server, url, said = start(t, inImage(t, image, append(at("127.0.0.1:0"), "EVERWIRE_CLUSTER=true", "EVERWIRE_CLUSTER_ADDR="+nodes), command...))
		if url == "" && (tries == 5 || !strings.Contains(said, "port is in use")) {
			t.Fatalf("it ended: %s", said)
		}
		kept = image + store + "/cluster-" + strings.Replace(nodes, ":", "_", 1)
	}
	if !stat(t, kept).IsDir() {
		t.Errorf("%s is no directory", kept)
	}
	answer, err := http.Get(url + "/echo")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("/echo: %s", answer.Status)
	}

	check := find[*instructions.HealthCheckCommand](t, final).Health.Test[1:]
	healthy := inImage(t, image, at(strings.TrimPrefix(url, "http://")), check...)
	if said, err := healthy.CombinedOutput(); err != nil {
		t.Errorf("%q: %v: %s", check, err, said)
	}
	signal := find[*instructions.StopSignalCommand](t, final).Signal
	if signal != "SIGTERM" {
		t.Errorf("STOPSIGNAL %s", signal)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("exit status 0 expected: %v", err)
	}
	sick := inImage(t, image, at(strings.TrimPrefix(url, "http://")), check...)
	if sick.Run(); sick.ProcessState.ExitCode() != 1 {
		t.Errorf("%q: %v when nobody serves", check, sick.ProcessState)
	}
}

// store is where the image has a volume for what a node keeps.
const store = "/var/lib/everwire"

// reserve returns an address that nobody listened at a moment ago.
func reserve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts a server and returns where it serves, or, if it ends before, what it said.
func start(t *testing.T, server *exec.Cmd) (_ *exec.Cmd, url, said string) {
	t.Helper()
	log := &bytes.Buffer{}
	server.Stderr = log
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	if err != nil {
		server.Wait()
		return server, "", log.String()
	}
	go io.Copy(io.Discard, lines)
	return server, strings.TrimSuffix(strings.TrimPrefix(first, "Everwire serves "), "/\n"), ""
}

func stat(t *testing.T, file string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
