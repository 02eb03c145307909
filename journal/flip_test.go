package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

var flips = flag.Int("flips", 200, "TestAFlippedByteIsFoundOrOutside: how many bytes to change, one at a time")

// outside are the parts of a state directory that hold no entry, nor anything that leads to one. A change in them may
// go unfound; anywhere else it must not.
var outside = map[string]string{
	"database header, counters": "SQLite's own counts of changes and versions, and bits it does not look at",
	"number of a definition":    "row numbers in SQLite's list of tables: only their order counts",
	"free space in a page":      "between the cells of a page and the list that points to them, or left by removed ones",
	"free page":                 "pages in use no more",
	"end of an overflow page":   "behind the last byte of a long entry",
	"page, newer in the log":    "of the database as it was before what the write-ahead log has",
	"log, frames overwritten":   "behind the last commit of the write-ahead log",
	"log, header":               "a checkpoint counter, and salts that only the frames' own copies give a meaning",
	"head, newest slot":         "of a journal that is being written: a crash leaves the same, and the slot before it counts",
}

// Any one byte of the files that is changed is either found, or lies outside the entries: then everything reads as before.
//
//	go test ./journal -run TestAFlippedByte -flips 10000 -v
func TestAFlippedByteIsFoundOrOutside(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, session(12)...)
	if err := j.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	write(t, j, Note{Text: "after the checkpoint"}, Note{Text: strings.Repeat("a long one ", 2000)})
	live := files(t, path) // with its log, as the running daemon or a crash leaves it
	want := reading(t, j)
	shut(t, j)

	random := rand.New(rand.NewPCG(1, 2))
	found, lost := map[string]int{}, map[string]int{}
	for _, state := range []struct {
		path  string
		files []string
		share int // of ten flips
	}{{path, []string{"db", "head"}, 7}, {live, []string{"db", "db-wal", "head"}, 3}} {
		stem := strings.TrimSuffix(state.path, "db")
		copied := strings.TrimSuffix(files(t, state.path), "db")
		whole := map[string][]byte{}
		size := 0
		for _, name := range state.files {
			content, err := os.ReadFile(stem + name)
			if err != nil {
				t.Fatal(err)
			}
			whole[name] = content
			size += len(content)
		}
		for range *flips * state.share / 10 {
			at, name := random.IntN(size), ""
			for _, name = range state.files {
				if at < len(whole[name]) {
					break
				}
				at -= len(whole[name])
			}
			for _, other := range state.files { // the reader may have touched the log
				content := whole[other]
				if other == name {
					content = slices.Clone(content)
					content[at] ^= 1 << random.IntN(8)
				}
				if err := os.WriteFile(copied+other, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(copied + "db-shm"); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			part := partOf(name, whole, at)
			switch got, err := readAll(copied + "db"); {
			case err != nil:
				found[part]++
			case got != want:
				t.Errorf("%s, byte %d (%s): verified, but it reads differently", name, at, part)
			default:
				if lost[part]++; outside[part] == "" {
					t.Errorf("%s, byte %d (%s): not found", name, at, part)
				}
			}
		}
	}
	parts := map[string]bool{}
	for part := range found {
		parts[part] = true
	}
	for part := range lost {
		parts[part] = true
	}
	sum := 0
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		t.Logf("%-28s %5d changed, %5d found  %s", part, found[part]+lost[part], found[part], outside[part])
		sum += found[part]
	}
	if sum < *flips/3 {
		t.Errorf("only %d of %d flips were found: the files cannot be that empty", sum, *flips)
	}
}

// reading is all entries, read in their order and by the index.
func reading(t *testing.T, j *Journal) string {
	t.Helper()
	return printed(collect(t, j, Query{})) + printed(collect(t, j, Query{Kinds: []string{"intent"}}))
}

// readAll verifies a journal and reads it.
func readAll(path string) (string, error) {
	j, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer j.Close()
	if _, err := j.Verify(context.Background(), ""); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, q := range []Query{{}, {Kinds: []string{"intent"}}} {
		var all []Entry
		for e, err := range j.Entries(context.Background(), q) {
			if err != nil {
				return "", err
			}
			all = append(all, e)
		}
		b.WriteString(printed(all))
	}
	return b.String(), nil
}

