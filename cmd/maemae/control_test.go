package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// Another user of the machine cannot open the control socket, one of its group can, and what he does is written down as his.
// Who may is the kernel's decision, by the socket's mode: inside the unit's sandbox the daemon does not see users as they are.
func TestTheControlSocketIsForItsOwnerAndGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can become another user")
	}
	const daemons, others, group = 64_001, 64_002, 64_003
	path := filepath.Join(t.TempDir(), socketName)
	for dir := filepath.Dir(path); dir != os.TempDir(); dir = filepath.Dir(dir) { // as far as the socket everybody may go
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := &acted{}
	stop, err := serveControl(path, d)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := os.Chown(path, daemons, group); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		who    string
		uid    int
		groups []uint32
		may    bool
	}{
		{"the daemon's own user", daemons, nil, true},
		{"one of the group", others, []uint32{group}, true},
		{"another user", others, []uint32{others}, false},
		{"root", 0, nil, true},
	} {
		d.by = nil
		err := as(x.uid, x.groups, func() error { return halts(path) })
		switch by := strings.Join(d.by, ", "); {
		case x.may && (err != nil || by != userName(x.uid)):
			t.Errorf("%s: %v, written down as %q", x.who, err, by)
		case !x.may && (!errors.Is(err, syscall.EACCES) || by != ""):
			t.Errorf("%s: %v, written down as %q", x.who, err, by)
		}
	}
}

// halts connects in the calling thread, whose user the kernel looks at, and has the daemon halt.
func halts(path string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	body := `{"Reason": "test"}`
	if _, err := syscall.Write(fd, fmt.Appendf(nil, "POST /halt HTTP/1.1\r\nHost: maemae\r\nContent-Length: %d\r\n\r\n%s", len(body), body)); err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := syscall.Read(fd, answer)
	if err == nil && !bytes.HasPrefix(answer[:max(n, 0)], []byte("HTTP/1.1 200 ")) {
		err = fmt.Errorf("answered %q", answer[:max(n, 0)])
	}
	return err
}

// as does something in a thread that is another user, and that ends with it.
func as(uid int, groups []uint32, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() { // the process's first thread does not end
			defer runtime.UnlockOSThread()
			done <- as(uid, groups, do)
			return
		}
		// Never unlocked: the thread ends with the goroutine.
		var first unsafe.Pointer
		if len(groups) > 0 {
			first = unsafe.Pointer(&groups[0])
		}
		for _, call := range [][4]uintptr{
			{syscall.SYS_SETGROUPS, uintptr(len(groups)), uintptr(first)},
			{syscall.SYS_SETRESGID, uintptr(uid), uintptr(uid), uintptr(uid)},
			{syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)},
		} {
			if _, _, errno := syscall.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
				done <- errno
				return
			}
		}
		done <- do()
	}()
	return <-done
}
