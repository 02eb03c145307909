package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/broker/kis"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

const (
	diskReserve = 64 << 20         // bytes free, so that an outcome can always be written down
	clockSlack  = 2 * time.Second  // between KIS's clock and ours
	askPatience = 30 * time.Second // for one question to KIS
)

// Finding is what one examination came to.
type Finding struct {
	What   string `json:"what"`
	State  string `json:"state"` // ok, warning, failed, skipped
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// skipped is an examination that does not apply here, and why.
type skipped string

func (s skipped) Error() string { return string(s) }

// warning is what a person should see to, and does not stop trading.
type warning struct{ error }

func (w warning) Unwrap() error { return w.error }

// examination is one question of the doctor.
type examination struct {
	what string
	ask  func(ctx context.Context) (detail string, err error)
}

func doctorCommand() *cobra.Command {
	var asJSON bool
	var clock string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "is everything as it must be before the session? asks, changes nothing",
		Long: `doctor looks at files and their owners, the disk, the KILL file, the age of the app key, the journal and the limits, and asks KIS each question
that the daemon asks in a session: token, clock, balance, orders, buying power, prices, bars, holidays. An answer whose
fields or codes are not as expected fails. It sends no order, and exits 1 when something failed.`,
		Example: "  maemae doctor",
		RunE: func(c *cobra.Command, _ []string) error {
			found, err := examine(c, clock)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), found)
			} else {
				err = printFindings(c.OutOrStdout(), found)
			}
			return errors.Join(err, verdict(found))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&clock, "clock", "wall", "wall, or sim: the simulator's own clock")
	return c
}

func verdict(found []Finding) error {
	n := 0
	for _, f := range found {
		if f.State == "failed" {
			n++
		}
	}
	if n > 0 {
		return hinted(fmt.Errorf("doctor: %d of %d failed", n, len(found)), "nothing should be traded before they are ok; docs/RUNBOOK.md")
	}
	return nil
}

func printFindings(w io.Writer, found []Finding) error {
	t := newTable("", "examined", "")
	for _, f := range found {
		t.add(f.State, f.What, f.Detail)
		if f.Hint != "" {
			t.add("", "", "hint: "+f.Hint)
		}
	}
	return t.print(w)
}

// examine asks everything that can be asked with what is there.
func examine(c *cobra.Command, clock string) ([]Finding, error) {
	ctx := c.Context()
	cfg, keys, err := loadSetup(c)
	if errors.Is(err, errNoCredentials) {
		found := inquire(ctx, append(atHome(cfg, keys), withinLimits(cfg)))
		return append(found, Finding{What: "credentials", State: "skipped", Detail: "no credentials: KIS was not asked", Hint: hintOf(err)}), nil
	}
	if err != nil {
		return nil, err
	}
	wall, err := chooseClock(ctx, clock, cfg)
	if err != nil {
		return nil, err
	}
	found := inquire(ctx, atHome(cfg, keys))
	d, err := newDaemon(cfg, keys, parts{log: zap.NewNop(), clock: wall, lookOnly: true})
	if err != nil {
		return append(found, finding("daemon", "", err)), nil
	}
	defer d.close()
	return append(found, inquire(ctx, append(d.inBooks(), d.atKIS()...))...), nil
}

func inquire(ctx context.Context, list []examination) []Finding {
	out := make([]Finding, 0, len(list))
	for _, x := range list {
		bounded, stop := context.WithTimeout(ctx, askPatience)
		detail, err := x.ask(bounded)
		stop()
		out = append(out, finding(x.what, detail, err))
	}
	return out
}

func finding(what, detail string, err error) Finding {
	var why skipped
	var soon warning
	switch {
	case errors.As(err, &soon):
		return Finding{What: what, State: "warning", Detail: err.Error(), Hint: hintOf(err)}
	case errors.As(err, &why):
		return Finding{What: what, State: "skipped", Detail: string(why)}
	case err != nil:
		return Finding{What: what, State: "failed", Detail: strings.ReplaceAll(err.Error(), "\n", "; "), Hint: hintOf(err)}
	}
	return Finding{What: what, State: "ok", Detail: detail}
}

// atHome are questions about files.
func atHome(cfg Config, keys credentials) []examination {
	state, who := cfg.stateDir(alias(keys.Account)), fmt.Sprintf(", account %s, keys from %s", keys.Account, keys.From)
	if keys.From == "" {
		who = ""
	}
	return []examination{
		{"configuration", func(context.Context) (string, error) {
			return fmt.Sprintf("%s, env %s%s", orDefault(cfg.path, "defaults"), cfg.Env, who), nil
		}},
		{"strategies", func(context.Context) (string, error) {
			f, problems := loadRules(cfg.Strategies)
			if f == nil {
				return "", problems
			}
			return fmt.Sprintf("%d in %s", len(f.Strategies), cfg.Strategies), nil
		}},
		{"state directory", func(context.Context) (string, error) { return state, owned(state) }},
		{"disk", func(context.Context) (string, error) { return roomy(state) }},
		{"KILL file", func(context.Context) (string, error) {
			if _, err := os.Stat(state + "/journal.db"); errors.Is(err, os.ErrNotExist) {
				return "", skipped("no journal yet")
			}
			if why, set := journal.Killed(state); set {
				return "", hinted(fmt.Errorf("set: %s", why), "maemae arm")
			}
			return "clear", nil
		}},
	}
}

