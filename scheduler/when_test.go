package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"maemae/market"
)

func mustWhen(t testing.TB, text string) When {
	t.Helper()
	w, err := ParseWhen(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", text, market.KST)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhenNamesTheMomentsOfASession(t *testing.T) {
	cal := market.KRX()
	for _, c := range []struct{ when, date, moments string }{
		{"open + 5m", "2026-01-05", "09:05"},
		{"open+5m", "2026-01-05", "09:05"},
		{"  close  -  15m ", "2026-01-05", "15:15"},
		{"close -1h30m", "2026-01-05", "14:00"},
		{"open", "2026-01-05", "09:00"},
		{"close", "2026-01-05", "15:30"},
		{"@daily", "2026-01-05", "15:15"},
		{"every 2h", "2026-01-05", "11:00 13:00 15:00"},
		{"every 65m", "2026-01-05", "10:05 11:10 12:15 13:20 14:25"},
		{"15 15 * * MON-FRI", "2026-01-05", "15:15"},
		{"15 15 * * TUE", "2026-01-05", ""},
		{"*/30 9,15 * * *", "2026-01-05", "09:00 09:30 15:00 15:30"},
		{"0 */3 * * *", "2026-01-05", "09:00 12:00 15:00"},
		{"0 8-10 5 1 *", "2026-01-05", "09:00 10:00"},

		{"open + 5m; close - 15m", "2026-01-05", "09:05 15:15"},
		{"close - 15m;open + 5m", "2026-01-05", "09:05 15:15"},
		{"every 2h; 0 13 * * *; close - 30m", "2026-01-05", "11:00 13:00 15:00"},
		{"open + 6h; 5 10 * * *", "2026-01-02", "10:05"},

		{"open + 5m", "2026-01-02", "10:05"}, // first session of the year: 10:00 to 15:30
		{"@daily", "2026-01-02", "15:15"},
		{"every 2h", "2026-01-02", "12:00 14:00"},
		{"open + 6h", "2026-01-02", ""}, // the session is an hour shorter
		{"@daily", "2026-11-19", "16:15"},
		{"open + 5m", "2026-11-19", "10:05"},
		{"every 2h", "2026-11-19", "12:00 14:00 16:00"},
		{"5 9,16 * * *", "2026-11-19", "16:05"},
		{"close - 15m", "2015-01-05", "14:45"}, // sessions ended at 15:00
	} {
		d, err := market.ParseDate(c.date)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cal.Session(d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range mustWhen(t, c.when).Moments(s) {
			if market.DateOf(m) != d {
				t.Errorf("%q on %s: moment %s", c.when, c.date, m)
			}
			got = append(got, m.In(market.KST).Format("15:04"))
		}
		if strings.Join(got, " ") != c.moments {
			t.Errorf("%q on %s: %v, want %s", c.when, c.date, got, c.moments)
		}
	}
}

func TestWhenThatCannotBeMeantIsRefusedWithAHint(t *testing.T) {
	for _, c := range []struct{ when, what, hint string }{
		{"", "empty", "close - 15m"},
		{"   ", "empty", "close - 15m"},
		{"@hourly", "only @daily", "every 1h"},
		{"@every 5m", "only @daily", "every 1h"},
		{"@midnight", "only @daily", "every 1h"},
		{"TZ=Asia/Seoul", "time zone", "KST"},
		{"CRON_TZ=Asia/Seoul", "time zone", "KST"},
		{"CRON_TZ=UTC 15 15 * * *", "time zone", "KST"},
		{"open - 5m", "outside the session", "open + 5m"},
		{"close + 5m", "outside the session", "close - 15m"},
		{"close +- 5m", "outside the session", "close - 15m"},
		{"close - -5m", "outside the session", "close - 15m"},
		{"open + 6h31m", "outside the session", "6h30m"},
		{"close - 24h", "outside the session", "6h30m"},
		{"open + 5", "not a duration", "5m"},
		{"open 5m", "outside the session", "open + 5m"},
		{"open +", "not a duration", "5m"},
		{"close - 1.5h", "not a duration", "1h30m"},
		{"close - 99999999999h", "not a duration", "5m"},
		{"every", "not a duration", "5m"},
		{"every 0m", "step must be", "every 5m"},
		{"every 59s", "step must be", "every 5m"},
		{"every 6h30m", "step must be", "every 5m"},
		{"every -5m", "not a duration", "5m"},
		{"opening + 5m", "none of the forms", "open + 5m"},
		{"15 15 * *", "none of the forms", "cron line"},
		{"0 15 15 * * *", "none of the forms", "cron line"},
		{"61 15 * * *", "above maximum", "minute 0-59"},
		{"15 15 * * 7", "above maximum", "weekday 0-6"},
		{"*/61 15 * * *", "step must be", "cron line"},
		{"*/0 15 * * *", "step must be", "cron line"},
		{"15 15 L * *", "parse", "minute 0-59"},
		{"15 15 1-2-3 * *", "not a cron field", "cron line"},
		{"15 15 , * *", "not a cron field", "cron line"},
		{"20-10 15 * * *", "beyond", "minute 0-59"},
		{"15 15 * * SAT,SUN", "never falls", "close - 15m"},
		{"15 15 30 2 *", "never falls", "close - 15m"},
		{"15 15 1 1 *", "never falls", "close - 15m"}, // always a holiday
		{"15 15 31 12 *", "never falls", "close - 15m"},
		{"59 8 * * *", "never falls", "close - 15m"},
		{"31 15 * * *", "never falls", "close - 15m"},
		{"0 16 * * *", "never falls", "close - 15m"}, // on exam day alone
		{strings.Repeat("1", 200), "longer", "close - 15m"},
		{";", "empty", "close - 15m"},
		{"open + 5m;", "empty", "close - 15m"},
		{"open + 5m; noon", "none of the forms", "close - 15m"},
		{strings.Repeat("open;", 20) + "open", "more than 20", "every 5m"},
	} {
		w, err := ParseWhen(c.when)
		var e *WhenError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v, want a refusal", c.when, err)
			continue
		}
		if !strings.Contains(e.What, c.what) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%q: %s; hint %s", c.when, e.What, e.Hint)
		}
		if w.Words() != "never" || w.Moments(ordinary(20260105)) != nil {
			t.Errorf("%q: refused and still names moments", c.when)
		}
	}
}

