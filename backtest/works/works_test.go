package works

import "testing"

func TestThePlainLoopHasTheAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: seven million bars")
	}
	long := MadeUp(LongSeed, LongBars)
	if got := Plain(long.Open, long.Close, 20, 60); got != Long {
		t.Errorf("one long symbol: %v, want %v", got, Long)
	}
	if got := Plain(long.Open[:100_000], long.Close[:100_000], 20, 60); got != Short {
		t.Errorf("its beginning: %v, want %v", got, Short)
	}
	var many Answer
	for i := range uint64(Symbols) {
		b := MadeUp(FirstSeed+i, Bars)
		many.Add(Plain(b.Open, b.Close, 20, 60))
	}
	if many != Many {
		t.Errorf("many symbols: %v, want %v", many, Many)
	}
}

func TestSharedRowsAndTheTreeHaveTheAnswerOfThePlainLoop(t *testing.T) {
	b := MadeUp(FirstSeed, Bars)
	s := Share(b.Open, b.Close, SlowTo)
	for fast := FastFrom; fast <= FastTo; fast += 10 {
		for slow := SlowFrom; slow <= SlowTo; slow++ {
			if got, want := s.Pair(fast, slow), Plain(b.Open, b.Close, fast, slow); got != want {
				t.Fatalf("%d and %d: %v, want %v", fast, slow, got, want)
			}
		}
	}
	if all := AllPairs(b.Open, b.Close); all != Pairs {
		t.Errorf("all pairs: %v, want %v", all, Pairs)
	}
}
