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

// slots is what a head file holds: the newest valid slot, its place, 0 or 1, and whether the other one is torn.
type slots struct {
	head
	at   int
	torn bool
}

func readHead(name string) (slots, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return slots{}, err
	}
	return parseHead(name, text)
}

func parseHead(name string, text []byte) (s slots, err error) {
	valid := 0
	for i := 0; len(text) == 2*slotSize && i < 2; i++ {
		h, ok := parseSlot(text[i*slotSize:][:slotSize])
		if !ok {
			continue
		}
		if valid++; valid == 1 || h.seq > s.seq {
			s.head, s.at = h, i
		}
	}
	if valid == 0 {
		return slots{}, fmt.Errorf("%s: neither slot is valid", name)
	}
	s.torn = valid == 1
	return s, nil
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
func openHead(name string, empty bool) (*headFile, slots, error) {
	s, err := readHead(name)
	if errors.Is(err, fs.ErrNotExist) && empty {
		if err := createHead(name, head{}); err != nil {
			return nil, slots{}, err
		}
		s, err = readHead(name)
	}
	if err != nil {
		return nil, slots{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, slots{}, err
	}
	return &headFile{f: f, next: 1 - s.at}, s, nil
}

func (w *headFile) write(h head) error {
	if _, err := w.f.WriteAt(h.slot(), int64(w.next)*slotSize); err != nil {
		return err
	}
	w.next = 1 - w.next
	return w.f.Sync()
}
