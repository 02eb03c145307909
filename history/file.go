package history

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"maemae/market"
)

// A column file, all numbers little-endian:
//
//	header    magic "maebars\n", version uint16, scale uint8, raw uint8, bars uint32, symbol 8 bytes padded with
//	          zeros, length of the manifest uint32, zero uint32
//	manifest  the stretches as JSON
//	columns   dates int32; open, high, low, close and volume int64
//	checksum  CRC-32C of everything before it, uint32
const (
	magic       = "maebars\n"
	version     = 1
	headerSize  = 32
	barSize     = 4 + 5*8
	crcSize     = 4
	maxManifest = 1 << 20
	chunk       = 128 << 10 // bytes read or written at once: most files are smaller
)

// Stretch says where bars next to each other came from: From and To are the first and last date, Since and Until the
// moments the first and the last of them were received.
type Stretch struct {
	From   market.Date `json:"from"`
	To     market.Date `json:"to"`
	Bars   int         `json:"bars"`
	Source string      `json:"source"`
	Since  time.Time   `json:"since"`
	Until  time.Time   `json:"until"`
}

// encode writes bars and their manifest in the form of a column file.
func encode(to io.Writer, b Bars, stretches []Stretch) error {
	manifest, err := json.Marshal(stretches)
	if err != nil {
		return err
	}
	if len(manifest) > maxManifest {
		return fmt.Errorf("manifest of %d bytes, at most %d", len(manifest), maxManifest)
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), chunk)
	h := make([]byte, 0, headerSize)
	h = append(h, magic...)
	h = binary.LittleEndian.AppendUint16(h, version)
	h = append(h, byte(b.Scale), 0)
	if b.Raw {
		h[11] = 1
	}
	h = binary.LittleEndian.AppendUint32(h, uint32(b.Len()))
	h = append(h, (string(b.Symbol) + "\x00\x00\x00\x00\x00\x00\x00\x00")[:8]...)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(manifest)))
	h = binary.LittleEndian.AppendUint32(h, 0)
	out.Write(h) // a bufio.Writer keeps its first error for Flush
	out.Write(manifest)
	for _, d := range b.Dates {
		out.Write(binary.LittleEndian.AppendUint32(out.AvailableBuffer(), uint32(d)))
	}
	for _, c := range [][]int64{b.Open, b.High, b.Low, b.Close, b.Volume} {
		for _, v := range c {
			out.Write(binary.LittleEndian.AppendUint64(out.AvailableBuffer(), uint64(v)))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = to.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

// reader counts the checksum of what it hands out.
type reader struct {
	*bufio.Reader
	sum uint32
}

func newReader(size int) *reader { return &reader{Reader: bufio.NewReaderSize(nil, size)} }

// begin makes it a reader of another file.
func (r *reader) begin(from io.Reader) {
	r.Reset(from)
	r.sum = 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// next is the next n bytes; they are valid until the following call.
func (r *reader) next(n int) (p []byte, err error) {
	if n > r.Size() {
		p = make([]byte, n)
		_, err = io.ReadFull(r, p)
	} else if p, err = r.Peek(n); err == nil {
		_, err = r.Discard(n)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.sum = crc32.Update(r.sum, castagnoli, p)
	return p, err
}

func (r *reader) dates(column []market.Date) error {
	for len(column) > 0 {
		n := min(len(column), r.Size()/4)
		p, err := r.next(n * 4)
		if err != nil {
			return err
		}
		for i := range column[:n] {
			column[i] = market.Date(binary.LittleEndian.Uint32(p[4*i:]))
		}
		column = column[n:]
	}
	return nil
}

func (r *reader) values(column []int64) error {
	for len(column) > 0 {
		n := min(len(column), r.Size()/8)
		p, err := r.next(n * 8)
		if err != nil {
			return err
		}
		decodeValues(column[:n], p)
		column = column[n:]
	}
	return nil
}

// decodeValues reads as many numbers as the column has, four at a time.
func decodeValues(column []int64, p []byte) {
	for len(column) >= 4 && len(p) >= 32 {
		c, q := (*[4]int64)(column), (*[32]byte)(p)
		c[0], c[1] = int64(binary.LittleEndian.Uint64(q[0:])), int64(binary.LittleEndian.Uint64(q[8:]))
		c[2], c[3] = int64(binary.LittleEndian.Uint64(q[16:])), int64(binary.LittleEndian.Uint64(q[24:]))
		column, p = column[4:], p[32:]
	}
	for i := range column {
		column[i] = int64(binary.LittleEndian.Uint64(p[8*i:]))
	}
}

// decodeHead reads header and manifest of a file of that size; the bars come without their columns.
func (r *reader) decodeHead(size int64) (b Bars, count int, stretches []Stretch, err error) {
	h, err := r.next(headerSize)
	if err != nil {
		return b, 0, nil, err
	}
	if string(h[:8]) != magic {
		return b, 0, nil, errors.New("not a column file")
	}
	if v := binary.LittleEndian.Uint16(h[8:]); v != version {
		return b, 0, nil, fmt.Errorf("format version %d: this program reads version %d", v, version)
	}
	count = int(binary.LittleEndian.Uint32(h[12:]))
	length := int(binary.LittleEndian.Uint32(h[24:]))
	if h[11] > 1 || count > maxBars || length > maxManifest || binary.LittleEndian.Uint32(h[28:]) != 0 {
		return b, 0, nil, errors.New("header out of bounds")
	}
	if want := int64(headerSize + length + count*barSize + crcSize); size != want {
		return b, 0, nil, fmt.Errorf("%d bytes, want %d for %d bars", size, want, count)
	}
	b = Bars{Symbol: market.Symbol(strings.TrimRight(string(h[16:24]), "\x00")), Raw: h[11] == 1, Scale: int32(h[10])}
	if _, err := market.ParseSymbol(string(b.Symbol)); err != nil {
		return b, 0, nil, err
	}
	manifest, err := r.next(length)
	if err != nil {
		return b, 0, nil, err
	}
	if err := json.Unmarshal(manifest, &stretches); err != nil {
		return b, 0, nil, fmt.Errorf("manifest: %w", err)
	}
	return b, count, stretches, covers(stretches, count)
}

// covers demands of the manifest that it speaks of each bar once.
func covers(stretches []Stretch, count int) error {
	rest := count
	for _, s := range stretches {
		if s.Bars < 1 || s.Bars > rest {
			return fmt.Errorf("manifest: stretch of %d bars, %d of %d left", s.Bars, rest, count)
		}
		rest -= s.Bars
	}
	if rest != 0 {
		return fmt.Errorf("manifest: %d of %d bars have no source", rest, count)
	}
	return nil
}

// decode reads a whole column file of that size and trusts nothing in it. The columns are made in those of used where they
// are large enough.
func (r *reader) decode(size int64, used Bars) (Bars, []Stretch, error) {
	b, count, stretches, err := r.decodeHead(size)
	if err != nil {
		return Bars{}, nil, err
	}
	b.resize(used, count)
	if err := r.dates(b.Dates); err != nil {
		return Bars{}, nil, err
	}
	for _, c := range [...][]int64{b.Open, b.High, b.Low, b.Close, b.Volume} {
		if err := r.values(c); err != nil {
			return Bars{}, nil, err
		}
	}
	sum := r.sum
	p, err := r.next(crcSize)
	if err != nil {
		return Bars{}, nil, err
	}
	if stored := binary.LittleEndian.Uint32(p); stored != sum {
		return Bars{}, nil, fmt.Errorf("checksum %08x, want %08x", sum, stored)
	}
	if err := b.Check(); err != nil {
		return Bars{}, nil, err
	}
	return b, stretches, agree(b, stretches)
}

// agree demands that each stretch begins and ends with the bars it speaks of.
func agree(b Bars, stretches []Stretch) error {
	i := 0
	for _, s := range stretches {
		if b.Dates[i] != s.From || b.Dates[i+s.Bars-1] != s.To {
			return fmt.Errorf("manifest: %d bars from %s to %s are not there", s.Bars, s.From, s.To)
		}
		i += s.Bars
	}
	return nil
}
