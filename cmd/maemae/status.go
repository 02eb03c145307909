package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

// Status is the daemon on one screen: from the running daemon, or from its journal when none runs.
type Status struct {
	Running  bool            `json:"running"`
	Now      time.Time       `json:"now,omitzero"`
	Env      string          `json:"env"`
	Account  string          `json:"account"`
	Mode     journal.Mode    `json:"mode"`
	Reason   string          `json:"reason"`
	Detail   string          `json:"detail,omitempty"`
	Session  string          `json:"session,omitempty"`
	Next     []NextSlot      `json:"next,omitempty"`
	Rules    journal.Rules   `json:"rules"`
	Cash     decimal.Decimal `json:"cash"`
	Equity   decimal.Decimal `json:"equity"`
	Read     time.Time       `json:"read,omitzero"` // when cash and equity were read
	Date     market.Date     `json:"date"`          // newest trade date, of which realised and orders are
	Realised decimal.Decimal `json:"realised"`      // after costs
	Orders   int             `json:"orders_today"`  // sent on that date
	Working  []WorkingOrder  `json:"working"`
	Holdings []Held          `json:"holdings"`
	Seq      int64           `json:"seq"`
}

// NextSlot is when a strategy looks next.
type NextSlot struct {
	Job string    `json:"job"`
	Due time.Time `json:"due"`
}

// WorkingOrder is an order that is not final.
type WorkingOrder struct {
	ID     string        `json:"id"`
	Order  broker.Order  `json:"order"`
	Phase  journal.Phase `json:"phase"`
	Number string        `json:"number,omitempty"`
	Filled int64         `json:"filled"`
	Sent   time.Time     `json:"sent"`
}

// Held is what one strategy holds of one symbol.
type Held struct {
	Strategy     string          `json:"strategy"`
	Symbol       market.Symbol   `json:"symbol"`
	Name         string          `json:"name,omitempty"`
	Shares       int64           `json:"shares"`
	AveragePrice decimal.Decimal `json:"average_price"`
	Price        decimal.Decimal `json:"price"` // as the broker last valued it
	Value        decimal.Decimal `json:"value"`
	Profit       decimal.Decimal `json:"profit"` // unrealised, before costs
	Return       string          `json:"return"` // percent, two decimals
	High         decimal.Decimal `json:"high"`
	Since        market.Date     `json:"since"`
}

// bookStatus is what the journal alone knows.
func bookStatus(b *journal.Book) Status {
	st := b.State()
	s := Status{Env: b.Start().Env, Account: b.Start().Account, Mode: st.Mode, Reason: st.Reason, Detail: st.Detail, Rules: b.Rules(), Date: b.Date(), Realised: b.Realised(b.Date()), Orders: b.Sent(b.Date(), ""), Seq: b.Seq(), Working: []WorkingOrder{}, Holdings: held(b)}
	if a, ok := b.Account(); ok {
		s.Cash, s.Equity, s.Read = a.Cash, a.Equity, a.At
	}
	for _, o := range b.Working("") {
		s.Working = append(s.Working, WorkingOrder{ID: o.Intent.ID, Order: o.Intent.Order, Phase: o.Phase, Number: o.ID.Number, Filled: o.Filled, Sent: o.Sent})
	}
	return s
}

func held(b *journal.Book) []Held {
	out := []Held{}
	account, _ := b.Account()
	for _, h := range b.Holdings() {
		at := account.Holding(h.Symbol)
		x := Held{Strategy: h.Strategy, Symbol: h.Symbol, Name: orDefault(at.Name, market.Known(h.Symbol).Name), Shares: h.Shares, AveragePrice: h.AveragePrice, Price: at.Price, High: h.High, Since: h.Since}
		if x.Price.Sign() > 0 {
			x.Value = x.Price.Mul(decimal.NewFromInt(h.Shares))
			x.Profit = unrealised(h, account)
			x.Return = x.Price.Div(h.AveragePrice).Sub(decimal.NewFromInt(1)).Shift(2).StringFixed(2)
		}
		out = append(out, x)
	}
	return out
}

