package backtest

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/shopspring/decimal"

	"maemae/report"
	"maemae/series"
)

// Luck says how much of the best set of a sweep may be chance. Its numbers are estimates, in floating point.
type Luck struct {
	// Sets is how many of those tried have a Sharpe ratio; about as many, where the sweep did not ask for the ratios and
	// a thousand of them tell how widely they lie apart.
	Sets int `json:"sets"`
	// ExpectedSharpe is the Sharpe ratio that the best of so many sets would show if none had any merit, given how
	// widely those of this sweep lie apart.
	ExpectedSharpe report.Ratio `json:"expected_sharpe"`
	// DeflatedSharpe is the probability that the true Sharpe ratio of the first set is above zero, after so many tries
	// (Bailey and López de Prado, The Deflated Sharpe Ratio, 2014). Sets that resemble each other count as different
	// ones, so it is on the low side.
	DeflatedSharpe report.Ratio `json:"deflated_sharpe"`
	// Random are rules without knowledge; nil where the engine of columns does not take the rule.
	Random *RandomRules `json:"random"`
}

// RandomRules are what the signals of the first set would have brought on other days: all of them moved by a number of
// bars drawn at random, what falls off the end coming back at the beginning. They trade about as often and hold about
// as long, but know nothing of the day. Values are of the objective.
type RandomRules struct {
	Rules  int          `json:"rules"`
	AsGood int          `json:"as_good"` // at least as good as the first set
	Median report.Ratio `json:"median"`
	Top5   report.Ratio `json:"top5"` // one in twenty is at least as good
}

// randomRules is how many are played.
const randomRules = 200

// sampled is how many sets, evenly over those tried, tell how widely Sharpe ratios lie apart where the sweep did not ask
// for them.
const sampled = 1000

// luck judges the first set; k has settled it, and run is what it brought.
func (k *worker) luck(first int, run report.Run) (l Luck, err error) {
	step, played, looked := 1, 0, 0
	if !k.sharp {
		step = (len(k.scores) + sampled - 1) / sampled
	}
	var sharpes []float64
	for i, s := range k.scores {
		if s.state == impossible {
			continue
		}
		if played++; i%step != 0 {
			continue
		}
		looked++
		sharpe, defined, err := k.sharpeOf(i)
		if err != nil {
			return l, err
		}
		if defined {
			sharpes = append(sharpes, session(sharpe))
		}
	}
	if looked > 0 {
		l.Sets = int(int64(len(sharpes)) * int64(played) / int64(looked))
	}
	if best, defined := millionths(run.Metrics.Sharpe); defined {
		expected := expectedMaximum(spread(sharpes), l.Sets)
		l.ExpectedSharpe = estimate(expected * math.Sqrt(yearSessions))
		l.DeflatedSharpe = estimate(deflated(session(best), expected, returns(run)))
	}
	l.Random, err = k.random(k.scores[first].objective)
	return l, err
}

// sharpeOf is the Sharpe ratio of a possible set in millionths, which is played again where it was not asked for; false
// where it is undefined.
func (k *worker) sharpeOf(i int) (sharpe int64, defined bool, err error) {
	if k.sharp {
		return k.scores[i].sharpe, !k.scores[i].unsharp, nil
	}
	k.take(i)
	b, plain, err := k.play()
	if err != nil {
		return 0, false, err
	}
	if plain != nil {
		sharpe, defined = millionths(k.own.run(*plain).Metrics.Sharpe)
		return sharpe, defined, nil
	}
	b.split()
	sharpe, defined = b.sharpe()
	return sharpe, defined, nil
}

const yearSessions = 252 // of report's formulas

// session is a yearly Sharpe ratio in millionths, by the session.
func session(sharpe int64) float64 { return float64(sharpe) / 1e6 / math.Sqrt(yearSessions) }

