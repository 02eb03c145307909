package indicator

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	ids := os.Getenv("ZZ")
	if ids == "" {
		t.Skip()
	}
	size := 20_000
	in := walk(size)
	in.Index = in.Open
	for _, s := range All() {
		if ids != "all" && !strings.Contains(","+ids+",", ","+s.ID+",") {
			continue
		}
		a, _ := s.Bind(nil)
		best, begun := time.Duration(1<<60), time.Now()
		for range 200 {
			start := time.Now()
			s.Compute(in, a)
			best = min(best, time.Since(start))
			if time.Since(begun) > time.Second {
				break
			}
		}
		fmt.Printf("%8.2f %s\n", float64(best.Nanoseconds())/float64(size), s.ID)
	}
}