func orDefault(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// installed is the state directory of the systemd unit.
const installed = "/var/lib/maemae"

// place is where a daemon's state is, found the way the daemon finds it.
type place struct {
	cfg     Config
	state   string
	journal string
	socket  string
}

// findPlace reads the configuration; credentials only name the state directory and may be missing when --state names
// it.
func findPlace(c *cobra.Command) (place, error) {
	state, err := c.Flags().GetString("state")
	if err != nil {
		return place{}, err
	}
	p := place{cfg: defaults(), state: state}
	if state == "" {
		cfg, keys, err := loadSetup(c)
		switch _, there := os.Stat(filepath.Join(installed, "journal.db")); {
		case err == nil:
			p.cfg, p.state = cfg, cfg.stateDir(alias(keys.Account))
		case there == nil && errors.Is(err, errNoCredentials):
			p.cfg, p.state = cfg, installed // systemd has the keys; the journal is where its unit keeps it
		default:
			return place{}, err
		}
	}
	p.journal, p.socket = filepath.Join(p.state, "journal.db"), socketPath(p.state)
	return p, nil
}

// stateFlag lets the reading commands find a journal without a configuration.
func stateFlag(c *cobra.Command) *cobra.Command {
	c.Flags().String("state", "", "state directory (default: as the configuration says)")
	return c
}

// read opens the journal for reading; a daemon may be writing it.
func (p place) read() (*journal.Journal, error) { return p.readTelling(nil) }

// readTelling is read, where a walk over all entries tells how far it is.
func (p place) readTelling(progress func(done, all int)) (*journal.Journal, error) {
	if _, err := os.Stat(p.journal); errors.Is(err, os.ErrNotExist) {
		return nil, hinted(fmt.Errorf("no journal in %s", p.state), "has the daemon run? maemae run, or --state DIR")
	}
	return journal.Open(p.journal, journal.Options{Now: time.Now, ReadOnly: true, Progress: progress})
}

// withJournal opens the journal of the place that flags and configuration name, for a command that only reads.
func withJournal(do func(c *cobra.Command, args []string, j *journal.Journal) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p, err := findPlace(c)
		if err != nil {
			return err
		}
		j, err := p.read()
		if err != nil {
			return err
		}
		defer j.Close()
		return do(c, args, j)
	}
}

func statusCommand() *cobra.Command {
	var asJSON, watch bool
	var each time.Duration
	c := &cobra.Command{
		Use:   "status [--watch]",
		Short: "the daemon on one screen: mode, next slots, orders, positions, cash",
		Long: `status asks the running daemon, or reads its journal when none runs. With --watch a terminal's screen is drawn again and
again until Ctrl-C, cut to its size; without a terminal each change is printed below the one before.`,
		Example: `  maemae status --watch
  maemae status --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if watch {
				return p.watchStatus(c.Context(), c.OutOrStdout(), each, asJSON)
			}
			s, err := p.status(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), s)
			}
			return printStatus(c.OutOrStdout(), s)
		},
	}
	f := c.Flags()
	f.BoolVar(&watch, "watch", false, "go on until Ctrl-C")
	f.DurationVar(&each, "every", 2*time.Second, "with --watch, how often to look: 250ms or more")
	f.BoolVar(&asJSON, "json", false, "print JSON; with --watch an object a line")
	return stateFlag(c)
}

func (p place) status(ctx context.Context) (Status, error) {
	var s Status
	err := ask(ctx, p.socket, http.MethodGet, "/status", nil, &s)
	if err == nil || !errors.Is(err, errNoDaemon) {
		return s, err
	}
	j, err := p.read()
	if err != nil {
		return s, err
	}
	defer j.Close()
	return bookStatus(j.Book()), nil
}

func printStatus(w io.Writer, s Status) error {
	running := "not running"
	if s.Running {
		running = "running"
	}
	reason := strings.TrimSpace(s.Reason + " " + s.Detail)
	fmt.Fprintf(w, "maemae    %s, %s (%s)\n", running, s.Mode, reason)
	fmt.Fprintf(w, "account   %s %s\n", s.Env, s.Account)
	if !s.Now.IsZero() {
		fmt.Fprintf(w, "now       %s, session %s\n", kst(s.Now), s.Session)
	}
	fmt.Fprintf(w, "rules     %s %s: %s\n", s.Rules.File, short(s.Rules.Hash), strings.Join(s.Rules.Names, ", "))
	for _, n := range s.Next {
		fmt.Fprintf(w, "next      %s %s\n", kst(n.Due), n.Job)
	}
	if !s.Read.IsZero() {
		fmt.Fprintf(w, "cash      %s won, equity %s won (read %s)\n", grouped(s.Cash), grouped(s.Equity), kst(s.Read))
	}
	fmt.Fprintf(w, "orders    %d, realised %s won, on %s\n", s.Orders, grouped(s.Realised), s.Date)
	fmt.Fprintf(w, "journal   entry %d\n\n", s.Seq)
	if len(s.Working) > 0 {
		t := newTable("order", "phase", "?number", ">filled", "=sent")
		for _, o := range s.Working {
			t.add(o.Order.String(), string(o.Phase), o.Number, fmt.Sprint(o.Filled), kst(o.Sent))
		}
		if err := t.print(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return printHeld(w, s.Holdings)
}

func printHeld(w io.Writer, list []Held) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no positions")
		return err
	}
	t := newTable("strategy", "=symbol", "?name", ">shares", ">average", "?>price", ">value", ">profit", ">return", "?=since")
	for _, h := range list {
		ret := "-"
		if h.Return != "" {
			ret = h.Return + "%"
		}
		t.add(h.Strategy, string(h.Symbol), h.Name, groupedInt(h.Shares), grouped(h.AveragePrice.Round(2)), grouped(h.Price), grouped(h.Value), grouped(h.Profit.Round(0)), ret, h.Since.String())
	}
	return t.print(w)
}

func kst(t time.Time) string { return t.In(market.KST).Format("2006-01-02 15:04:05") }
