package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrLocked: another process writes this journal.
var ErrLocked = errors.New("another maemae is writing it")

// ErrUnsafe: the directory or a file in it is not safely ours: its mode, owner or type.
var ErrUnsafe = errors.New("not safely ours")

// place is the directory of one journal and the names in it.
type place struct{ dir, db string }

func placeOf(path string) (place, error) {
	abs, err := filepath.Abs(path)
	return place{dir: filepath.Dir(abs), db: abs}, err
}

// beside is the journal's own file of that kind: journal.db has journal.head.
func (p place) beside(kind string) string { return strings.TrimSuffix(p.db, ".db") + "." + kind }

// check demands a directory that nobody else can enter and files that nobody else can read. Root may read, never write,
// another user's journal.
func (p place) check(readOnly bool) error {
	info, err := os.Stat(p.dir)
	if err != nil {
		return err
	}
	if err := private(p.dir, info, 0o700, readOnly); err != nil {
		return err
	}
	for _, name := range []string{p.db, p.db + "-wal", p.db + "-shm", p.beside("head"), p.beside("lock"), killFile(p.dir)} {
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: %w: not a regular file", name, ErrUnsafe)
		}
		if err := private(name, info, 0o600, readOnly); err != nil {
			return err
		}
	}
	return nil
}

func private(name string, info fs.FileInfo, want fs.FileMode, readOnly bool) error {
	if got := info.Mode().Perm(); got&^want != 0 {
		return fmt.Errorf("%s: %w: its mode is %#o, want %#o", name, ErrUnsafe, got, want)
	}
	uid := os.Geteuid()
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != uid && (uid != 0 || !readOnly) {
		return fmt.Errorf("%s: %w: it belongs to uid %d, this is uid %d", name, ErrUnsafe, st.Uid, uid)
	}
	return nil
}

// lock takes the writer's lock, which ends with the returned file or the process.
func (p place) lock() (*os.File, error) {
	f, err := os.OpenFile(p.beside("lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid := make([]byte, 20)
		n, _ := f.ReadAt(pid, 0)
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("%s: %w (pid %s)", p.db, err, strings.TrimSpace(string(pid[:n])))
	}
	fmt.Fprintf(f, "%-19d\n", os.Getpid())
	return f, nil
}

// createWhole makes a new file of that content appear at once, on disk with its directory.
func createWhole(name string, content io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil { // unlike a rename, never over another file
		return err
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
