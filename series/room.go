package series

// Room is memory in which columns are made over and over: those of one stretch of bars where those of the last stretch
// were. A column made from one with a room is made in that room too, by the operations that can; the others take fresh
// memory, which is only slower. A Room is for one goroutine.
type Room struct {
	columns [][]int64
	used    int
}

// Clear ends the life of every column made in the room: nobody may read one any more.
func (r *Room) Clear() { r.used = 0 }

// column is room for n mantissas, whatever they hold; a nil Room is fresh memory.
func (r *Room) column(n int) []int64 {
	if r == nil {
		return make([]int64, n)
	}
	if r.used == len(r.columns) {
		r.columns = append(r.columns, nil)
	}
	m := r.columns[r.used]
	if cap(m) < n {
		m = make([]int64, n)
		r.columns[r.used] = m
	}
	r.used++
	return m[:n]
}

// In is s, from which columns are made in the room.
func (s Series) In(r *Room) Series {
	s.room = r
	return s
}
