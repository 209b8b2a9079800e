package main

import (
	"slices"
	"strings"
	"testing"
)

// in is where the tests of these reports are.
var in = &testPackage{control: "TestControl"}

const (
	controlPassed = `{"Action":"pass","Test":"TestControl"}`
	subtestFailed = `{"Action":"output","Test":"TestX/ws","Output":"code=1001\n"}{"Action":"fail","Test":"TestX/ws"}`
	testFailed    = `{"Action":"fail","Test":"TestX"}`
	failed        = `{"Action":"fail"}`
)

func TestRed(t *testing.T) {
	tests := []struct {
		name   string
		events string
		want   []string // the tests that failed
		says   string   // what the error says, if there is one
	}{
		{"a subtest fails", controlPassed + subtestFailed + `{"Action":"pass","Test":"TestX/wss"}` + testFailed + failed,
			[]string{"TestX/ws"}, ""},
		{"the test itself fails", controlPassed + `{"Action":"output","Output":"code=1001"}` + testFailed + failed,
			[]string{"TestX"}, ""},
		{"it stays green", controlPassed + `{"Action":"pass","Test":"TestX"}{"Action":"pass"}`, nil, "stays green"},
		{"it does not compile", `{"Action":"build-output","Output":"undefined: x\n"}{"Action":"build-fail"}` + failed,
			nil, "does not compile:\nundefined: x"},
		{"it is not run", controlPassed + `{"Action":"pass"}`, nil, "did not run"},
		{"it is skipped", controlPassed + `{"Action":"skip","Test":"TestX"}{"Action":"pass"}`, nil, "did not run"},
		{"it does not end", controlPassed + `{"Action":"run","Test":"TestX"}{"Action":"output","Output":"code=1001 panic: too late"}` + failed,
			nil, "panic: too late"},
		{"everything fails", `{"Action":"fail","Test":"TestControl"}` + subtestFailed + testFailed + failed,
			nil, "did not pass either"},
		{"it fails for another reason", controlPassed + `{"Action":"fail","Test":"TestX/ws"}` + testFailed + failed,
			nil, "without saying"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := read(strings.NewReader(tt.events))
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.red(mutation{in: in, test: "TestX", says: "code=1001"})
			if !slices.Equal(got, tt.want) {
				t.Errorf("failed: %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

func TestGreen(t *testing.T) {
	const passed = `{"Action":"pass","Test":"TestX"}{"Action":"pass"}`
	tests := []struct {
		name   string
		events string
		green  bool
	}{
		{"all pass", controlPassed + passed, true},
		{"one that no mutation needs fails", `{"Action":"fail","Test":"TestY"}` + controlPassed + `{"Action":"pass","Test":"TestX"}` + failed, false},
		{"one that is needed is not there", controlPassed + `{"Action":"pass"}`, false},
		{"one that is needed is skipped", controlPassed + `{"Action":"skip","Test":"TestX"}{"Action":"pass"}`, false},
		{"the control is not there", passed, false},
		{"it does not compile", `{"Action":"build-fail"}` + failed, false},
		{"nothing is reported", ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := read(strings.NewReader(tt.events))
			if err != nil {
				t.Fatal(err)
			}
			if err := r.green(in, []mutation{{test: "TestX"}}); (err == nil) != tt.green {
				t.Errorf("error %v, want green %v", err, tt.green)
			}
		})
	}
}

func TestReadFailsOnWhatIsNoReport(t *testing.T) {
	if _, err := read(strings.NewReader("go: cannot find main module\n")); err == nil {
		t.Error("no error")
	}
}
