package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/history"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// Options is what a backtest needs. Rules, Load, Cash, Calendar and Instrument are required.
type Options struct {
	Rules      []*strategy.Strategy
	Load       func(market.Symbol) (history.Bars, error) // bars of a symbol, oldest first, which Check finds nothing in; called by several at once
	From, To   market.Date                               // the sessions that count; zero: as far as the bars reach
	Cash       decimal.Decimal                           // won at the start
	Together   bool                                      // all rules share the cash; otherwise each has it alone
	Calendar   *market.Calendar
	Instrument func(market.Symbol) market.Instrument

	Costs        market.Costs
	CostDigits   int32 // decimals of a won that fee and tax are cut to; brokers cut to the won, 0
	Slippage     int   // ticks by which a market order trades worse
	VolumeCap    int64 // percent of a bar's volume that one fill may take; 0 is no cap
	ExitsAtSlots bool  // stop, target and trailing stop are looked at in the rule's slots only, not inside bars

	Lang string // of the assumptions: ko, or else English

	// Permit may refuse a buy; nil permits all. Shares and price are those it would fill at.
	Permit func(*strategy.Strategy, broker.Order) bool
	// Done takes back bars from Load that nothing reads any more; called by several at once. Each alone calls it.
	Done func(history.Bars)
	// Progress hears how many of all accounts are done, from several at once.
	Progress func(done, all int)
}

// Bounds of what a run takes.
const (
	maxSlippage   = 100
	maxCostDigits = 8
	maxCash       = 1_000_000_000_000_000 // won
)

func (o *Options) check() error {
	switch {
	case len(o.Rules) == 0:
		return errors.New("backtest: no rules")
	case o.Load == nil || o.Calendar == nil || o.Instrument == nil:
		return errors.New("backtest: bars, calendar and instruments are required")
	case o.Cash.Sign() <= 0 || o.Cash.GreaterThan(decimal.NewFromInt(maxCash)):
		return fmt.Errorf("backtest: cash of %s won is out of range", o.Cash)
	case o.From != 0 && o.To != 0 && o.From > o.To:
		return fmt.Errorf("backtest: from %s lies after to %s", o.From, o.To)
	case o.Costs.FeeRate.Sign() < 0 || o.Costs.FeeRate.GreaterThanOrEqual(one):
		return fmt.Errorf("backtest: fee rate %s is out of range", o.Costs.FeeRate)
	case o.CostDigits < 0 || o.CostDigits > maxCostDigits:
		return fmt.Errorf("backtest: %d decimals of costs are out of range", o.CostDigits)
	case o.Slippage < 0 || o.Slippage > maxSlippage:
		return fmt.Errorf("backtest: slippage of %d ticks is out of range", o.Slippage)
	case o.VolumeCap < 0 || o.VolumeCap > 100:
		return fmt.Errorf("backtest: volume cap of %d percent is out of range", o.VolumeCap)
	}
	return nil
}

// Run plays the rules over their bars and adds the accounts up, each rule alone or all together.
func Run(o Options) (report.Result, error) {
	if err := o.check(); err != nil {
		return report.Result{}, err
	}
	result := report.Result{Version: report.Version}
	groups := make([][]*strategy.Strategy, 0, len(o.Rules))
	if o.Together {
		groups = append(groups, o.Rules)
	} else {
		for _, r := range o.Rules {
			groups = append(groups, []*strategy.Strategy{r})
		}
	}
	result.Runs = make([]report.Run, len(groups))
	all := make([]findings, len(groups))
	var done atomic.Int64
	err := parallel(len(groups), func(i int) error {
		a, err := o.open(groups[i])
		if err != nil {
			return err
		}
		out, err := a.play()
		if err != nil {
			return err
		}
		result.Runs[i] = a.run(out)
		all[i].add(a, out)
		if n := done.Add(1); o.Progress != nil {
			o.Progress(int(n), len(groups))
		}
		return nil
	})
	if err != nil {
		return report.Result{}, fmt.Errorf("backtest: %w", err)
	}
	var f findings
	for _, x := range all {
		f.join(x)
	}
	result.Assumptions = o.assumptions(f)
	return result, nil
}

