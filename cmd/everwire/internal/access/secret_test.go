package access

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const token = "0123456789abcdef"

func TestSecret(t *testing.T) {
	s := NewSecret(token)
	for text, want := range map[string]bool{token: true, "": false, token + " ": false, token[1:]: false, strings.ToUpper(token): false} {
		if s.Is(text) != want {
			t.Errorf("%q is the token: %t", text, !want)
		}
	}
	if none := NewSecret(""); none.Is("") || none.Is(token) {
		t.Error("without a token somebody has it")
	}
}

// What takes time that depends on how much of a token is right, would tell it octet by octet: it is
// compared by nothing but subtle.ConstantTimeCompare, of hashes, and nothing else could be compared, since
// the token is not kept.
func TestSecretIsComparedInConstantTime(t *testing.T) {
	if kept := fmt.Sprintf("%s", NewSecret(token).hash); strings.Contains(kept, token[:8]) {
		t.Errorf("it keeps %q", kept)
	}
	if fields := reflect.TypeFor[Secret](); fields.NumField() != 1 || fields.Field(0).Type != reflect.TypeFor[[sha256.Size]byte]() {
		t.Errorf("it keeps more than a hash: %v", fields)
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), "secret.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Is" {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				calls = append(calls, types.ExprString(n.Fun))
			case *ast.BinaryExpr:
				if right := types.ExprString(n.Y); right != "nil" && right != "1" {
					t.Errorf("it compares %s", types.ExprString(n))
				}
			}
			return true
		})
	}
	if want := []string{"sha256.Sum256", "[]byte", "subtle.ConstantTimeCompare"}; !slices.Equal(calls, want) {
		t.Errorf("it calls %q, want %q", calls, want)
	}
}
