package market

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func date(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// testdata/sessions.txt holds the dates on which 005930 really traded in six years.
func TestSessionsAreExactlyTheDatesOfRealBars(t *testing.T) {
	text, err := os.ReadFile("testdata/sessions.txt")
	if err != nil {
		t.Fatal(err)
	}
	real := map[int][]Date{}
	for line := range strings.Lines(string(text)) {
		d := date(t, strings.TrimSpace(line))
		real[int(d)/10000] = append(real[int(d)/10000], d)
	}
	if len(real) != 6 {
		t.Fatalf("%d years of bars, want 6", len(real))
	}
	for year, dates := range real {
		sessions, err := KRX().Sessions(Date(year*10000+101), Date(year*10000+1231))
		if err != nil || len(sessions) != len(dates) {
			t.Fatalf("%d: %d sessions, %d bars, %v", year, len(sessions), len(dates), err)
		}
		for i, s := range sessions {
			if s.Date != dates[i] {
				t.Errorf("session %d of %d is %s, the bar is of %s", i, year, s.Date, dates[i])
			}
		}
	}
}

// The weekdays of the year less the closures, counted by hand: 262 - 18 in 2024.
func TestSessionsInAYear(t *testing.T) {
	for year, want := range map[int]int{2009: 253, 2019: 246, 2020: 248, 2021: 248, 2022: 246, 2023: 245, 2024: 244} {
		s, err := KRX().Sessions(Date(year*10000+101), Date(year*10000+1231))
		if err != nil || len(s) != want {
			t.Errorf("%d: %d sessions, want %d (%v)", year, len(s), want, err)
		}
	}
}

func TestHoursOfASession(t *testing.T) {
	for _, tt := range []struct{ date, open, close, auction, name string }{
		{"2016-07-29", "09:00", "15:00", "14:50", ""}, // the last short Friday
		{"2016-08-01", "09:00", "15:30", "15:20", ""},
		{"2026-11-20", "09:00", "15:30", "15:20", ""},
		{"2000-11-15", "10:00", "16:00", "15:50", "college entrance exam"},
		{"2020-12-03", "10:00", "16:30", "16:20", "college entrance exam"}, // put off by the epidemic
		{"2017-11-16", "10:00", "16:30", "16:20", "college entrance exam"}, // the exam was put off, the late opening was not
		{"2026-11-19", "10:00", "16:30", "16:20", "college entrance exam"},
		{"2016-01-04", "10:00", "15:00", "14:50", "first session of the year"},
		{"2026-01-02", "10:00", "15:30", "15:20", "first session of the year"},
	} {
		s, err := KRX().Session(date(t, tt.date))
		if err != nil {
			t.Errorf("%s: %v", tt.date, err)
			continue
		}
		got := []string{s.Open.Format("2006-01-02 15:04"), s.Close.Format("15:04"), s.Auction().Format("15:04"), s.Name}
		want := []string{tt.date + " " + tt.open, tt.close, tt.auction, tt.name}
		if strings.Join(got, "|") != strings.Join(want, "|") || !s.Confirmed {
			t.Errorf("%s: %q confirmed %v, want %q", tt.date, got, s.Confirmed, want)
		}
	}
}

func TestClosedDaysSayWhy(t *testing.T) {
	for _, tt := range []struct {
		date, reason string
		confirmed    bool
	}{
		{"2026-07-17", "Constitution Day", true}, // a holiday again
		{"2026-11-21", "Saturday", true},
		{"2026-11-22", "Sunday", true},
		{"2026-12-31", "Year-end closing", true},
		{"2024-12-31", "holiday", true},
		{"2023-12-29", "holiday", true}, // year end falls on a Sunday, the closure on the Friday before
		{"2027-05-03", "Labor Day (substitute; unconfirmed)", false},
		{"2027-12-31", "Year-end closing", false},
	} {
		_, err := KRX().Session(date(t, tt.date))
		var closed *ClosedError
		if !errors.As(err, &closed) || closed.Reason != tt.reason || closed.Confirmed != tt.confirmed {
			t.Errorf("%s: %v, want closed (%s), confirmed %v", tt.date, err, tt.reason, tt.confirmed)
		}
	}
}

func TestTheLastSessionOfEachYearHasOrdinaryHours(t *testing.T) {
	for year := 2000; year <= 2035; year++ {
		s, err := KRX().PreviousSession(Date((year+1)*10000 + 101))
		if year == 2035 {
			s, err = KRX().PreviousSession(20351231)
		}
		if err != nil || s.Open.Hour() != 9 || s.Date < Date(year*10000+1226) {
			t.Errorf("last session of %d: %+v, %v", year, s, err)
		}
	}
}

func TestContinuousTradingEndsBeforeTheClosingAuction(t *testing.T) {
	s, err := KRX().Session(20261119)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		hour, minute         int
		continuous, contains bool
	}{{9, 59, false, false}, {10, 0, true, true}, {16, 19, true, true}, {16, 20, false, true}, {16, 29, false, true}, {16, 30, false, false}} {
		at := s.Date.At(tt.hour, tt.minute).UTC()
		if s.Continuous(at) != tt.continuous || s.Contains(at) != tt.contains {
			t.Errorf("%02d:%02d: continuous %v, in session %v", tt.hour, tt.minute, s.Continuous(at), s.Contains(at))
		}
	}
}

