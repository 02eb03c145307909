package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/journal"
	"maemae/market"
)

// act does something to the running daemon, or, when none runs, writes it into its journal for the next start.
func act(ctx context.Context, p place, route string, in any, offline func(by string) journal.Body) error {
	err := ask(ctx, p.socket, http.MethodPost, route, in, nil)
	if !errors.Is(err, errNoDaemon) || offline == nil {
		return err
	}
	if _, err := os.Stat(p.journal); err != nil {
		return hinted(fmt.Errorf("no journal in %s", p.state), "maemae run makes it")
	}
	j, err := journal.Open(p.journal, journal.Options{Now: time.Now})
	if err != nil {
		return err
	}
	_, err = j.Append(offline(userName(os.Getuid())))
	return errors.Join(err, j.Close())
}

func haltCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:     "halt",
		Short:   "stop all new orders, exits included, until resume",
		Long:    "halt stops all new orders at once, exits included, and returns when that is on disk. Working orders stay at the broker. It also works on a daemon that is not running.",
		Example: `  maemae halt --reason "strange fills"`,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			err = act(c.Context(), p, "/halt", map[string]string{"Reason": reason}, func(by string) journal.Body {
				return journal.State{Mode: journal.ModeHalted, Reason: "operator", Detail: reason, By: by}
			})
			return done(c, err, "halted: no new order until maemae resume")
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the journal")
	return stateFlag(c)
}

func resumeCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:     "resume",
		Short:   "leave a halt, through a fresh reconciliation",
		Example: "  maemae resume",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			err = act(c.Context(), p, "/resume", struct{}{}, func(by string) journal.Body {
				return journal.State{Mode: journal.ModeReconciling, Reason: "resume", By: by}
			})
			return done(c, err, "resumed")
		},
	})
}

// armPhrase is what a person types to arm: it names what is at stake.
func armPhrase(env string) string {
	if env == "real" {
		return "trade real money"
	}
	return "trade again"
}

func armCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:   "arm [STRATEGY]",
		Short: "permit real money on this state directory, leave a kill, or enable a strategy again",
		Long: `arm is typed once for each state directory before env real trades at all, and again after each kill. It asks for words
on standard input: "trade real money", or "trade again" where no real money is at stake. With the name of a strategy it
lets that one trade again after its orders were rejected in a row.`,
		Example: "  maemae arm golden-cross",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				arm := journal.Operator{Act: "arm", Strategy: args[0]}
				err := act(c.Context(), p, "/arm", map[string]string{"Strategy": args[0]}, func(by string) journal.Body { arm.By = by; return arm })
				return done(c, err, args[0]+" may trade again")
			}
			phrase := armPhrase(p.env())
			fmt.Fprintf(c.ErrOrStderr(), "type \"%s\" to arm %s: ", phrase, p.state)
			line, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
			if err != nil && line == "" || strings.TrimSpace(line) != phrase {
				return hinted(errors.New("not armed"), `the words are "`+phrase+`"`)
			}
			err = ask(c.Context(), p.socket, http.MethodPost, "/arm", map[string]string{"Phrase": phrase}, nil)
			if errors.Is(err, errNoDaemon) {
				err = p.arm()
			}
			return done(c, err, "armed")
		},
	})
}

// env is the environment that the journal was last used with, or that of the configuration.
func (p place) env() string {
	j, err := p.read()
	if err != nil {
		return p.cfg.Env
	}
	defer j.Close()
	return orDefault(j.Book().Start().Env, p.cfg.Env)
}

// arm writes into the journal of a daemon that does not run, and then clears the KILL file.
func (p place) arm() error {
	if err := privateDir(p.state); err != nil {
		return err
	}
	j, err := journal.Open(p.journal, journal.Options{Now: time.Now})
	if err != nil {
		return err
	}
	by := userName(os.Getuid())
	entries := []journal.Body{journal.Operator{Act: "arm", By: by}}
	if j.Book().State().Mode == journal.ModeKilled {
		entries = append(entries, journal.State{Mode: journal.ModeReconciling, Reason: "armed", By: by})
	}
	_, err = j.Append(entries...)
	if err == nil {
		err = journal.Arm(p.state)
	}
	return errors.Join(err, j.Close())
}

func adoptCommand() *cobra.Command {
	c := operatorCommand("adopt", "adopted")
	c.Use = "adopt SYMBOL SHARES --strategy NAME --price WON"
	c.Short = "give a strategy shares that the account holds and no strategy owns"
	c.Example = "  maemae adopt 005930 10 --strategy golden-cross --price 71200"
	return c
}

func releaseCommand() *cobra.Command {
	c := operatorCommand("release", "released")
	c.Use = "release SYMBOL SHARES --strategy NAME"
	c.Short = "take shares out of a strategy; the account keeps them"
	c.Example = "  maemae release 005930 10 --strategy golden-cross"
	return c
}

func adjustCommand() *cobra.Command {
	c := operatorCommand("adjust", "adjusted")
	c.Use = "adjust SYMBOL SHARES [--strategy NAME] [--price WON]"
	c.Short = "set shares and average price after a split, rights issue or manual trade"
	c.Long = "adjust sets what a strategy holds of a symbol. Without --strategy it sets what the account holds that no strategy owns."
	c.Example = "  maemae adjust 005930 500 --strategy golden-cross --price 1424 --why '50:1 split'"
	return c
}

// operatorCommand is a correction of the book, made of SYMBOL SHARES and flags.
func operatorCommand(name, word string) *cobra.Command {
	var strategy, price, why string
	c := &cobra.Command{Args: cobra.ExactArgs(2), RunE: func(c *cobra.Command, args []string) error {
		o, err := correction(name, args[0], args[1], strategy, price)
		if err != nil {
			return err
		}
		o.Why = why
		p, err := findPlace(c)
		if err != nil {
			return err
		}
		err = act(c.Context(), p, "/operate", o, func(by string) journal.Body { o.By = by; return o })
		return done(c, err, fmt.Sprintf("%s: %s %d %s", word, strategy, o.Shares, o.Symbol))
	}}
	c.Flags().StringVar(&strategy, "strategy", "", "whose lots; for adjust, empty is nobody's")
	c.Flags().StringVar(&price, "price", "", "what a share cost on average, won")
	c.Flags().StringVar(&why, "why", "", "why, for the journal")
	return stateFlag(c)
}

// correction checks what a person typed.
func correction(name, symbol, count, strategy, price string) (o journal.Operator, err error) {
	o = journal.Operator{Act: name, Strategy: strategy}
	if o.Symbol, err = market.ParseSymbol(symbol); err != nil {
		return o, usageError{err}
	}
	o.Shares, err = strconv.ParseInt(count, 10, 64)
	switch {
	case err != nil || o.Shares < 0 || o.Shares == 0 && name != "adjust":
		return o, usagef("%q is no number of shares", count)
	case strategy == "" && name != "adjust":
		return o, usagef("--strategy is missing")
	case price == "" && name == "adopt":
		return o, usagef("--price is missing: what did a share cost?")
	case price == "":
		return o, nil
	}
	if o.Price, err = decimal.NewFromString(price); err != nil || o.Price.Sign() <= 0 {
		return o, usagef("--price %q is no price", price)
	}
	return o, nil
}

func done(c *cobra.Command, err error, text string) error {
	if err == nil {
		fmt.Fprintln(c.OutOrStdout(), text)
	}
	return err
}
