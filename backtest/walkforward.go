package backtest

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// WalkForwardOptions say how a sweep is repeated through time: values are picked over In sessions and traded over the
// next Out, then both move on by Out.
type WalkForwardOptions struct {
	SweepOptions
	In, Out  int
	Anchored bool // In grows: every pick begins with the first session
	// Files opens the file that keeps the finished sets of a window's pick, so that the walk goes on where it was broken
	// off; nil keeps none. File stays nil.
	Files func(window int) (WindowFile, error)
}

// WindowFile is the SweepFile of one window. It is closed when the window has its pick.
type WindowFile interface {
	SweepFile
	io.Closer
}

// WalkForwardResult is what comes of trading values that were picked before the sessions in which they trade.
type WalkForwardResult struct {
	Version     int             `json:"version"`
	Assumptions []string        `json:"assumptions"`
	Objective   string          `json:"objective"`
	Limits      []string        `json:"limits"`
	Windows     []ForwardWindow `json:"windows"`
	Run         report.Run      `json:"run"` // the sessions out of sample, joined
}

// ForwardWindow is one pick and what it brought. Before and After are the objective in and out of sample.
type ForwardWindow struct {
	PickFrom  market.Date                `json:"pick_from"`
	PickTo    market.Date                `json:"pick_to"`
	TradeFrom market.Date                `json:"trade_from"`
	TradeTo   market.Date                `json:"trade_to"`
	Params    map[string]decimal.Decimal `json:"params"` // null where no set kept the limits: nothing is traded then
	Before    report.Ratio               `json:"before"`
	After     report.Ratio               `json:"after"`
	Return    report.Ratio               `json:"return"` // of the sessions out of sample
}

// windowEnd is the reason of the sells that end a window.
const windowEnd = "window_end"

// WalkForward sweeps a rule again and again, each time over sessions that end before those in which the best set trades.
func WalkForward(o Options, f WalkForwardOptions) (WalkForwardResult, error) {
	result, err := walkForward(o, f)
	if err != nil {
		return WalkForwardResult{}, fmt.Errorf("walk forward: %w", err)
	}
	return result, nil
}

func walkForward(o Options, f WalkForwardOptions) (r WalkForwardResult, err error) {
	if f.In < 1 || f.Out < 1 {
		return r, fmt.Errorf("windows of %d and %d sessions are out of range", f.In, f.Out)
	}
	if f.File != nil {
		return r, errors.New("a file of finished sets is of one sweep: Files is of windows")
	}
	s, err := openSweep(&o, f.SweepOptions)
	if err == nil {
		err = s.align()
	}
	if err != nil {
		return r, err
	}
	dates := s.days.dates[s.begin:]
	if len(dates) <= f.In {
		return r, fmt.Errorf("%d sessions count, and picking alone takes %d", len(dates), f.In)
	}
	j := join{o: o, f: f, rule: s.rule, cash: o.Cash, objective: s.with.Objective}
	for at := f.In; at < len(dates); at += f.Out {
		pick := dates[at-f.In : at]
		if f.Anchored {
			pick = dates[:at]
		}
		if err := j.window(pick, dates[at:min(at+f.Out, len(dates))]); err != nil {
			return r, err
		}
		if o.Progress != nil {
			o.Progress(min(at+f.Out, len(dates))-f.In, len(dates)-f.In)
		}
	}
	var found findings
	if j.first != nil {
		found.add(j.first, outcome{cut: j.cut, wide: j.wide})
	}
	r = WalkForwardResult{
		Version: report.Version, Objective: j.objective, Limits: s.with.limits(), Windows: j.windows,
		Run: measured(report.Run{
			Strategy: s.rule.Name, Symbols: s.rule.Symbols, From: dates[f.In], To: dates[len(dates)-1],
			Cash: o.Cash, FinalEquity: j.cash, Trades: j.trades, Equity: report.CurveOfPoints(j.points),
		}),
	}
	picked := o.say("each set was picked over the %d sessions before it traded, by %s", "조합마다 거래하기 전 %d거래일에서 %s 기준으로 골랐습니다", f.In, j.objective)
	if f.Anchored {
		picked = o.say("each set was picked over all sessions before it traded, by %s", "조합마다 거래하기 전 모든 거래일에서 %s 기준으로 골랐습니다", j.objective)
	}
	r.Assumptions = append(o.assumptions(found), picked,
		o.say("what is held at the end of a window is sold at its last close, with fee and tax but without slippage, whatever the volume",
			"구간 끝에 보유한 주식은 거래량과 관계없이 마지막 종가에 수수료와 세금을 내고 슬리피지 없이 팝니다"))
	return r, nil
}