func TestDatesBeyondTheTableAreUnknown(t *testing.T) {
	c := KRX()
	for _, d := range []Date{0, 19991230, 20360102} {
		if _, err := c.Session(d); !errors.Is(err, ErrBeyond) {
			t.Errorf("session %s: %v, want beyond the calendar", d, err)
		}
	}
	if _, err := c.NextSession(20351230); !errors.Is(err, ErrBeyond) {
		t.Errorf("next session after the last: %v", err)
	}
	if _, err := c.PreviousSession(20000104); !errors.Is(err, ErrBeyond) {
		t.Errorf("session before the first: %v", err)
	}
	if _, err := c.Sessions(19991230, 20000110); !errors.Is(err, ErrBeyond) {
		t.Errorf("sessions from before the table: %v", err)
	}
	if s, err := c.Session(20270105); err != nil || s.Confirmed {
		t.Errorf("2027-01-05: %+v, %v; want a session that is not confirmed", s, err)
	}
}

func TestSettlementIsTwoSessionsLater(t *testing.T) {
	for trade, settles := range map[string]string{
		"2026-11-19": "2026-11-23", // Thursday over the weekend
		"2025-10-01": "2025-10-10", // over Chuseok
		"2024-12-26": "2024-12-30",
		"2024-12-27": "2025-01-02", // the first trades under 2025's tax
		"2019-05-30": "2019-06-03", // the first trades under June 2019's tax
	} {
		s, err := KRX().AddSessions(date(t, trade), 2)
		if err != nil || s.Date != date(t, settles) {
			t.Errorf("%s settles %s (%v), want %s", trade, s.Date, err, settles)
		}
	}
}

func TestSteppingSessionsIsItsOwnInverse(t *testing.T) {
	c := KRX()
	all, err := c.Sessions(20000101, 20351231)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(all)-1).Draw(t, "from")
		n := rapid.IntRange(-30, 30).Draw(t, "n")
		s, err := c.AddSessions(all[i].Date, n)
		if i+n < 0 || i+n >= len(all) {
			if !errors.Is(err, ErrBeyond) {
				t.Fatalf("%s %+d: %v, want beyond", all[i].Date, n, err)
			}
			return
		}
		if err != nil || s != all[i+n] {
			t.Fatalf("%s %+d: %+v, %v; want %+v", all[i].Date, n, s, err, all[i+n])
		}
	})
}

