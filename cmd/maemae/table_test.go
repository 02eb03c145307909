package main

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sheet is a writer of a width.
type sheet struct {
	bytes.Buffer
	wide int
}

func (p *sheet) columns() int { return p.wide }

func shown(t *table, wide int) string {
	p := &sheet{wide: wide}
	if err := t.print(p); err != nil {
		return err.Error()
	}
	return p.String()
}

func TestATableAlignsPointsAndCountsHangulTwice(t *testing.T) {
	x := newTable("symbol", "name", ">price", ">return", "=id")
	x.add("005930", "삼성전자", "41,700", "5.24%", "a")
	x.add("104310", "가상011", "1,234.5", "-10.5%", "b")
	x.add("069500", "KODEX 200", "7.25", "-", "c")
	want := `
symbol  name           price   return  id
005930  삼성전자   41,700       5.24%  a
104310  가상011     1,234.5   -10.5%   b
069500  KODEX 200       7.25        -  c
`
	if got := "\n" + shown(x, 0); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestATableFitsTheTerminalAndCutsNoNumberAndNoID(t *testing.T) {
	x := newTable("strategy", "why", ">won", "=id")
	x.add("golden-cross", "the buy condition is true; 5% of equity is 5,013,465 KRW", "5,013,465.4", "20260114-151500-golden-cross-103880")
	x.add("딥", "보유 기간이 끝났습니다, 세 거래일이 지났기 때문입니다", "12", "b")
	got := shown(x, 80)
	for _, line := range strings.Split(strings.TrimSpace(got), "\n") {
		if cells(line) > 80 {
			t.Errorf("%d cells: %s", cells(line), line)
		}
	}
	for _, whole := range []string{"5,013,465.4", "20260114-151500-golden-cross-103880", "…"} {
		if !strings.Contains(got, whole) {
			t.Errorf("no %s in\n%s", whole, got)
		}
	}
	if got := shown(x, 30); !strings.Contains(got, "strategy  golden-cross\nwhy       the buy") || !strings.Contains(got, "\n\nstrategy  딥\n") {
		t.Errorf("a narrow terminal gets lists:\n%s", got)
	}
}

func TestATableIsNeverWiderThanItsTerminalWhileItIsATable(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab 가나…é")), 0, 60, -1)
		x := newTable("one", "two", ">n", "=id")
		rows := rapid.IntRange(1, 5).Draw(r, "rows")
		for range rows {
			x.add(text.Draw(r, "one"), text.Draw(r, "two"), rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,4})?`).Draw(r, "n"), rapid.StringMatching(`[a-z]{1,9}`).Draw(r, "id"))
		}
		wide := rapid.IntRange(20, 120).Draw(r, "wide")
		lines := strings.Split(strings.TrimRight(shown(x, wide), "\n"), "\n")
		if len(lines) != rows+1 {
			return // lists
		}
		point := -1
		for i, line := range lines {
			if cells(line) > wide {
				r.Fatalf("%d cells in %d: %q", cells(line), wide, line)
			}
			if i == 0 {
				continue
			}
			if n := x.rows[i-1][2]; !strings.Contains(line, n) || !strings.HasSuffix(line, x.rows[i-1][3]) {
				r.Fatalf("a number or id is cut: %q", line)
			} else if whole, _, has := strings.Cut(n, "."); has {
				at := cells(line[:strings.LastIndex(line, n)]) + len(whole)
				if point >= 0 && at != point {
					r.Fatalf("points in columns %d and %d\n%s", point, at, strings.Join(lines, "\n"))
				}
				point = at
			}
		}
	})
}
