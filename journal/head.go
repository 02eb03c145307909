package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// slotSize is one disk sector: a slot is written whole or not at all, and its own checksum tells.
const slotSize = 512

// head names an entry by number and hash. The zero head is before the first entry.
type head struct {
	seq  int64
	hash [32]byte
}

// slot is the head's text: number, hash and the first 16 hex digits of their SHA-256, padded with blanks.
func (h head) slot() []byte {
	text := fmt.Sprintf("%d %x", h.seq, h.hash)
	sum := sha256.Sum256([]byte(text))
	line := fmt.Appendf(nil, "%s %x", text, sum[:8])
	return append(append(line, bytes.Repeat([]byte(" "), slotSize-1-len(line))...), '\n')
}

func parseSlot(slot []byte) (h head, ok bool) {
	fields := bytes.Fields(slot)
	if len(fields) != 3 {
		return head{}, false
	}
	seq, err := strconv.ParseInt(string(fields[0]), 10, 64)
	hash, err2 := hex.DecodeString(string(fields[1]))
	if err != nil || err2 != nil || len(hash) != 32 {
		return head{}, false
	}
	h = head{seq: seq, hash: [32]byte(hash)}
	return h, bytes.Equal(h.slot(), slot)
}

// readHead returns the newest valid slot of the file and its place, 0 or 1.
func readHead(name string) (h head, at int, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return head{}, 0, err
	}
	found := false
	for i := 0; len(text) == 2*slotSize && i < 2; i++ {
		if s, ok := parseSlot(text[i*slotSize:][:slotSize]); ok && (!found || s.seq > h.seq) {
			h, at, found = s, i, true
		}
	}
	if !found {
		return head{}, 0, fmt.Errorf("%s: neither slot is valid", name)
	}
	return h, at, nil
}

func createHead(name string, h head) error {
	return createWhole(name, bytes.NewReader(bytes.Repeat(h.slot(), 2)))
}

// headFile writes the head in place.
type headFile struct {
	f    *os.File
	next int // slot to write
}

// openHead opens the file, making it first if the journal is still empty.
func openHead(name string, empty bool) (*headFile, head, error) {
	h, at, err := readHead(name)
	if errors.Is(err, fs.ErrNotExist) && empty {
		if err := createHead(name, head{}); err != nil {
			return nil, head{}, err
		}
		h, at, err = readHead(name)
	}
	if err != nil {
		return nil, head{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, head{}, err
	}
	return &headFile{f: f, next: 1 - at}, h, nil
}

func (w *headFile) write(h head) error {
	if _, err := w.f.WriteAt(h.slot(), int64(w.next)*slotSize); err != nil {
		return err
	}
	w.next = 1 - w.next
	return w.f.Sync()
}
