package observe

import (
	"reflect"
	"slices"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// telling returns an Observer all of whose functions write its name and theirs into told.
func telling(name string, told *[]string) *websocket.Observer {
	var o websocket.Observer
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i).Name
		v.Field(i).Set(reflect.MakeFunc(v.Field(i).Type(), func([]reflect.Value) []reflect.Value {
			*told = append(*told, name+" "+field)
			return nil
		}))
	}
	return &o
}

// callAll calls each function that is there, with zero values.
func callAll(o *websocket.Observer) {
	v := reflect.ValueOf(o).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsNil() {
			args := make([]reflect.Value, f.Type().NumIn())
			for j := range args {
				args[j] = reflect.Zero(f.Type().In(j))
			}
			f.Call(args)
		}
	}
}

// By reflection, so that a function that the Observer gets later is not forgotten here.
func TestJoinTellsAllInTheirOrder(t *testing.T) {
	var told, want []string
	callAll(Join(nil, telling("a", &told), nil, telling("b", &told), telling("c", &told)))
	fields := reflect.TypeFor[websocket.Observer]()
	for i := range fields.NumField() {
		for _, name := range []string{"a ", "b ", "c "} {
			want = append(want, name+fields.Field(i).Name)
		}
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestJoinTellsWhoWantsToBeTold(t *testing.T) {
	fields := reflect.TypeFor[websocket.Observer]()
	for i := range fields.NumField() {
		var told []string
		one := &websocket.Observer{}
		reflect.ValueOf(one).Elem().Field(i).Set(reflect.ValueOf(telling("one", &told)).Elem().Field(i))
		want := "one " + fields.Field(i).Name
		for _, o := range []*websocket.Observer{Join(one, &websocket.Observer{}), Join(&websocket.Observer{}, one)} {
			told = nil
			callAll(o)
			if len(told) != 1 || told[0] != want {
				t.Errorf("told %q, want %q alone", told, want)
			}
		}
	}
}

func TestJoinOfFew(t *testing.T) {
	o := &websocket.Observer{}
	if got := Join(); got != nil {
		t.Errorf("of none: %v", got)
	}
	if got := Join(nil, o, nil); got != o {
		t.Errorf("of one: %p, want %p", got, o)
	}
}