func TestWhenTellsAPersonWhatItMeans(t *testing.T) {
	for _, c := range []struct {
		when, words string
		late        bool
	}{
		{"close - 15m", "15m before the close of each open session", false},
		{"@daily", "15m before the close of each open session", false},
		{"close", "at the close of each open session", false},
		{"open", "at the open of each open session", false},
		{"open + 1h30m", "1h30m after the open of each open session", false},
		{"every  1h", "every 1h from the open of each open session", false},
		{"15 15 * * MON-FRI", `by the cron line "15 15 * * MON-FRI" in KST, within open sessions`, true},
		{"5 9 * * *", `by the cron line "5 9 * * *" in KST, within open sessions`, true},
		{"*/5 * * * *", `by the cron line "*/5 * * * *" in KST, within open sessions`, false},
		{"*/5 9-15 * * *", `by the cron line "*/5 9-15 * * *" in KST, within open sessions`, true},
		{"open;close - 15m", "at the open of each open session, and 15m before the close of each open session", false},
		{"open; 5 9 * * *", `at the open of each open session, and by the cron line "5 9 * * *" in KST, within open sessions`, true},
	} {
		w := mustWhen(t, c.when)
		if w.Words() != c.words || w.MayMissLateOpen() != c.late {
			t.Errorf("%q: %s, may miss a late open: %v", c.when, w.Words(), w.MayMissLateOpen())
		}
		if again, err := ParseWhen(w.String()); err != nil || again.Words() != w.Words() {
			t.Errorf("%q: read again as %q: %v", c.when, w.String(), err)
		}
	}
}

func TestOffsetsFollowEveryLateOpen(t *testing.T) {
	cal := market.KRX()
	first, last, _ := cal.Range()
	open, daily := mustWhen(t, "open + 5m"), mustWhen(t, "@daily")
	late := 0
	for d := first; d <= last; d = d.Add(1) {
		s, err := cal.Session(d)
		if err != nil || s.Open.Hour() != 10 {
			continue
		}
		late++
		o, _ := open.Next(d.At(0, 0), cal)
		c, _ := daily.Next(d.At(0, 0), cal)
		if !o.Equal(d.At(10, 5)) || !c.Equal(s.Close.Add(-15*time.Minute)) {
			t.Errorf("%s: open + 5m is %s, @daily is %s", d, o, c)
		}
	}
	if late != 64 {
		t.Errorf("%d late opens, want 64", late)
	}
}

func TestNextIsTheFirstMomentOfAnySessionAfterTheGivenOne(t *testing.T) {
	cal := market.KRX()
	for _, text := range []string{"open + 5m", "close - 15m", "every 55m", "15 15 * * MON-FRI", "*/40 9-16 * * *", "0 10 13 * *"} {
		t.Run(text, func(t *testing.T) {
			w := mustWhen(t, text)
			var want []time.Time
			for d := market.Date(20240101); d <= 20261231; d = d.Add(1) {
				if s, err := cal.Session(d); err == nil {
					want = append(want, w.Moments(s)...)
				}
			}
			after := at(t, "2024-01-01 00:00")
			for _, due := range want {
				for _, from := range []time.Time{after, due.Add(-time.Nanosecond).UTC()} {
					if got, ok := w.Next(from, cal); !ok || !got.Equal(due) {
						t.Fatalf("after %s: %s, want %s", from, got, due)
					}
				}
				after = due
			}
			if len(want) < 2 {
				t.Fatalf("%d moments in three years", len(want))
			}
		})
	}
}

