package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
)

const (
	watchEvery   = time.Second
	askAtMost    = 30 * time.Second // that a reload may spend on asking the new rules
	askBefore    = 10 * time.Second // kept free ahead of a slot
	adoptAtMost  = 4 * time.Minute  // that a reload waits for a running slot
	changeBytes  = 16 << 10         // of a change in words, in the journal
	answersShown = 20
)

func reloadCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "reload",
		Short: "put an edited strategies.yaml in force, and say what changed",
		Long: `reload lets the running daemon read its strategy file again, as SIGHUP does, and watch: true in config.yaml when the file
changes. The file is checked; the change is described in words, with what the changed rules would decide now; it comes into
force between two slots and is journalled with its hash. A wrong file changes nothing. maemae diff shows beforehand what
an edit would have changed.`,
		Example: "  maemae reload",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			before, err := p.newest()
			if err != nil {
				return err
			}
			if err := ask(c.Context(), p.socket, http.MethodPost, "/reload", nil, nil); errors.Is(err, errNoDaemon) {
				return hinted(err, "its next start reads the file; maemae check looks at it now")
			} else if err != nil {
				return err
			}
			r, err := p.rulesSince(c.Context(), before)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			return printReloaded(c.OutOrStdout(), r)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// Reloaded is what a reload came to.
type Reloaded struct {
	Changed bool          `json:"changed"`
	Rules   journal.Rules `json:"rules"` // in force now
}

func printReloaded(w io.Writer, r Reloaded) error {
	if !r.Changed {
		_, err := fmt.Fprintf(w, "nothing changed: %s %s stays in force\n", r.Rules.File, short(r.Rules.Hash))
		return err
	}
	_, err := fmt.Fprintf(w, "%s %s is in force\n%s\n", r.Rules.File, short(r.Rules.Hash), r.Rules.Words)
	return err
}

// newest is the number of the journal's newest entry.
func (p place) newest() (int64, error) {
	j, err := p.read()
	if err != nil {
		return 0, err
	}
	defer j.Close()
	return j.Book().Seq(), nil
}

// rulesSince are the rules in force, and whether they came after the entry.
func (p place) rulesSince(ctx context.Context, after int64) (Reloaded, error) {
	j, err := p.read()
	if err != nil {
		return Reloaded{}, err
	}
	defer j.Close()
	r := Reloaded{Rules: j.Book().Rules()}
	for _, err := range j.Entries(ctx, journal.Query{Kinds: []string{journal.Rules{}.Kind()}, After: after}) {
		if err != nil {
			return r, err
		}
		r.Changed = true
	}
	return r, nil
}

// reload reads the strategy file again and puts it in force between two slots. A wrong file changes nothing and is told.
func (d *daemon) reload(ctx context.Context, by string) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	f, problems := d.load()
	for _, p := range problems {
		d.log.Warn("strategies", zap.String("problem", p.String()))
	}
	if f == nil {
		return d.refuse(by, problems)
	}
	old := d.rulesNow()
	changes := ruleChanges(old.Strategies, f.Strategies)
	if len(changes) == 0 && f.Hash == old.Hash {
		d.log.Info("reload: nothing changed", zap.String("by", by), zap.String("hash", f.Hash))
		return nil
	}
	jobs, err := d.jobs(f)
	if err != nil {
		return err
	}
	words := d.describe(ctx, by, changes, f)
	adopted := make(chan error, 1)
	err = d.runner.Reload(jobs, func() error {
		err := d.engine.ChangeRules(f, words)
		if err == nil {
			d.mu.Lock()
			d.rules = f
			d.mu.Unlock()
		}
		adopted <- err
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adoptAtMost)
	defer cancel()
	select {
	case err := <-adopted:
		return err
	case <-ctx.Done():
		return errors.New("the file is good; it comes into force when the running slot has ended")
	}
}

// refuse tells of a wrong file, in the journal and so on every channel.
func (d *daemon) refuse(by string, problems strategy.Problems) error {
	var wrong strategy.Problems
	for _, p := range problems {
		if !p.Warning {
			wrong = append(wrong, p)
		}
	}
	text := fmt.Sprintf("reload by %s refused, the old rules stay: %s", by, wrong[0])
	if more := len(wrong) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	if _, err := d.journal.Append(journal.Note{Level: "error", Text: text}); err != nil {
		return err
	}
	return problems
}

// describe says in words what a new file changes, what it leaves without a seller, and what its rules would decide now.
func (d *daemon) describe(ctx context.Context, by string, changes []RuleChange, f *strategy.File) string {
	lines := []string{"by " + by}
	if len(changes) == 0 {
		lines = append(lines, "no rule changed")
	} else {
		lines = append(lines, changesInWords(changes))
	}
	for _, h := range d.journal.Book().Holdings() {
		if r := ruleNamed(f.Strategies, h.Strategy); r == nil || !slices.Contains(r.Symbols, h.Symbol) {
			lines = append(lines, fmt.Sprintf("%s holds %d shares of %s, which no rule sells now", h.Strategy, h.Shares, h.Symbol))
		}
	}
	text := strings.Join(append(lines, d.wouldDecide(ctx, changes, f)...), "\n")
	if len(text) > changeBytes {
		text = strings.ToValidUTF8(text[:changeBytes], "") + " …"
	}
	return text
}