func TestOverridesReplaceTheTable(t *testing.T) {
	c, err := KRX().With([]Override{
		{Date: 20261202, Closed: true, Name: "special election", Source: "notice"},
		{Date: 20261231, Open: "09:00", Close: "15:30", Source: "notice"},
		{Date: 20271118, Open: "10:00", Close: "16:30", Name: "college entrance exam", Source: "notice"},
		{Date: 20360102, Open: "10:00", Close: "15:30", Source: "notice"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var closed *ClosedError
	if _, err := c.Session(20261202); !errors.As(err, &closed) || closed.Reason != "special election" || !closed.Confirmed {
		t.Errorf("closed by override: %v", err)
	}
	for d, want := range map[Date]time.Time{20261231: Date(20261231).At(9, 0), 20271118: Date(20271118).At(10, 0), 20360102: Date(20360102).At(10, 0)} {
		if s, err := c.Session(d); err != nil || !s.Open.Equal(want) || !s.Confirmed {
			t.Errorf("opened by override: %+v, %v", s, err)
		}
	}
	if _, err := KRX().Session(20261202); err != nil {
		t.Errorf("the calendar that was overridden changed: %v", err)
	}
}

func TestOverridesThatMakeNoSenseAreRefused(t *testing.T) {
	for name, o := range map[string][]Override{
		"no date":       {{Closed: true, Source: "x"}},
		"no source":     {{Date: 20261202, Closed: true}},
		"twice":         {{Date: 20261202, Closed: true, Source: "x"}, {Date: 20261202, Closed: true, Source: "x"}},
		"no hours":      {{Date: 20261202, Source: "x"}},
		"bad hours":     {{Date: 20261202, Open: "9:00", Close: "15:30", Source: "x"}},
		"backwards":     {{Date: 20261202, Open: "15:30", Close: "09:00", Source: "x"}},
		"auction only":  {{Date: 20261202, Open: "09:00", Close: "09:10", Source: "x"}},
		"open & closed": {{Date: 20261202, Closed: true, Open: "09:00", Close: "15:30", Source: "x"}},
		"not a day":     {{Date: 20261302, Closed: true, Source: "x"}},
	} {
		if _, err := KRX().With(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConfirmLeavesRowsThatAwaitANotice(t *testing.T) {
	c := KRX().Confirm(20271231)
	if s, err := c.Session(20270105); err != nil || !s.Confirmed {
		t.Errorf("2027-01-05: %+v, %v", s, err)
	}
	var closed *ClosedError
	if _, err := c.Session(20270503); !errors.As(err, &closed) || closed.Confirmed {
		t.Errorf("2027-05-03: %v, confirmed", err)
	}
	if _, _, confirmed := KRX().Confirm(20200101).Range(); confirmed != 20261231 {
		t.Errorf("confirming less moved the confirmed end to %s", confirmed)
	}
}

func TestExtendTakesTheDatesOfBarsWhereTheTableEnds(t *testing.T) {
	c := KRX().Extend([]Date{19981205, 19981204, 19991228, 20000101, 20360103}) // 1998-12-05: the last Saturday session
	s, err := c.Session(19981205)
	if err != nil || s.Close.Sub(s.Open) != 6*time.Hour || s.Confirmed {
		t.Errorf("1998-12-05: %+v, %v", s, err)
	}
	var closed *ClosedError
	for _, d := range []Date{19981207, 20000101, 20360102} {
		if _, err := c.Session(d); !errors.As(err, &closed) {
			t.Errorf("%s: %v, want closed", d, err)
		}
	}
	if _, err := c.Session(19981203); !errors.Is(err, ErrBeyond) {
		t.Errorf("before the data: %v", err)
	}
	if s, err := c.AddSessions(19981205, 2); err != nil || s.Date != 20000104 {
		t.Errorf("two sessions after 1998-12-05: %s, %v", s.Date, err)
	}
}

func TestABrokenTableIsRefused(t *testing.T) {
	head := "date,kind,open,close,name\n"
	for name, text := range map[string]string{
		"header": "a,b\n", "fields": head + "2026-01-01,closed\n", "date": head + "2026-02-30,closed,,,\n",
		"kind": head + "2026-01-01,open,,,\n", "hours": head + "2026-01-02,late_open,10,15:30,\n",
		"twice": head + "2026-01-01,closed,,,\n2026-01-01,closed,,,\n",
	} {
		if _, err := parseTable(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