// partOf says what a byte of a file is for, by the file formats of SQLite and of the head.
func partOf(name string, files map[string][]byte, at int) string {
	file, log := files[name], files["db-wal"]
	switch name {
	case "head":
		s, err := parseHead(name, file)
		if err == nil && s.at == at/slotSize && !slices.Equal(file[:slotSize], file[slotSize:]) {
			return "head, newest slot"
		}
		return "head"
	case "db-wal":
		if at < 32 {
			return "log, header"
		}
		if at >= 32+len(committed(log))*frameSize(log) {
			return "log, frames overwritten"
		}
		return "log, frames"
	}
	if len(log) > 32 && slices.Contains(committed(log), at/(frameSize(log)-24)+1) {
		return "page, newer in the log"
	}
	return pagePart(file, at)
}

// frameSize: a frame of the log is 24 bytes and a page. The frames follow a header of 32 bytes.
func frameSize(log []byte) int { return 24 + int(binary.BigEndian.Uint32(log[8:])) }

// committed are the numbers of the pages in the log's frames. A frame counts up to the last one that commits, while it
// carries the header's salts.
func committed(log []byte) (pages []int) {
	commits := 0
	for f := log[32:]; len(f) >= frameSize(log) && slices.Equal(f[8:16], log[16:24]); f = f[frameSize(log):] {
		pages = append(pages, int(binary.BigEndian.Uint32(f)))
		if binary.BigEndian.Uint32(f[4:]) > 0 {
			commits = len(pages)
		}
	}
	return pages[:commits]
}

// pagePart walks the b-tree page that the byte is in.
func pagePart(db []byte, at int) string {
	size := int(binary.BigEndian.Uint16(db[16:]))
	page := db[at/size*size:][:size]
	head, within := 0, at%size
	if at < 100 {
		switch {
		case at >= 18 && at < 20, at == 20, at >= 24 && at < 32, at >= 40 && at < 44, at >= 48 && at < 52, at >= 56 && at < 60, at >= 72:
			return "database header, counters"
		}
		return "database header"
	}
	if at < size {
		head = 100
	}
	if free := freePages(db, size); free[at/size+1] {
		return "free page"
	}
	pointers := head + 8
	switch page[head] {
	case 0x02, 0x05:
		pointers += 4
	case 0x0a, 0x0d:
	default:
		return overflowPart(db, size, at)
	}
	cells := int(binary.BigEndian.Uint16(page[head+3:]))
	first := int(binary.BigEndian.Uint16(page[head+5:]))
	if first == 0 {
		first = 65536
	}
	if within >= pointers+2*cells && within < first {
		return "free space in a page"
	}
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(page[pointers+2*i:]))
		if _, length := binary.Uvarint(page[cell:]); at < size && within == cell+length { // on the first page it is one byte
			return "number of a definition"
		}
	}
	for block := int(binary.BigEndian.Uint16(page[head+1:])); block > 0; block = int(binary.BigEndian.Uint16(page[block:])) {
		if length := int(binary.BigEndian.Uint16(page[block+2:])); within >= block+4 && within < block+length {
			return "free space in a page"
		}
	}
	return "pages"
}

// freePages follows the list of pages that are in use no more.
func freePages(db []byte, size int) map[int]bool {
	free := map[int]bool{}
	for trunk := int(binary.BigEndian.Uint32(db[32:])); trunk > 0; {
		free[trunk] = true
		page := db[(trunk-1)*size:][:size]
		for i := range int(binary.BigEndian.Uint32(page[4:])) {
			free[int(binary.BigEndian.Uint32(page[8+4*i:]))] = true
		}
		trunk = int(binary.BigEndian.Uint32(page))
	}
	return free
}

// overflowPart: such a page holds the number of the next and then a part of a long entry; the last one is not filled.
// Bodies are text, so that what follows their last byte is zero.
func overflowPart(db []byte, size, at int) string {
	page := db[at/size*size:][:size]
	end := size
	for end > 4 && page[end-1] == 0 {
		end--
	}
	if binary.BigEndian.Uint32(page) == 0 && at%size >= end {
		return "end of an overflow page"
	}
	return "overflow pages"
}

func printed(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%d %s %s %s %+v\n", e.Seq, e.At, e.Hash, e.Body.Kind(), e.Body)
	}
	return b.String()
}