// wouldDecide asks the rules that are new or changed, where that can end before the next slot.
func (d *daemon) wouldDecide(ctx context.Context, changes []RuleChange, f *strategy.File) []string {
	var rules []*strategy.Strategy
	symbols := map[market.Symbol]bool{}
	for _, c := range changes {
		if r := ruleNamed(f.Strategies, c.Name); r != nil && c.Change != "moved" {
			rules = append(rules, r)
			for _, s := range r.Symbols {
				symbols[s] = true
			}
		}
	}
	if len(rules) == 0 {
		return nil
	}
	need := time.Duration(len(symbols)) * time.Second / time.Duration(d.callsASecond())
	if left := d.untilSlot(); need > askAtMost || need+askBefore > left {
		return []string{fmt.Sprintf("what they would decide now was not asked: %d symbols take %s, and the next slot is in %s; maemae decide asks", len(symbols), need.Round(time.Second), left.Round(time.Second))}
	}
	ctx, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	account, err := d.look(ctx)
	if err != nil {
		return []string{"what they would decide now is not known: " + err.Error()}
	}
	list, err := d.engine.Ask(ctx, d.clock.Now().In(market.KST), rules, account)
	if err != nil {
		return []string{"what they would decide now is not known: " + err.Error()}
	}
	return answersInWords(list)
}

// answersInWords are the buys and sells one by one, and the holds by their reason.
func answersInWords(list []journal.Decision) []string {
	out, more := []string{}, 0
	holds := map[strategy.Reason]int{}
	var reasons []strategy.Reason
	for _, x := range list {
		switch {
		case x.Answer == strategy.Hold:
			if holds[x.Reason]++; holds[x.Reason] == 1 {
				reasons = append(reasons, x.Reason)
			}
		case len(out) == answersShown:
			more++
		default:
			out = append(out, strings.TrimSpace(fmt.Sprintf("now: %s %s %s (%s), %d shares at %s", x.Strategy, x.Answer, x.Symbol, x.Reason, x.Shares, grouped(x.Price))))
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("now: %d more", more))
	}
	for _, r := range reasons {
		out = append(out, fmt.Sprintf("now: %d hold (%s)", holds[r], r))
	}
	return out
}

// callsASecond is what KIS grants, or less where the configuration says so.
func (d *daemon) callsASecond() int {
	granted := 1
	if d.cfg.Env == "real" || d.cfg.Env == "paper" && d.cfg.Paper.Quotes == "real" {
		granted = 18
	}
	if d.cfg.KIS.Rate > 0 {
		granted = d.cfg.KIS.Rate
	}
	return granted
}

// untilSlot is how long it is to the next slot of the rules in force; a day if there is none.
func (d *daemon) untilSlot() time.Duration {
	now, left := d.clock.Now(), 24*time.Hour
	for _, r := range d.rulesNow().Strategies {
		if w, err := scheduler.ParseWhen(r.When); err == nil {
			if due, ok := w.Next(now, d.cal); ok {
				left = min(left, due.Sub(now))
			}
		}
	}
	return left
}

// onHangup reads the strategy file again on SIGHUP and, where the configuration says so, when it changed, until the
// returned function is called.
func (d *daemon) onHangup(ctx context.Context) (stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var look <-chan time.Time
	if d.cfg.Watch {
		look = every(ctx, watchEvery)
	}
	rules := watchedFiles{paths: d.ruleFiles}
	rules.changed() // as they are
	go func() {
		defer close(done)
		for {
			by := "SIGHUP"
			select {
			case <-ctx.Done():
				return
			case <-hup:
			case <-look:
				if !rules.changed() {
					continue
				}
				by = "watch"
			}
			if err := d.reload(ctx, by); err != nil {
				d.log.Error("reload refused, the old rules stay", zap.Error(err))
			}
		}
	}()
	return func() { signal.Stop(hup); cancel(); <-done }
}

// ruleFiles are the strategy file and the symbol files that the rules in force name.
func (d *daemon) ruleFiles() []string {
	out := []string{d.cfg.Strategies}
	for _, name := range d.rulesNow().Lists {
		out = append(out, filepath.Join(filepath.Dir(d.cfg.Strategies), name))
	}
	return out
}

// watchedFiles tells when files' content is another than it was, once for each content. What an editor is still writing
// differs between two looks and does not count.
type watchedFiles struct {
	paths      func() []string
	looked     bool
	last, told [sha256.Size]byte
}

func (w *watchedFiles) changed() bool {
	all := sha256.New()
	for _, path := range w.paths() {
		data, err := readBounded(path, maxRulesBytes+1)
		if err != nil {
			return false // an editor may be replacing it; a file that stays away is told when it is asked for
		}
		one := sha256.Sum256(data)
		all.Write(one[:])
	}
	sum := [sha256.Size]byte(all.Sum(nil))
	if !w.looked {
		w.looked, w.last, w.told = true, sum, sum
		return false
	}
	settled := sum == w.last
	w.last = sum
	if !settled || sum == w.told {
		return false
	}
	w.told = sum
	return true
}
