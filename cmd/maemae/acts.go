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
	var strategy, price, why string
	c := &cobra.Command{
		Use:     "adopt SYMBOL SHARES --strategy NAME --price WON",
		Short:   "give a strategy shares that the account holds and no strategy owns",
		Example: "  maemae adopt 005930 10 --strategy golden-cross --price 71200",
		Args:    cobra.ExactArgs(2),
	}
	c.Flags().StringVar(&strategy, "strategy", "", "whose lots they become")
	c.Flags().StringVar(&price, "price", "", "what a share cost, won")
	c.Flags().StringVar(&why, "why", "", "why, for the journal")
	return stateFlag(operate(c, "adopt", &strategy, &price, &why, "adopted"))
}

func releaseCommand() *cobra.Command {
	var strategy, price, why string
	c := &cobra.Command{
		Use:     "release SYMBOL SHARES --strategy NAME",
		Short:   "take shares out of a strategy; the account keeps them",
		Example: "  maemae release 005930 10 --strategy golden-cross",
		Args:    cobra.ExactArgs(2),
	}
	c.Flags().StringVar(&strategy, "strategy", "", "whose lots they are")
	c.Flags().StringVar(&why, "why", "", "why, for the journal")
	return stateFlag(operate(c, "release", &strategy, &price, &why, "released"))
}

func adjustCommand() *cobra.Command {
	var strategy, price, why string
	c := &cobra.Command{
		Use:   "adjust SYMBOL SHARES [--strategy NAME] [--price WON]",
		Short: "set shares and average price after a split, rights issue or manual trade",
		Long:  "adjust sets what a strategy holds of a symbol. Without --strategy it sets what the account holds that no strategy owns.",
		Args:  cobra.ExactArgs(2),
	}
	c.Flags().StringVar(&strategy, "strategy", "", "whose position; empty: nobody's")
	c.Flags().StringVar(&price, "price", "", "average price after it, won")
	c.Flags().StringVar(&why, "why", "", "why, for the journal")
	return stateFlag(operate(c, "adjust", &strategy, &price, &why, "adjusted"))
}

// operate makes a correction of the book out of SYMBOL SHARES and flags.
func operate(c *cobra.Command, name string, strategy, price, why *string, word string) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := market.ParseSymbol(args[0])
		if err != nil {
			return usageError{err}
		}
		shares, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil || shares < 0 || shares == 0 && name != "adjust" {
			return usagef("%q is no number of shares", args[1])
		}
		o := journal.Operator{Act: name, Strategy: *strategy, Symbol: s, Shares: shares, Why: *why}
		if *strategy == "" && name != "adjust" {
			return usagef("--strategy is missing")
		}
		if *price != "" {
			if o.Price, err = decimal.NewFromString(*price); err != nil || o.Price.Sign() <= 0 {
				return usagef("--price %q is no price", *price)
			}
		} else if name == "adopt" {
			return usagef("--price is missing: what did a share cost?")
		}
		p, err := findPlace(c)
		if err != nil {
			return err
		}
		err = act(c.Context(), p, "/operate", o, func(by string) journal.Body { o.By = by; return o })
		return done(c, err, fmt.Sprintf("%s: %s %d %s", word, *strategy, shares, s))
	}
	return c
}

func done(c *cobra.Command, err error, text string) error {
	if err == nil {
		fmt.Fprintln(c.OutOrStdout(), text)
	}
	return err
}
