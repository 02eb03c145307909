package backtest

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"

	"maemae/strategy"
)

// SweepFile keeps the sets that a sweep has finished; an *os.File opened for reading and writing is one.
type SweepFile interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
}

// ErrOtherSweep says that a file keeps the sets of another sweep: of other rules, bars, options or of another program.
var ErrOtherSweep = errors.New("the file keeps the sets of another sweep")

// record is the file of a sweep: a heading that names the sweep, and a line a set, written as soon as it is known. What
// a process that was killed left half written ends what is taken back; it is cut off and played again.
type record struct {
	file SweepFile
	mu   sync.Mutex
	line []byte
	done []bool // of the pass being played
	pass int64  // bars that the sessions of the pass begin after
}

// resume takes back what the file of the sweep keeps of it, and nothing where it is empty. The sets of the pass that
// was broken off count over sessions that begin after need bars.
func (w *sweep) resume() (r *record, need int64, err error) {
	if w.with.File == nil {
		return nil, w.need.Load(), nil
	}
	r = &record{file: w.with.File, done: make([]bool, len(w.scores)), pass: w.need.Load()}
	seen, size, err := r.read(w.scores, "maemae sweep 1 "+w.key()+"\n")
	if err == nil {
		err = r.file.Truncate(size)
	}
	if err == nil {
		_, err = r.file.Seek(size, io.SeekStart)
	}
	if err == nil && size == 0 {
		_, err = io.WriteString(r.file, "maemae sweep 1 "+w.key()+"\n")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("file of finished sets: %w", err)
	}
	w.need.Store(r.pass)
	if err := w.align(); err != nil {
		return nil, 0, err
	}
	w.need.Store(max(seen, r.pass))
	return r, r.pass, nil
}

// read takes the scores of the last pass in the file. It tells the most bars that a set was seen to need, and how much
// of the file is whole.
func (r *record) read(scores []score, heading string) (seen, size int64, err error) {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	in := bufio.NewReader(r.file)
	line, err := in.ReadString('\n')
	switch {
	case errors.Is(err, io.EOF) && strings.HasPrefix(heading, line): // empty, or killed in its first moment
		return 0, 0, nil
	case err != nil && !errors.Is(err, io.EOF):
		return 0, 0, err
	case line != heading:
		return 0, 0, ErrOtherSweep
	}
	for {
		size += int64(len(line))
		if line, err = in.ReadString('\n'); err != nil {
			break
		}
		pass, need, i, s, whole := parseScore(line, len(scores))
		if !whole {
			break
		}
		seen = max(seen, need)
		if pass > r.pass {
			r.begin(pass)
		}
		if pass == r.pass {
			scores[i], r.done[i] = s, true
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return seen, size, err
}

// begin starts a pass over the sessions after so many bars: those of another do not count.
func (r *record) begin(need int64) int64 {
	if r != nil {
		r.pass = need
		clear(r.done)
	}
	return need
}

// has tells whether set i of the pass was taken back.
func (r *record) has(i int) bool { return r != nil && r.done[i] }

// keep writes set i, and the most bars that a set is known to need.
func (r *record) keep(i int, s score, need int64) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line = fmt.Appendf(r.line[:0], scoreForm, r.pass, need, i, s.state, s.objective, s.sharpe, s.unsharp, s.objectless)
	r.line = fmt.Appendf(r.line, " %08x\n", crc32.ChecksumIEEE(r.line))
	_, err := r.file.Write(r.line)
	return err
}

// scoreForm is a line but for its sum: the bars its sessions begin after, the most that a set is known to need, the
// set's number, and its score.
const scoreForm = "%d %d %d %d %d %d %t %t"

// parseScore reads a whole line back; not ok is one that was never written so.
func parseScore(line string, sets int) (pass, need int64, i int, s score, ok bool) {
	at := strings.LastIndexByte(line, ' ')
	if at < 0 || line[at:] != fmt.Sprintf(" %08x\n", crc32.ChecksumIEEE([]byte(line[:at]))) {
		return pass, need, i, s, false
	}
	_, err := fmt.Sscanf(line[:at], scoreForm, &pass, &need, &i, &s.state, &s.objective, &s.sharpe, &s.unsharp, &s.objectless)
	return pass, need, i, s, err == nil && i >= 0 && i < sets && s.state <= impossible
}

// key is a hash of everything that a score depends on.
func (w *sweep) key() string {
	h := sha256.New()
	o := w.o
	fmt.Fprintf(h, "%q %q %d %d %q %q\n", w.with.Key, w.rule.Name, w.with.Random, w.with.Seed, w.with.Objective, w.with.limits())
	fmt.Fprintf(h, "%d %d %s %s %d %d %d %t\n", o.From, o.To, o.Cash, o.Costs.FeeRate, o.CostDigits, o.Slippage, o.VolumeCap, o.ExitsAtSlots)
	for _, a := range w.axes {
		fmt.Fprintf(h, "%q %s\n", a.Name, a.Values)
	}
	fmt.Fprintln(h, w.days.dates, w.days.after)
	for _, l := range w.legs {
		fmt.Fprintln(h, l.slots)
		fmt.Fprintf(h, "%+v %t %t\n", l.tape.of, l.tape.raw, l.tape.bars.Index != nil)
		hashBars(h, l.tape.bars)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// hashBars adds columns of bars to a hash, which takes all that is written to it.
func hashBars(h io.Writer, b strategy.Bars) {
	var line []byte
	line = binary.LittleEndian.AppendUint64(line, uint64(b.Len()))
	line = binary.LittleEndian.AppendUint32(line, uint32(b.Scale))
	line = binary.LittleEndian.AppendUint32(line, uint32(b.IndexScale))
	for i, d := range b.Dates {
		line = binary.LittleEndian.AppendUint64(line, uint64(d))
		for _, c := range [...][]int64{b.Open, b.High, b.Low, b.Close, b.Volume, b.Index} {
			if c != nil {
				line = binary.LittleEndian.AppendUint64(line, uint64(c[i]))
			}
		}
		h.Write(line)
		line = line[:0]
	}
}
