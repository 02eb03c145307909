package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzHead: what is read as a head is written the same.
func FuzzHead(f *testing.F) {
	f.Add(bytes.Repeat(head{}.slot(), 2))
	f.Add(append(head{seq: 7, hash: [32]byte{1}}.slot(), head{seq: 8, hash: [32]byte{2}}.slot()...))
	f.Add(bytes.Repeat([]byte(" "), 2*slotSize))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseHead("head", text)
		if err == nil && (s.seq < 0 || !bytes.Equal(s.slot(), text[s.at*slotSize:][:slotSize])) {
			t.Errorf("entry %d at %d", s.seq, s.at)
		}
	})
}

// FuzzFiles writes any bytes anywhere over the files of a journal: it is refused, or reads as before, and a reader never
// panics.
func FuzzFiles(f *testing.F) {
	path := newPath(f)
	j := open(f, path)
	write(f, j, session(2)...)
	want := printed(collect(f, j, Query{})) + printed(collect(f, j, Query{Kinds: []string{"intent"}}))
	live := filepath.Dir(files(f, path)) // with its log
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	names := []string{"journal.db", "journal.db-wal", "journal.head"}
	states := map[bool]string{false: filepath.Dir(path), true: live}
	whole := map[bool]map[string][]byte{false: {}, true: {}}
	for state, dir := range states {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && !os.IsNotExist(err) {
				f.Fatal(err)
			}
			whole[state][name] = text
		}
	}
	if filepath.Base(path) != names[0] {
		f.Fatal(path)
	}
	f.Add(false, uint8(0), uint32(100), []byte{0})
	f.Add(true, uint8(1), uint32(40), []byte("maemae"))
	f.Add(true, uint8(2), uint32(512), []byte("9"))
	f.Fuzz(func(t *testing.T, running bool, which uint8, at uint32, patch []byte) {
		dir := filepath.Dir(newPath(t))
		for i, name := range names {
			text := bytes.Clone(whole[running][name])
			if i == int(which)%len(names) && len(text) > 0 {
				copy(text[int(at)%len(text):], patch)
			}
			if text == nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := readAll(filepath.Join(dir, names[0])); err == nil && got != want {
			t.Errorf("verified, and reads differently:\n%s\nwant\n%s", got, want)
		} else if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("refused without a word")
		}
	})
}
