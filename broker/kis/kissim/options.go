package kissim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// The accounts of a simulator that nobody named one for, and the one that any key may use and that never has the right
// to order.
const (
	defaultAccount  = "50012345-01"
	noOrdersAccount = "50099999-01"
)

// Options make a simulator; the zero Options are a virtual one on a synthetic market.
type Options struct {
	Env  string // "virtual" (default) or "real": whose TR ids, codes, page sizes and limits
	Data string // folder of CSV files; empty: a synthetic market
	Raw  bool   // the CSV prices are as traded, not adjusted
	// Seed and Symbols make the synthetic market: 005930, 000660 and Symbols more.
	Seed    uint64
	Symbols int
	Start   time.Time       // of the market's clock; zero: 10:00 of the last session in the data
	Clock   Clock           // Real (default) or Stepped
	Cash    decimal.Decimal // won in each account; zero: 100,000,000
	Costs   market.Costs    // zero: those of KIS
	// AppKey and AppSecret are the only good pair; both empty: any pair is good, and a made-up one is announced.
	AppKey, AppSecret string
	Account           string           // empty: 50012345-01
	NoOrders          []string         // further accounts without the right to order, besides 50099999-01
	Rate              int              // calls a second of one app key; 0: the environment's; below 0: no limit
	TokenEvery        time.Duration    // between two tokenP calls; 0: a minute; below 0: no limit
	Calendar          *market.Calendar // nil: KRX
	Faults            Script           // what goes wrong; none: nothing
}

// complete fills in what was left open and refuses what cannot be.
func (o Options) complete() (Options, bool, error) {
	o.Env = cmp.Or(o.Env, envVirtual)
	o.Clock = cmp.Or(o.Clock, Real)
	o.Account = cmp.Or(o.Account, defaultAccount)
	o.TokenEvery = cmp.Or(o.TokenEvery, tokenEvery)
	o.NoOrders = append([]string{noOrdersAccount}, o.NoOrders...)
	slices.Sort(o.NoOrders)
	o.NoOrders = slices.Compact(o.NoOrders)
	if o.Calendar == nil {
		o.Calendar = market.KRX()
	}
	if o.Costs == (market.Costs{}) {
		o.Costs = market.DefaultCosts()
	}
	if o.Cash.IsZero() {
		o.Cash = won(100_000_000)
	}
	openKeys := o.AppKey == "" && o.AppSecret == ""
	if openKeys {
		o.AppKey = madeUp(map[string]string{envVirtual: virtualKeyMark, envReal: "PSRL"}[o.Env], 36)
		o.AppSecret = madeUp("", 180)
	}
	switch {
	case o.Env != envReal && o.Env != envVirtual:
		return o, false, fmt.Errorf("env %q: want virtual or real", o.Env)
	case o.Clock != Real && o.Clock != Stepped:
		return o, false, fmt.Errorf("clock %q: want real or stepped", o.Clock)
	case o.AppKey == "" || o.AppSecret == "":
		return o, false, errors.New("app key and app secret are given together or not at all")
	case o.Cash.Sign() < 0 || !o.Cash.IsInteger() || o.Cash.GreaterThan(maxCash):
		return o, false, fmt.Errorf("cash %s: want whole won from 0 to %s", o.Cash, maxCash)
	}
	for _, a := range append([]string{o.Account}, o.NoOrders...) {
		if _, _, ok := splitAccount(a); !ok {
			return o, false, fmt.Errorf("account %q: want 8 digits, a dash and 2 digits such as %s", a, defaultAccount)
		}
	}
	return o, openKeys, nil
}

// maxCash keeps every sum of won far from the end of an int64.
var maxCash = decimal.New(1, 15)

func (o Options) feed() (*feed, time.Time, error) {
	if o.Data != "" {
		f, err := newCSV(o.Data, o.Raw)
		if err != nil {
			return nil, o.Start, err
		}
		if o.Start.IsZero() {
			o.Start = f.end.At(10, 0)
		}
		return f, o.Start, nil
	}
	if o.Start.IsZero() {
		o.Start = syntheticEnd.At(10, 0)
	}
	f, err := newSynthetic(o.Seed, o.Symbols, market.DateOf(o.Start), o.Calendar)
	return f, o.Start, err
}

func (s *Server) rate() int {
	switch {
	case s.options.Rate != 0:
		return s.options.Rate
	case s.options.Env == envReal:
		return realRate
	}
	return virtualRate
}

// splitAccount takes 50012345-01 apart.
func splitAccount(a string) (number, product string, ok bool) {
	number, product, ok = strings.Cut(a, "-")
	return number, product, ok && digits(number, 8) && digits(product, 2)
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }
