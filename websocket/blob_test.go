package websocket

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func TestBlobMovesToDiskWhenItGrows(t *testing.T) {
	b := &Blob{}
	want := bytes.Repeat([]byte("0123456789"), blobInMemory/10+10)
	for piece := range len(want)/1000 + 1 {
		end := min(len(want), (piece+1)*1000)
		if err := b.write(want[piece*1000 : end]); err != nil {
			t.Fatal(err)
		}
		if onDisk := b.file != nil; onDisk != (end > blobInMemory) {
			t.Fatalf("after %d octets on disk: %v", end, onDisk)
		}
	}
	got, err := io.ReadAll(b.Reader())
	if err != nil || !bytes.Equal(got, want) || !bytes.Equal(b.bytes(), want) || b.Size() != int64(len(want)) {
		t.Errorf("%d octets came back, %v", len(got), err)
	}
	if _, err := os.Stat(b.file.Name()); err == nil {
		t.Error("the temporary file has a name")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a closed blob can be read")
	}
}

func TestBlobReportsThatItCannotBeStored(t *testing.T) {
	t.Setenv("TMPDIR", "/nonexistent")
	b := &Blob{}
	if err := b.write(make([]byte, blobInMemory+1)); err == nil {
		t.Error("it was stored where nothing can be")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
