package risk

import (
	"slices"
	"testing"
	"time"

	"maemae/broker"
	"maemae/market"
)

func TestEveryLimitInForceRefusesItsTrial(t *testing.T) {
	wide := Practice()
	wide.CoolDown, wide.Symbols = time.Hour, []market.Symbol{samsung}
	wide.Marks, wide.OrderShares, wide.Probation, wide.StrategyOrdersPerDay = []market.Mark{market.Interrupted}, 5, true, 7
	wide.StrategyValue, wide.TotalValue, wide.Turnover = dec("30000000"), dec("40000000"), dec("50000000")
	far := ceiling()
	far.Symbols = []market.Symbol{hynix, samsung}
	for name, l := range map[string]Limits{"practice": Practice(), "everything set": wide, "the ceilings": far} {
		g, err := New(l)
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		for _, trial := range g.Trials() {
			asked = append(asked, trial.Limit)
			if !trial.Refused() {
				t.Errorf("%s: the trial of %s: %v", name, trial.Limit, trial.Refusal)
			}
		}
		for _, r := range Rules() {
			optional := slices.Contains([]string{"symbols", "rejections", "cool_down", "duplicate",
				"marks", "probation", "order_shares", "volume_share", "strategy_value", "total_value", "turnover", "strategy_orders_per_day"}, r.Name)
			if r.Limit && !slices.Contains(asked, r.Name) && !(optional && name != "everything set") {
				t.Errorf("%s: %s has no trial", name, r.Name)
			}
		}
	}
}

func TestTheSoundOrderOfTheTrialsPasses(t *testing.T) {
	for name, l := range map[string]Limits{"practice": Practice(), "the ceilings": ceiling()} {
		g, err := New(l)
		if err != nil {
			t.Fatal(err)
		}
		l, r, v := g.sound()
		if no, _ := judge(checks, l, r, v); no != nil {
			t.Errorf("%s: %v", name, no)
		}
	}
}

func TestAnOverriddenOrderPassesLimitsAsFarAsTheCeilings(t *testing.T) {
	for _, c := range cells {
		for _, s := range []scene{entry()} {
			if c.only == broker.Sell || c.check == "book" || c.check == "reduce_only" || c.check == "symbols" || c.check == "drift" || c.refusal == "||unknown" {
				continue
			}
			c.spoil(&s)
			s.req.Override = true
			want := c.check
			if slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Limit && r.Name == c.check }) && s.view.Book.Priced {
				want = "pass"
			}
			if got := s.code(t); got != want {
				t.Errorf("%s overridden: %s, want %s", c.check, got, want)
			}
		}
	}
	for code, spoil := range map[string]func(*scene){
		"reduce_only": func(s *scene) { s.view.Mode = ReduceOnly },
		"book":        func(s *scene) { s.view.Book.At = time.Time{} },
		"order_value": func(s *scene) {
			s.req.Order.Shares = 20_000
			s.view.Power.Shares = 1 << 30
			s.view.Power.Cash = dec("1e15")
		},
		"market_order_value": func(s *scene) {
			s.req.Order.Shares = 5_000
			s.view.Power.Shares = 1 << 30
			s.view.Power.Cash = dec("1e15")
		},
		"drift":      func(s *scene) { s.view.Book.DriftFrom, s.view.Book.DriftTo = dec("70000"), dec("71051") },
		"daily_loss": func(s *scene) { s.view.Book.Loss = dec("1000000000") },
	} {
		s := entry()
		spoil(&s)
		s.req.Override = true
		if got := s.code(t); got != code {
			t.Errorf("beyond the ceiling of %s: %s", code, got)
		}
	}
}