// parallel does n pieces of work on all processors. The error is that of the first piece in order that has one, so that
// nothing depends on who was faster.
func parallel(n int, work func(i int) error) error {
	if n == 1 {
		return work(0) // who plays many accounts of one symbol would wake a processor for each
	}
	errs := make([]error, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = work(i)
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// run is an account as it is handed out.
func (a *account) run(out outcome) report.Run {
	last := a.days.len() - 1
	r := report.Run{
		Strategy: a.name(), From: a.days.dates[a.begin], To: a.days.dates[last],
		Cash: a.o.Cash, FinalEquity: out.curve.At(last - a.begin).Equity, Trades: out.trades, Equity: out.curve,
	}
	for _, l := range a.legs {
		if !slices.Contains(r.Symbols, l.tape.of.Symbol) {
			r.Symbols = append(r.Symbols, l.tape.of.Symbol)
		}
	}
	r.Metrics = report.Measure(r)
	return r
}

// play walks the account with the fast engine where that can, and else with the plain one.
func (a *account) play() (outcome, error) {
	known := map[*strategy.Strategy]traits{}
	for _, l := range a.legs {
		x, seen := known[l.rule]
		if !seen {
			x = traitsOf(l)
			known[l.rule] = x
		}
		if !x.columnar {
			return a.plain()
		}
	}
	b, err := a.fast(known)
	if errors.Is(err, errWide) {
		out, err := a.plain()
		out.wide = true
		return out, err
	}
	if err != nil {
		return outcome{}, err
	}
	return b.outcome(), nil
}

// fast walks an account of columnar rules in integers.
func (a *account) fast(known map[*strategy.Strategy]traits) (*book, error) {
	all := make([]signals, len(a.legs))
	err := parallel(len(a.legs), func(i int) (err error) {
		l := a.legs[i]
		if all[i], err = l.signalsOf(known[l.rule]); err != nil {
			return err
		}
		err = l.guard(all[i].columns)
		if !all[i].asks {
			all[i].columns = strategy.Columns{} // its rows may be large, and the truths are all that is needed
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b, err := newBook(a, all)
	if err != nil {
		return nil, err
	}
	return b, b.walk()
}

// open loads the bars of the rules and lays them along one calendar.
func (o *Options) open(rules []*strategy.Strategy) (*account, error) {
	bars := map[market.Symbol]history.Bars{}
	var first, last market.Date
	calendar := o.Calendar
	for _, r := range rules {
		for _, s := range r.Symbols {
			if _, loaded := bars[s]; loaded {
				continue
			}
			b, err := o.load(s)
			if err != nil {
				return nil, err
			}
			bars[s] = b
			n := len(b.Dates)
			if first == 0 || b.Dates[0] < first {
				first = b.Dates[0]
			}
			last = max(last, b.Dates[n-1])
			calendar = calendar.Extend(b.Dates)
		}
	}
	agendas := make([]*agenda, len(rules))
	for i, r := range rules {
		var err error
		if agendas[i], err = agendaOf(r); err != nil {
			return nil, err
		}
	}
	days, err := between(calendar, first, last, agendas...)
	if err != nil {
		return nil, err
	}
	a := &account{o: o, days: days}
	type key struct{ symbol, index market.Symbol }
	tapes := map[key]*tape{}
	for i, r := range rules {
		if outside := agendas[i].outside; outside > 0 {
			a.notes = append(a.notes, o.say("in %s all its moments lie before the first minute or after the last in which an order may be sent (allow_auction)",
				"판단 시각이 모두 주문 가능한 시간 밖인 거래일이 %s입니다(allow_auction)", o.count(outside, "session", "일")))
		}
		if _, loaded := bars[r.Index]; r.Index != "" && !loaded {
			if bars[r.Index], err = o.load(r.Index); err != nil {
				return nil, fmt.Errorf("strategy %s: index: %w", r.Name, err)
			}
		}
		for _, s := range r.Symbols {
			k := key{s, r.Index}
			if tapes[k] == nil {
				tapes[k] = newTape(o.Instrument(s), bars[s], days)
				if r.Index != "" {
					tapes[k].bars = tapes[k].bars.WithIndex(barsOf(bars[r.Index]))
				}
			}
			a.legs = append(a.legs, &leg{rule: r, tape: tapes[k], slots: agendas[i].slots})
		}
	}
	return a, a.start(o.From, 0)
}

// load reads the bars of a symbol up to the end of the run.
func (o *Options) load(s market.Symbol) (history.Bars, error) {
	b, err := o.Load(s)
	if err != nil {
		return b, fmt.Errorf("bars of %s: %w", s, err)
	}
	if o.To != 0 && b.Len() > 0 {
		b = b.Between(b.Dates[0], o.To)
	}
	if b.Len() == 0 {
		return b, fmt.Errorf("no bars of %s up to the end of the run", s)
	}
	return b, nil
}

// start finds the first session that counts: not before from, and not before the first rule has the bars it needs, or
// so many where need is not 0.
func (a *account) start(from market.Date, need int) error {
	ready, fewest, most := a.days.len(), 0, 0
	for _, l := range a.legs {
		bars := cmp.Or(need, l.rule.WarmUp())
		first := bars
		if !l.rule.CompletedBars {
			first-- // the bar of the session itself is seen
		}
		for i := max(first, 0); i < l.tape.bars.Len(); i++ {
			if s := l.tape.session(i); s >= 0 {
				ready = min(ready, s)
				break
			}
		}
		if fewest == 0 || bars < fewest {
			fewest = bars
		}
		most = max(most, l.tape.bars.Len())
	}
	a.begin = max(ready, a.days.find(from))
	switch last := a.days.len() - 1; {
	case ready > last:
		return fmt.Errorf("no session counts: %s needs %s before its first decision, up to %s there are %d", a.name(), count(fewest, "bar"), a.days.dates[last], most)
	case a.begin > last:
		return fmt.Errorf("no session counts: the run begins on %s, the last session with a bar is %s", from, a.days.dates[last])
	}
	return nil
}
