package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/dashboard"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

func TestTheResultIsTheAccountsOwnToTheWonOnEveryDate(t *testing.T) {
	t.Parallel()
	j, _ := recorded(t)
	l, err := readLedger(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	days := l.sum([]string{"day"}, period{})
	if len(days.Rows) != 2 {
		t.Fatalf("%d days", len(days.Rows))
	}
	for _, r := range append(days.Rows, days.Total) {
		if r.Change == nil || !r.Change.Equal(r.Result) {
			t.Errorf("%s: result %s, the account moved %s", r.Day, r.Result, groupedOr(r.Change))
		}
		if r.Fills == 0 || r.Fee.Sign() <= 0 {
			t.Errorf("%s: %d fills, fee %s: too little to judge", r.Day, r.Fills, r.Fee)
		}
	}
	if today := l.sum([]string{"day"}, period{from: j.Book().Date()}).Total; !today.Realised.Sub(today.Fee).Sub(today.Tax).Equal(j.Book().Realised(j.Book().Date())) {
		t.Errorf("the last date: %s less %s and %s, the book has %s", today.Realised, today.Fee, today.Tax, j.Book().Realised(j.Book().Date()))
	}
}

func TestEveryWayToGroupHasTheSameTotalAndItsRowsAddUp(t *testing.T) {
	t.Parallel()
	j, _ := recorded(t)
	l, err := readLedger(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	dates := l.sum([]string{"day"}, period{})
	for _, span := range []period{{}, {from: dates.To}, {to: dates.From}} {
		want := l.sum([]string{"day"}, span).Total
		for _, by := range []string{"strategy", "symbol", "day", "month", "symbol,strategy", "month,strategy,symbol,day"} {
			keys, err := pnlKeys(by)
			if err != nil {
				t.Fatal(err)
			}
			got := l.sum(keys, span)
			var sum PnLRow
			for _, r := range got.Rows {
				sum.add(r)
			}
			if !got.Total.Result.Equal(want.Result) || !sum.Result.Equal(want.Result) || sum.Fills != want.Fills || !sum.Sold.Equal(want.Sold) {
				t.Errorf("by %s of %v: rows add up to %+v, total %s, by day %s", by, span, sum, got.Total.Result, want.Result)
			}
		}
	}
}

func TestProfitAndLossArePositionsAndDashboardOnceMore(t *testing.T) {
	t.Parallel()
	j, dir := recorded(t)
	agree(t, j, dir)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	account, _ := j.Book().Account()
	j, err := journal.Open(filepath.Join(dir, "journal.db"), journal.Options{Now: func() time.Time { return account.At }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	h := j.Book().Holdings()
	if len(h) < 2 {
		t.Fatalf("%d holdings", len(h))
	}
	_, err = j.Append(
		journal.Operator{Act: "release", Strategy: h[0].Strategy, Symbol: h[0].Symbol, Shares: h[0].Shares, By: "a person"},
		journal.Operator{Act: "adopt", Strategy: h[0].Strategy, Symbol: h[0].Symbol, Shares: 1, Price: h[0].AveragePrice.Round(0), By: "a person"},
		journal.Operator{Act: "adjust", Strategy: h[1].Strategy, Symbol: h[1].Symbol, Shares: 2 * h[1].Shares, Price: h[1].AveragePrice.DivRound(decimal.NewFromInt(2), 0), By: "a person"},
	)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, j, dir)
}

// agree holds pnl against the positions and the dashboard's results.
func agree(t *testing.T, j *journal.Journal, dir string) {
	t.Helper()
	l, err := readLedger(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	profit := map[string]decimal.Decimal{}
	for _, h := range held(j.Book()) {
		profit[h.Strategy] = profit[h.Strategy].Add(h.Profit)
	}
	page := strategiesPage(t, j, dir)
	rows := l.sum([]string{"strategy"}, period{}).Rows
	if len(rows) < 2 {
		t.Fatalf("%d strategies", len(rows))
	}
	for _, r := range rows {
		if !r.Unrealised.Equal(profit[r.Strategy]) {
			t.Errorf("%s: unrealised %s, its positions %s", r.Strategy, r.Unrealised, profit[r.Strategy])
		}
		_, rest, found := strings.Cut(page, `id="result-`+r.Strategy+`"`)
		section, _, _ := strings.Cut(rest, `id="runs-`)
		var shown []string
		for _, m := range regexp.MustCompile(`<strong[^>]*>([^<]*)<`).FindAllStringSubmatch(section, -1) {
			shown = append(shown, strings.NewReplacer(",", "", "−", "-", "+", "").Replace(html.UnescapeString(m[1])))
		}
		want := []string{r.Result.Round(0).String(), decimal.NewFromInt(int64(r.Fills)).String(), r.Bought.String(), r.Sold.String(), r.Fee.Add(r.Tax).String()}
		if !found || len(shown) < len(want) || strings.Join(shown[:len(want)], " ") != strings.Join(want, " ") {
			t.Errorf("%s: the dashboard shows %v, pnl %v", r.Strategy, shown, want)
		}
	}
}

// strategiesPage is the dashboard's page over the recording.
func strategiesPage(t *testing.T, j *journal.Journal, dir string) string {
	t.Helper()
	rules, problems := parseRules("demo.yaml", []byte(demoRules), ".")
	if rules == nil {
		t.Fatal(problems)
	}
	store, err := history.Open(filepath.Join(dir, "history"), market.KRX())
	if err != nil {
		t.Fatal(err)
	}
	account, _ := j.Book().Account()
	srv := httptest.NewUnstartedServer(nil)
	token := strings.Repeat("0", 64)
	srv.Config.Handler, err = dashboard.New(t.Context(), dashboard.Options{
		Journal: j, Bars: store.Load, Rules: func() *strategy.File { return rules }, Calendar: market.KRX(), Name: func(market.Symbol) string { return "" },
		Token: token, Hosts: []string{srv.Listener.Addr().String()}, Now: func() time.Time { return account.At }, Wall: time.Now, Every: every,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	var text []byte
	for _, url := range []string{"/login?token=" + token, "/strategies"} {
		res, err := client.Get(srv.URL + url)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = io.ReadAll(res.Body); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	return string(text)
}
