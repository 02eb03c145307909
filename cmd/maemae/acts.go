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

const armPhrase = "trade real money"

func armCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:   "arm",
		Short: "permit real money on this state directory, once",
		Long:  "arm is typed once for each state directory before `env: real` trades at all. It asks for the words \"" + armPhrase + "\" on standard input.",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "type \"%s\" to arm %s: ", armPhrase, p.state)
			line, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
			if err != nil && line == "" || strings.TrimSpace(line) != armPhrase {
				return hinted(errors.New("not armed"), `the words are "`+armPhrase+`"`)
			}
			if err := privateDir(p.state); err != nil {
				return err
			}
			j, err := journal.Open(p.journal, journal.Options{Now: time.Now})
			if err != nil {
				return err
			}
			_, err = j.Append(journal.Operator{Act: "arm", By: userName(os.Getuid())})
			return done(c, errors.Join(err, j.Close()), "armed")
		},
	})
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