// owned demands a directory of ours that nobody else can enter; one that is not there yet will be made so.
func owned(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return skipped("not there yet: maemae run makes " + dir)
	}
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && os.Geteuid() != 0 {
		return fmt.Errorf("%s belongs to uid %d, this is uid %d", dir, st.Uid, os.Geteuid())
	}
	return privateDir(dir)
}

func roomy(dir string) (string, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); errors.Is(err, os.ErrNotExist) {
		return "", skipped("no state directory yet")
	} else if err != nil {
		return "", fmt.Errorf("free space of %s: %w", dir, err)
	}
	free := fs.Bavail * uint64(fs.Bsize)
	detail := fmt.Sprintf("%d MiB free", free>>20)
	if free < diskReserve {
		return "", fmt.Errorf("%s, want %d MiB", detail, diskReserve>>20)
	}
	return detail, nil
}

// withinLimits asks whether the limits are there and hold.
func withinLimits(cfg Config) examination {
	return examination{"limits", func(context.Context) (string, error) {
		l := limits(cfg)
		gate, err := risk.New(l)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d refuse an order beyond them", len(gate.Trials())), errors.Join(l.Check(), tried(gate))
	}}
}

// inBooks are questions about limits, calendar and journal.
func (d *daemon) inBooks() []examination {
	return []examination{
		withinLimits(d.cfg),
		{"app key", d.youngKey},
		{"journal", func(context.Context) (string, error) {
			b := d.journal.Book()
			if st := b.State(); st.Mode == journal.ModeHalted || st.Mode == journal.ModeKilled {
				return "", hinted(fmt.Errorf("%s: %s %s", st.Mode, st.Reason, st.Detail), "docs/RUNBOOK.md has a section for each reason")
			}
			for _, m := range b.Mismatches() {
				return "", hinted(fmt.Errorf("%s: the broker held %d shares, the book %d", m.Symbol, m.Broker, m.Expected), "maemae adopt, release or adjust")
			}
			if d.cfg.Env == "real" && !b.Armed() {
				return "", hinted(errors.New("never armed for real money"), "maemae arm, once")
			}
			return fmt.Sprintf("%d entries, %d orders open", b.Seq(), len(b.Working(""))), nil
		}},
		{"calendar", func(context.Context) (string, error) {
			now := d.clock.Now()
			s, err := d.cal.NextSession(market.DateOf(now).Add(-1))
			if err != nil {
				return "", err
			}
			if !s.Confirmed {
				return "", hinted(fmt.Errorf("the next session, %s, is not confirmed", s.Date), "confirm it under calendar: in config.yaml, or update maemae")
			}
			return fmt.Sprintf("next session %s, %s to %s", s.Date, s.Open.Format("15:04"), s.Close.Format("15:04")), nil
		}},
	}
}

const probe market.Symbol = "005930" // the one symbol that is always there

// atKIS are the questions that a session asks of KIS. The decoders are strict: an answer with a field that is missing or
// odd is no answer.
func (d *daemon) atKIS() []examination {
	today := func() market.Date { return market.DateOf(d.clock.Now()) }
	return []examination{
		{"inquire-balance", func(ctx context.Context) (string, error) {
			a, err := d.kis.Account(ctx)
			return fmt.Sprintf("equity %s KRW, %d holdings", grouped(a.Equity), len(a.Holdings)), err
		}},
		{"clock", func(context.Context) (string, error) {
			off := d.kis.Offset()
			if off.Abs() > clockSlack {
				return "", hinted(fmt.Errorf("KIS's clock is %s from ours", off), "is the time of this machine synchronised?")
			}
			return fmt.Sprintf("KIS's is %s from ours", off.Round(10*time.Millisecond)), nil
		}},
		{"inquire-daily-ccld", func(ctx context.Context) (string, error) {
			o, err := d.kis.Orders(ctx, today())
			return fmt.Sprintf("%d orders on %s", len(o.Rows), today()), err
		}},
		{"inquire-psbl-order", func(ctx context.Context) (string, error) {
			p, err := d.kis.Power(ctx, probe)
			return fmt.Sprintf("%s KRW without credit", grouped(p.Cash)), err
		}},
		{"inquire-price", func(ctx context.Context) (string, error) {
			q, err := d.kis.Quote(ctx, probe)
			return fmt.Sprintf("%s at %s KRW", probe, grouped(q.Price)), err
		}},
		{"inquire-daily-itemchartprice", func(ctx context.Context) (string, error) {
			bars, _, err := d.kis.Daily(ctx, probe, today().Add(-14), today())
			if err == nil && len(bars) == 0 {
				err = errors.New("no bar in two weeks")
			}
			return fmt.Sprintf("%d bars in two weeks", len(bars)), err
		}},
		{"chk-holiday", func(ctx context.Context) (string, error) {
			days, err := d.kis.Holidays(ctx, today())
			if errors.Is(err, kis.ErrNotOffered) {
				return "", skipped("this environment has none; the built-in calendar counts")
			}
			for _, x := range days {
				if _, closed := d.cal.Session(x.Date); (closed == nil) != x.Open && err == nil {
					err = fmt.Errorf("on %s ours is %s, KIS's %s", x.Date, openOrClosed(closed == nil), openOrClosed(x.Open))
				}
			}
			return fmt.Sprintf("%d days agree", len(days)), err
		}},
	}
}