// estimate is a number of floating point with six decimals, undefined where it is none.
func estimate(x float64) report.Ratio {
	m := math.Round(x * 1e6)
	if !(math.Abs(m) < 1e15) {
		return report.Ratio{}
	}
	return report.Ratio{Value: decimal.New(int64(m), -6), Defined: true}
}

// spread is the standard deviation of a sample.
func spread(x []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(x)-1))
}

// expectedMaximum is about the largest of n draws from a normal distribution around 0.
func expectedMaximum(deviation float64, n int) float64 {
	if n < 2 {
		return 0
	}
	const euler = 0.57721566490153286
	quantile := func(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
	return deviation * ((1-euler)*quantile(1-1/float64(n)) + euler*quantile(1-1/(float64(n)*math.E)))
}

// deflated is the probability that the true ratio is above the expected one, given the shape of the returns.
func deflated(ratio, expected float64, returns []float64) float64 {
	n := float64(len(returns))
	mean := 0.0
	for _, r := range returns {
		mean += r / n
	}
	var m2, m3, m4 float64
	for _, r := range returns {
		d := r - mean
		m2, m3, m4 = m2+d*d/n, m3+d*d*d/n, m4+d*d*d*d/n
	}
	skew, kurtosis := m3/math.Pow(m2, 1.5), m4/(m2*m2)
	z := (ratio - expected) * math.Sqrt(n-1) / math.Sqrt(1-skew*ratio+(kurtosis-1)/4*ratio*ratio)
	return math.Erfc(-z/math.Sqrt2) / 2
}

// returns are the returns of the sessions.
func returns(r report.Run) []float64 {
	list := make([]float64, r.Equity.Len())
	last := r.Cash
	for i := range list {
		e := r.Equity.At(i).Equity
		if last.Sign() > 0 {
			list[i] = e.Sub(last).DivRound(last, 10).InexactFloat64()
		}
		last = e
	}
	return list
}

// random plays the signals of the rule taken on other days.
func (k *worker) random(objective int64) (*RandomRules, error) {
	if !k.traits.columnar {
		return nil, nil
	}
	a := &k.own
	truth := make([]signals, len(a.legs))
	first, turn := make([]int, len(a.legs)), 0
	for i, l := range a.legs {
		var err error
		if truth[i], err = l.signalsOf(k.traits); err != nil {
			return nil, err
		}
		bar, _ := l.tape.bar(a.begin)
		first[i] = max(0, bar)
		turn = max(turn, l.tape.bars.Len()-first[i])
	}
	if turn < 2 {
		return nil, nil
	}
	b, err := newBook(a, truth)
	if errors.Is(err, errWide) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, l := range b.legs {
		l.enter, l.leave = series.Bits{}, series.Bits{} // its own, not those of truth
	}
	r := rand.New(rand.NewPCG(k.with.Seed, 2))
	var values []int64
	random := &RandomRules{Rules: randomRules}
	for range randomRules {
		by := 1 + r.IntN(turn-1)
		for i, l := range b.legs {
			l.enter.Rotate(truth[i].enter, first[i], by)
			l.leave.Rotate(truth[i].leave, first[i], by)
		}
		if err := b.walk(); errors.Is(err, errWide) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		var s score
		if k.quick {
			s = k.scoreQuick(b)
		} else {
			s = k.scoreOf(a.run(b.outcome()).Metrics)
		}
		if !s.objectless {
			values = append(values, s.objective)
		}
		if !s.objectless && s.objective >= objective {
			random.AsGood++
		}
	}
	slices.SortFunc(values, func(a, b int64) int { return cmp.Compare(b, a) })
	if n := len(values); n > 0 {
		random.Median, random.Top5 = k.told(values[n/2]), k.told(values[n/20])
	}
	return random, nil
}

// told is a value of the objective as people know it.
func (w *sweep) told(objective int64) report.Ratio {
	if metrics[w.with.Objective].less {
		objective = -objective
	}
	return report.Ratio{Value: decimal.New(objective, -6), Defined: true}
}
