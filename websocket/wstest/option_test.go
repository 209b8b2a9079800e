package wstest

import "testing"

func TestOptionsRefuseWhatCannotWork(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(int) Option
	}{
		{"PipeSize", PipeSize},
		{"Backlog", Backlog},
	} {
		for _, n := range []int{0, -1} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s(%d) did not panic", row.name, n)
					}
				}()
				row.make(n)
			}()
		}
	}
}