func measured(r report.Run) report.Run {
	r.Metrics = report.Measure(r)
	return r
}

// join collects what the windows bring.
type join struct {
	o         Options
	f         WalkForwardOptions
	rule      *strategy.Strategy
	objective string
	cash      decimal.Decimal
	windows   []ForwardWindow
	trades    []report.Trade
	points    []report.Point
	first     *account // that traded
	cut       cuts     // of all windows
	wide      bool
}

// window picks a set over some sessions and trades it over others.
func (j *join) window(pick, trade []market.Date) error {
	w := ForwardWindow{PickFrom: pick[0], PickTo: pick[len(pick)-1], TradeFrom: trade[0], TradeTo: trade[len(trade)-1]}
	best, err := j.best(w)
	if err != nil {
		return err
	}
	if best == nil {
		for _, d := range trade {
			j.points = append(j.points, report.Point{Date: d, Equity: j.cash, Cash: j.cash})
		}
		j.windows = append(j.windows, w)
		return nil
	}
	o := j.o
	o.From, o.To, o.Cash = w.TradeFrom, w.TradeTo, j.cash
	rule, problems := j.rule.With(best.Params)
	if problems.Fatal() {
		return problems
	}
	o.Rules = []*strategy.Strategy{rule}
	a, err := o.open(o.Rules)
	if err != nil {
		return err
	}
	out, err := a.play()
	if err != nil {
		return err
	}
	run := report.Run{Cash: j.cash}
	run.Trades, run.Equity, run.FinalEquity = a.closed(out)
	run = measured(run)
	of := metrics[j.objective].of
	w.Params, w.Before, w.After, w.Return = best.Params, of(best.Metrics), of(run.Metrics), run.Metrics.TotalReturn
	j.windows, j.trades, j.cash = append(j.windows, w), append(j.trades, run.Trades...), run.FinalEquity
	for i := range run.Equity.Len() {
		j.points = append(j.points, run.Equity.At(i))
	}
	if j.first == nil {
		j.first = a
	}
	j.cut.cash, j.cut.volume, j.cut.nothing = j.cut.cash+out.cut.cash, j.cut.volume+out.cut.volume, j.cut.nothing+out.cut.nothing
	j.wide = j.wide || out.wide
	return nil
}

// best is the best set over the sessions of the pick, nil where none is ranked.
func (j *join) best(w ForwardWindow) (_ *Trial, err error) {
	o, with := j.o, j.f.SweepOptions
	o.From, o.To, o.Progress = w.PickFrom, w.PickTo, nil
	if j.f.Files != nil {
		file, err := j.f.Files(len(j.windows))
		if err != nil {
			return nil, err
		}
		with.File = file
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	s, err := openSweep(&o, with)
	if err != nil {
		return nil, err
	}
	s.with.Keep, s.blind = 1, true
	r, err := s.run()
	if err != nil || len(r.Best) == 0 {
		return nil, err
	}
	return &r.Best[0], nil
}

// closed is an outcome in which all that is held is sold at the last close.
func (a *account) closed(out outcome) ([]report.Trade, report.Curve, decimal.Decimal) {
	last := a.days.len() - 1
	trades := slices.Clone(out.trades)
	points := make([]report.Point, out.curve.Len())
	for i := range points {
		points[i] = out.curve.At(i)
	}
	end := &points[len(points)-1]
	for _, l := range a.legs {
		var held int64
		for _, t := range out.trades {
			switch {
			case t.Symbol != l.tape.of.Symbol:
			case t.Side == broker.Buy:
				held += t.Shares
			default:
				held -= t.Shares
			}
		}
		if held == 0 {
			continue
		}
		i, _ := l.tape.bar(last)
		t := report.Trade{
			Strategy: l.rule.Name, Symbol: l.tape.of.Symbol, Side: broker.Sell, Date: a.days.dates[last],
			Price: decimal.New(l.tape.bars.Close[i], -l.tape.bars.Scale), Shares: held, Reason: windowEnd,
		}
		t.Fee, t.Tax = a.o.fee(t.Value()), a.o.tax(t.Value(), l.tape.of, a.days.settles(last))
		end.Cash = end.Cash.Add(t.Value()).Sub(t.Fee).Sub(t.Tax)
		trades = append(trades, t)
	}
	end.Equity = end.Cash
	return trades, report.CurveOfPoints(points), end.Equity
}
