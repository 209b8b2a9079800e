package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStoreOfTheOtherKindIsRefused(t *testing.T) {
	for _, row := range []struct{ name, was, is, err string }{
		{"alone, alone", layoutAlone, layoutAlone, ""},
		{"cluster, cluster", layoutCluster, layoutCluster, ""},
		{"alone, cluster", layoutAlone, layoutCluster, "would be deleted"},
		{"cluster, alone", layoutCluster, layoutAlone, "would be deleted"},
		{"something else", "?", layoutAlone, "would be deleted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "store")
			if err := openStore(dir, row.was); err != nil {
				t.Fatal(err)
			}
			err := openStore(dir, row.is)
			if row.err == "" && err != nil || row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err)) {
				t.Errorf("error %v, want %q", err, row.err)
			}
		})
	}
	t.Run("a file that the power cut short", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, layoutFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openStore(dir, layoutCluster); err != nil {
			t.Error(err)
		}
		if err := openStore(dir, layoutAlone); err == nil {
			t.Error("the kind was not written down")
		}
	})
	t.Run("no directory", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openStore(file, layoutAlone); err == nil {
			t.Error("a file is taken for a directory")
		}
	})
}