func TestNextFindsTheNearestOfSeveralMoments(t *testing.T) {
	cal, w := market.KRX(), mustWhen(t, "close - 15m; open + 5m; 0 12 * * WED")
	due := at(t, "2026-11-16 23:00") // a Monday
	var got []string
	for range 8 {
		var ok bool
		if due, ok = w.Next(due, cal); !ok {
			t.Fatal("no moment is left")
		}
		got = append(got, due.Format("02 15:04"))
	}
	want := "17 09:05, 17 15:15, 18 09:05, 18 12:00, 18 15:15, 19 10:05, 19 16:15, 20 09:05"
	if strings.Join(got, ", ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestNextEndsWithTheCalendar(t *testing.T) {
	for _, text := range []string{"close - 15m", "every 5m", "15 15 * * *", "15 15 29 2 *"} {
		w := mustWhen(t, text)
		for _, after := range []string{"2035-12-31 16:00", "2050-01-01 00:00", "1980-01-01 00:00"} {
			if due, ok := w.Next(at(t, after), market.KRX()); ok {
				t.Errorf("%q after %s: %s", text, after, due)
			}
		}
	}
	data := market.KRX().Extend([]market.Date{19800104, 19950603}) // a Friday and a Saturday
	due, ok := mustWhen(t, "close - 15m").Next(at(t, "1980-01-04 15:00"), data)
	if !ok || !due.Equal(at(t, "1995-06-03 14:45")) {
		t.Errorf("after a gap in the data: %s, %v", due, ok)
	}
}

func TestCronLineLeavesOneClosedSlotOnAWeekdayWithoutIts(t *testing.T) {
	cal := market.KRX()
	for _, c := range []struct{ when, date, want string }{
		{"*/5 9-15 * * *", "2026-02-17", "09:00 Seollal"},
		{"15 15 * * *", "2026-02-17", "15:15 Seollal"},
		{"close - 15m", "2026-02-17", ""},
		{"every 5m", "2026-02-17", ""},
		{"15 15 * * *", "2026-02-14", ""}, // Saturday
		{"5 9 * * *", "2026-11-19", "09:05 outside the session 10:00 to 16:30 (college entrance exam)"},
		{"5 9,10 * * *", "2026-11-19", "10:05"},
		{"5 9 * * TUE", "2026-11-19", ""}, // Thursday
		{"open + 5m; close - 15m", "2026-02-17", ""},
		{"close - 15m; 5 9 * * *", "2026-02-17", "09:05 Seollal"},
		{"close - 15m; 5 9 * * *", "2026-11-19", "16:15"},
		{"every 5m; 1 9 * * *", "2036-01-02", "09:01 beyond"},
		{"15 15 * * *", "2036-01-02", "15:15 beyond"},
		{"every 5m", "2036-01-02", "09:05 beyond"},
		{"every 5m", "2036-01-05", ""},
	} {
		d, err := market.ParseDate(c.date)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range mustWhen(t, c.when).slots(d, cal) {
			text := s.due.In(market.KST).Format("15:04")
			if s.closed != "" {
				text += " " + s.closed
			}
			if s.beyond {
				text += " beyond"
			}
			if s.open() == (s.session == market.Session{}) {
				t.Errorf("%q on %s: slot %+v", c.when, c.date, s)
			}
			got = append(got, text)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%q on %s: %v, want %q", c.when, c.date, got, c.want)
		}
	}
}

func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"open + 5m", "close - 15m", "every 5m", "@daily", "15 15 * * MON-FRI", "*/5 9-15 1,2 JAN-MAR ?", "CRON_TZ=", "TZ=Asia/Seoul", "@every", "close - 0s", "? ? ? ? ?", "open; close - 15m", "@daily; 0 9 * * 1;"} {
		f.Add(s)
	}
	cal := market.KRX()
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWhen(text)
		if err != nil {
			var e *WhenError
			if !errors.As(err, &e) || e.Hint == "" {
				t.Fatalf("%q: %v without a hint", text, err)
			}
			return
		}
		due, ok := w.Next(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), cal)
		if !ok {
			t.Fatalf("%q never comes", text)
		}
		if s, err := cal.Session(market.DateOf(due)); err != nil || due.Before(s.Open) || due.After(s.Close) {
			t.Fatalf("%q: %s lies outside the session: %v", text, due, err)
		}
		if again, err := ParseWhen(w.String()); err != nil || again.Words() != w.Words() || fmt.Sprint(again.offset) != fmt.Sprint(w.offset) {
			t.Fatalf("%q: read again from %q: %v", text, w.String(), err)
		}
	})
}

func ExampleWhen_Next() {
	when, err := ParseWhen("close - 15m")
	if err != nil {
		fmt.Println(err)
		return
	}
	eve := time.Date(2026, 11, 18, 20, 0, 0, 0, market.KST)
	due, _ := when.Next(eve, market.KRX()) // the college entrance exam: 10:00 to 16:30
	fmt.Println(when.Words())
	fmt.Println(due.Format("2006-01-02 15:04"))
	// Output:
	// 15m before the close of each open session
	// 2026-11-19 16:15
}
