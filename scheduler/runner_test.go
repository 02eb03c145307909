package scheduler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"maemae/market"
)

var krx = market.KRX()

// world is a simulated clock that moves only while it is waited for or worked in, and a durable store of records.
type world struct {
	now     time.Time
	stop    context.CancelFunc
	end     time.Time // the context ends once the clock waits for more than this
	records []Record
	ran     []string // "job due" of every start of work
	begun   map[string]time.Time
	work    func(due time.Time, jobs []string) map[string]error
}

func newWorld(start time.Time) *world {
	return &world{now: start, begun: map[string]time.Time{}, work: func(time.Time, []string) map[string]error { return nil }}
}

func (w *world) clock() Clock {
	return Clock{
		Now: func() time.Time { return w.now },
		Wait: func(ctx context.Context, until time.Time) error {
			if until.After(w.end) {
				w.now = latest(w.now, w.end)
				w.stop()
				return ctx.Err()
			}
			w.now = until
			return ctx.Err()
		},
	}
}

func (w *world) options(jobs ...Job) Options {
	return Options{
		Jobs:     jobs,
		Calendar: krx,
		Clock:    w.clock(),
		Run: func(_ context.Context, due time.Time, jobs []string) map[string]error {
			for _, j := range jobs {
				w.ran = append(w.ran, j+" "+due.In(market.KST).Format("2006-01-02 15:04"))
			}
			return w.work(due, jobs)
		},
		Begin: func(due time.Time, jobs []string) error {
			for _, j := range jobs {
				w.begun[j] = due
			}
			return nil
		},
		Record: func(r Record) error { w.records = append(w.records, r); return nil },
		Last: func(job string) (recorded, begun time.Time) {
			for _, r := range w.records {
				if r.Job == job && r.Due.After(recorded) {
					recorded = r.Due
				}
			}
			return recorded, w.begun[job]
		},
	}
}

// live runs until the clock reaches end.
func (w *world) live(t testing.TB, o Options, end time.Time) error {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w.stop, w.end = stop, end
	return r.Run(ctx)
}

func (w *world) text() string {
	var lines []string
	for _, r := range w.records {
		lines = append(lines, fmt.Sprintf("%s %s %s", r.Job, r.Due.In(market.KST).Format("15:04"), r.Outcome))
	}
	return strings.Join(lines, "; ")
}

func expect(t *testing.T, w *world, want string) {
	t.Helper()
	if got := w.text(); got != want {
		t.Errorf("records\n got %s\nwant %s", got, want)
	}
}

func TestSlotsOfTenYearsRunOnceAndInsideSessionsInAnyZone(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no zone data: ", err)
	}
	home := time.Local
	defer func() { time.Local = home }()
	var first []Record
	for _, zone := range []*time.Location{market.KST, time.UTC, newYork} {
		time.Local = zone
		w := newWorld(time.Date(2016, 12, 31, 12, 0, 0, 0, zone))
		jobs := []Job{
			{Name: "open", When: mustWhen(t, "open + 5m")},
			{Name: "close", When: mustWhen(t, "@daily")},
			{Name: "cron", When: mustWhen(t, "15 15 * * MON-FRI")},
			{Name: "every", When: mustWhen(t, "every 1h")},
			{Name: "early", When: mustWhen(t, "5 9 * * *")},
		}
		ticks := 0
		o := w.options(jobs...)
		o.Ticks = []Tick{{Name: "exits", Every: 30 * time.Minute, Run: func(_ context.Context, due time.Time) error {
			s, err := o.Calendar.Session(market.DateOf(due))
			if err != nil || !s.Contains(due) || !due.Equal(w.now) {
				t.Fatalf("tick at %s, clock at %s: %v", due, w.now, err)
			}
			ticks++
			return nil
		}}}
		o.Last = func(string) (time.Time, time.Time) { return time.Time{}, time.Time{} }
		if err := w.live(t, o, time.Date(2026, 12, 31, 23, 0, 0, 0, market.KST)); err != nil {
			t.Fatal(err)
		}

		sessions, minutes, weekdays := 0, time.Duration(0), 0
		for d := market.Date(20170101); d <= 20261231; d = d.Add(1) {
			if s, err := o.Calendar.Session(d); err == nil {
				sessions++
				minutes += s.Close.Sub(s.Open)
			}
			if wd := d.Weekday(); wd != time.Saturday && wd != time.Sunday {
				weekdays++
			}
		}
		count, seen := map[string]int{}, map[string]bool{}
		for _, r := range w.records {
			key := r.Job + r.Due.UTC().String()
			s, err := o.Calendar.Session(market.DateOf(r.Due))
			inside := err == nil && !r.Due.Before(s.Open) && !r.Due.After(s.Close)
			if seen[key] || inside != (r.Outcome == Ran) || !inside && r.Outcome != Closed || inside && !r.Started.Equal(r.Due) {
				t.Fatalf("%s: %+v, seen before: %v", zone, r, seen[key])
			}
			seen[key] = true
			count[r.Job+" "+string(r.Outcome)]++
		}
		if count["open ran"] != sessions || count["close ran"] != sessions || count["cron ran"]+count["cron closed"] != weekdays ||
			count["cron ran"] != sessions || count["early ran"]+count["early closed"] != weekdays || count["early ran"] >= sessions ||
			time.Duration(ticks)*30*time.Minute != minutes {
			t.Errorf("%s: %v and %d ticks in %d sessions on %d weekdays", zone, count, ticks, sessions, weekdays)
		}
		if first == nil {
			first = w.records
		}
		if len(first) != len(w.records) {
			t.Errorf("%s: %d records, in KST %d", zone, len(w.records), len(first))
		}
	}
}

// A daemon that is killed, stopped, paused and started at random leaves one record per slot, never works twice on one,
// and never works late beyond what the job allows.
func TestEverySlotHasOneRecordWhateverHappensToTheDaemon(t *testing.T) {
	crash := errors.New("crash")
	rapid.Check(t, func(rt *rapid.T) {
		begin := time.Date(2026, 1, 5, 0, 0, 0, 0, market.KST)
		w := newWorld(begin)
		jobs := []Job{
			{Name: "a", When: mustWhen(t, "every 10m")},
			{Name: "b", When: mustWhen(t, "*/15 9-15 * * *"), CatchUp: Run, Grace: 20 * time.Minute},
			{Name: "c", When: mustWhen(t, "close - 15m"), CatchUp: Run, Grace: time.Hour},
		}
		step := func(label string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most/time.Second)).Draw(rt, label)) * time.Second
		}
		for n := rapid.IntRange(1, 12).Draw(rt, "lives"); n > 0; n-- {
			o := w.options(jobs...)
			o.Sessions = 1000
			record := o.Record
			dieAt := rapid.IntRange(0, 12).Draw(rt, "records before the crash")
			if dieAt == 0 {
				dieAt = 1 << 30
			}
			o.Record = func(r Record) error {
				if dieAt--; dieAt == 0 {
					return crash
				}
				return record(r)
			}
			w.work = func(time.Time, []string) map[string]error {
				if rapid.IntRange(0, 9).Draw(rt, "slow") == 0 {
					w.now = w.now.Add(step("work", 25*time.Minute))
				}
				return nil
			}
			if err := w.live(t, o, w.now.Add(step("life", 30*time.Hour))); err != nil && !errors.Is(err, crash) {
				rt.Fatal(err)
			}
			w.now = w.now.Add(step("away", 40*time.Hour))
		}
		last := w.now
		w.work = func(time.Time, []string) map[string]error { return nil }
		o := w.options(jobs...)
		o.Sessions = 1000
		if err := w.live(t, o, last.Add(7*24*time.Hour)); err != nil {
			rt.Fatal(err)
		}

		worked := map[string]int{}
		for _, r := range w.ran {
			if worked[r]++; worked[r] > 1 {
				rt.Fatalf("%s worked on twice", r)
			}
		}
		for _, j := range jobs {
			var got, want []time.Time
			for _, r := range w.records {
				if r.Job != j.Name {
					continue
				}
				got = append(got, r.Due)
				if late := r.Started.Sub(r.Due); r.Outcome == Ran && (late < 0 || late > max(time.Minute, j.Grace)) {
					rt.Fatalf("ran %s late: %+v", late, r)
				}
				if r.Outcome == Ran && worked[r.Job+" "+r.Due.In(market.KST).Format("2006-01-02 15:04")] != 1 {
					rt.Fatalf("recorded as ran without work: %+v", r)
				}
			}
			if len(got) == 0 {
				rt.Fatalf("%s: no record in a whole week", j.Name)
			}
			for due, ok := j.When.Next(got[0].Add(-1), krx); ok && !due.After(w.now); due, ok = j.When.Next(due, krx) {
				want = append(want, due)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("%s: records\n%v\nslots\n%v", j.Name, got, want)
			}
		}
	})
}

func TestJobsOfOneMomentRunTogetherInTheirOrder(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 15:00"))
	var got string
	w.work = func(due time.Time, jobs []string) map[string]error {
		got += fmt.Sprint(jobs, due.Format("15:04"))
		return map[string]error{"z": errors.New("no price")}
	}
	err := w.live(t, w.options(
		Job{Name: "z", When: mustWhen(t, "close - 15m")}, Job{Name: "m", When: mustWhen(t, "close - 10m")}, Job{Name: "a", When: mustWhen(t, "15 15 * * *")},
	), at(t, "2026-01-05 16:00"))
	if err != nil || got != "[z a]15:15[m]15:20" {
		t.Errorf("ran %s: %v", got, err)
	}
	expect(t, w, "z 15:15 failed; a 15:15 ran; m 15:20 ran")
	if w.records[0].Detail != "no price" {
		t.Errorf("detail %q", w.records[0].Detail)
	}
}

func TestSlotOfARunningJobIsOverlapped(t *testing.T) {
	for _, c := range []struct {
		lasts time.Duration
		want  string
	}{
		{5 * time.Minute, "a 10:00 ran; a 10:05 ran; b 10:05 ran; a 10:10 ran; a 10:15 ran"},
		{5*time.Minute + time.Second, "a 10:00 ran; a 10:05 overlapped; b 10:05 ran; a 10:10 ran; a 10:15 ran"},
		{6 * time.Minute, "a 10:00 ran; a 10:05 overlapped; b 10:05 ran; a 10:10 ran; a 10:15 ran"},
		{6*time.Minute + time.Second, "a 10:00 ran; a 10:05 overlapped; b 10:05 missed; a 10:10 ran; a 10:15 ran"},
		{11 * time.Minute, "a 10:00 ran; a 10:05 overlapped; b 10:05 missed; a 10:10 overlapped; a 10:15 ran"},
	} {
		w := newWorld(at(t, "2026-01-05 09:58"))
		w.work = func(due time.Time, _ []string) map[string]error {
			if due.Equal(at(t, "2026-01-05 10:00")) {
				w.now = w.now.Add(c.lasts)
			}
			return nil
		}
		err := w.live(t, w.options(Job{Name: "a", When: mustWhen(t, "*/5 * * * *")}, Job{Name: "b", When: mustWhen(t, "5 10 * * *")}), at(t, "2026-01-05 10:16"))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.text(); got != c.want {
			t.Errorf("a slot of %s:\n got %s\nwant %s", c.lasts, got, c.want)
		}
	}
}

func TestOverlapIsTheJobsOwnWhateverRanBetween(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 09:58"))
	w.work = func(due time.Time, jobs []string) map[string]error {
		if due.Equal(at(t, "2026-01-05 10:00")) {
			w.now = w.now.Add(11 * time.Minute)
		}
		return nil
	}
	err := w.live(t, w.options(
		Job{Name: "a", When: mustWhen(t, "*/5 * * * *")}, Job{Name: "b", When: mustWhen(t, "7 10 * * *"), CatchUp: Run, Grace: time.Hour},
	), at(t, "2026-01-05 10:12"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, w, "a 10:00 ran; a 10:05 overlapped; b 10:07 ran; a 10:10 overlapped")
}

func TestPausedMachineMissesWhatItSleptThrough(t *testing.T) {
	jobs := []Job{
		{Name: "skip", When: mustWhen(t, "*/20 * * * *")},
		{Name: "run", When: mustWhen(t, "*/20 * * * *"), CatchUp: Run, Grace: 3 * time.Minute},
		{Name: "cron", When: mustWhen(t, "15 10 * * *"), CatchUp: Run, Grace: 3 * time.Minute},
	}
	for _, c := range []struct{ wakes, want string }{
		{"10:01", "skip 10:00 ran; run 10:00 ran"},
		{"10:02", "skip 10:00 missed; run 10:00 ran"},
		{"10:04", "skip 10:00 missed; run 10:00 missed"},
		{"10:22", "skip 10:00 missed; run 10:00 missed; cron 10:15 missed; skip 10:20 missed; run 10:20 ran"},
	} {
		w := newWorld(at(t, "2026-01-05 09:50"))
		o := w.options(jobs...)
		o.Clock.Wait = func(ctx context.Context, until time.Time) error {
			if !w.now.Equal(at(t, "2026-01-05 09:50")) {
				w.stop()
				return ctx.Err()
			}
			w.now = at(t, "2026-01-05 "+c.wakes)
			return nil
		}
		if err := w.live(t, o, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got := w.text(); got != c.want {
			t.Errorf("awake at %s:\n got %s\nwant %s", c.wakes, got, c.want)
		}
	}
}

func TestStartRecordsWhatHappenedWhileNothingRan(t *testing.T) {
	for _, c := range []struct {
		name            string
		recorded, begun string
		start, want     string
	}{
		{"a new job has no past", "", "", "2026-01-05 10:02", ""},
		{"skip misses, the newest within the grace is made up for", "2026-01-05 09:20", "2026-01-05 09:20", "2026-01-05 10:02",
			"skip 09:40 missed; run 09:40 missed; skip 10:00 missed; run 10:00 ran"},
		{"the grace is over", "2026-01-05 09:40", "2026-01-05 09:40", "2026-01-05 10:03",
			"skip 10:00 missed; run 10:00 ran"},
		{"beyond the grace", "2026-01-05 09:40", "2026-01-05 09:40", "2026-01-05 10:04",
			"skip 10:00 missed; run 10:00 missed"},
		{"a start at the due moment itself is late", "2026-01-05 09:40", "2026-01-05 09:40", "2026-01-05 10:00",
			"skip 10:00 missed; run 10:00 ran"},
		{"a slot that began is not run again", "2026-01-05 09:40", "2026-01-05 10:00", "2026-01-05 10:01",
			"skip 10:00 failed; run 10:00 failed"},
		{"the first slot ever was cut short", "", "2026-01-05 10:00", "2026-01-05 10:01",
			"skip 10:00 failed; run 10:00 failed"},
		{"a clock set back repeats nothing", "2026-01-05 10:20", "2026-01-05 10:20", "2026-01-05 09:50", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(at(t, c.start))
			o := w.options(
				Job{Name: "skip", When: mustWhen(t, "*/20 * * * *")},
				Job{Name: "run", When: mustWhen(t, "*/20 * * * *"), CatchUp: Run, Grace: 3 * time.Minute},
			)
			o.Last = func(string) (recorded, begun time.Time) {
				if c.recorded != "" {
					recorded = at(t, c.recorded)
				}
				if c.begun != "" {
					begun = at(t, c.begun)
				}
				return recorded, begun
			}
			if err := w.live(t, o, at(t, "2026-01-05 10:15")); err != nil {
				t.Fatal(err)
			}
			expect(t, w, c.want)
		})
	}
}

func TestLongAbsenceIsRecordedForTheLastSessionsOnly(t *testing.T) {
	w := newWorld(at(t, "2026-01-30 08:00"))
	o := w.options(Job{Name: "a", When: mustWhen(t, "close - 15m")})
	o.Last = func(string) (time.Time, time.Time) { return at(t, "2025-06-02 15:15"), time.Time{} }
	if err := w.live(t, o, at(t, "2026-01-30 09:00")); err != nil {
		t.Fatal(err)
	}
	expect(t, w, "a 15:15 missed; a 15:15 missed; a 15:15 missed; a 15:15 missed; a 15:15 missed")
	if first := w.records[0].Due; !first.Equal(at(t, "2026-01-23 15:15")) {
		t.Errorf("first record for %s", first)
	}
}

func TestDisputedDaysAreNotWorkedOn(t *testing.T) {
	jobs := []Job{{Name: "a", When: mustWhen(t, "close - 15m")}}
	for _, c := range []struct {
		name, start, end string
		disputed         func(market.Session) string
		want             string
		ticks            int
	}{
		{"confirmed", "2026-01-05 08:00", "2026-01-05 18:00", nil, "a 15:15 ran", 13},
		{"not confirmed yet", "2027-01-05 08:00", "2027-01-05 18:00", nil, "a 15:15 disputed", 0},
		{"confirmed by the broker", "2027-01-05 08:00", "2027-01-05 18:00", func(market.Session) string { return "" }, "a 15:15 ran", 13},
		{"contradicted", "2026-01-05 08:00", "2026-01-05 18:00", func(s market.Session) string { return "KIS says closed on " + s.Date.String() }, "a 15:15 disputed", 0},
		{"beyond the table", "2036-01-02 08:00", "2036-01-02 18:00", func(market.Session) string { return "" }, "a 15:15 disputed", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(at(t, c.start))
			ticks := 0
			o := w.options(jobs...)
			o.Disputed = c.disputed
			o.Ticks = []Tick{{Name: "exits", Every: 30 * time.Minute, Run: func(context.Context, time.Time) error { ticks++; return nil }}}
			if err := w.live(t, o, at(t, c.end)); err != nil {
				t.Fatal(err)
			}
			expect(t, w, c.want)
			if ticks != c.ticks {
				t.Errorf("%d ticks, want %d", ticks, c.ticks)
			}
		})
	}
}

func TestPanicFailsItsSlotAndTheNextOneRuns(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 09:50"))
	w.work = func(due time.Time, _ []string) map[string]error {
		if due.Equal(at(t, "2026-01-05 10:00")) {
			panic("divided by zero")
		}
		return nil
	}
	o := w.options(Job{Name: "a", When: mustWhen(t, "*/5 * * * *")})
	var trouble []string
	o.Trouble = func(err error) { trouble = append(trouble, err.Error()) }
	ticks := 0
	o.Ticks = []Tick{{Name: "exits", Every: 5 * time.Minute, Run: func(_ context.Context, due time.Time) error {
		if ticks++; ticks == 1 {
			panic("nil map")
		}
		return errors.New("no quote")
	}}}
	if err := w.live(t, o, at(t, "2026-01-05 10:08")); err != nil {
		t.Fatal(err)
	}
	expect(t, w, "a 09:55 ran; a 10:00 failed; a 10:05 ran")
	if d := w.records[1].Detail; d != "panic: divided by zero" {
		t.Errorf("detail %q", d)
	}
	all := strings.Join(trouble, "\n")
	for _, want := range []string{"panic: divided by zero\n", "runner_test.go", "exits at 09:55:00: panic: nil map", "exits at 10:05:00: no quote"} {
		if !strings.Contains(all, want) {
			t.Errorf("trouble lacks %q:\n%s", want, all)
		}
	}
	if ticks != 3 {
		t.Errorf("%d ticks, want 3", ticks)
	}
}

func TestTicksGiveWayToSlotsAndDoNotPileUp(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 09:59"))
	var order []string
	say := func(what string, due time.Time) { order = append(order, what+due.Format(" 15:04:05")) }
	w.work = func(due time.Time, _ []string) map[string]error {
		say("slot", due)
		w.now = w.now.Add(3*time.Minute + 10*time.Second)
		return nil
	}
	o := w.options(Job{Name: "a", When: mustWhen(t, "0 10 * * *")})
	o.Ticks = []Tick{
		{Name: "exits", Every: time.Minute, Run: func(_ context.Context, due time.Time) error { say("exits", due); return nil }},
		{Name: "orders", Every: 2 * time.Minute, Run: func(_ context.Context, due time.Time) error { say("orders", due); return nil }},
	}
	if err := w.live(t, o, at(t, "2026-01-05 10:04")); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ", "), "slot 10:00:00, exits 10:03:00, orders 10:02:00, exits 10:04:00, orders 10:04:00"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestTicksLingerPastTheClose(t *testing.T) {
	for linger, want := range map[time.Duration]string{
		0:                "15:20 15:25 09:00",
		time.Second:      "15:20 15:25 15:30 09:00",
		11 * time.Minute: "15:20 15:25 15:30 15:35 15:40 09:00",
	} {
		w := newWorld(at(t, "2026-01-05 15:18"))
		o := w.options()
		var got []string
		o.Ticks = []Tick{{Name: "orders", Every: 5 * time.Minute, Linger: linger, Run: func(_ context.Context, due time.Time) error {
			got = append(got, due.Format("15:04"))
			return nil
		}}}
		if err := w.live(t, o, at(t, "2026-01-06 09:04")); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("lingering %s: %v, want %s", linger, got, want)
		}
	}
}

func TestRunnerStopsWhenARecordCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		name   string
		broken func(*Options)
		ran    int
	}{
		{"record", func(o *Options) { o.Record = func(Record) error { return full } }, 1},
		{"begin", func(o *Options) { o.Begin = func(time.Time, []string) error { return full } }, 0},
		{"clock", func(o *Options) { o.Clock.Wait = func(context.Context, time.Time) error { return full } }, 0},
	} {
		w := newWorld(at(t, "2026-01-05 09:50"))
		o := w.options(Job{Name: "a", When: mustWhen(t, "*/5 * * * *")})
		c.broken(&o)
		if err := w.live(t, o, at(t, "2026-01-05 11:00")); !errors.Is(err, full) || len(w.ran) != c.ran {
			t.Errorf("%s: %v after %v", c.name, err, w.ran)
		}
	}
}

func TestReloadTakesEffectAtTheNextSlot(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 09:50"))
	o := w.options(Job{Name: "a", When: mustWhen(t, "*/10 * * * *")}, Job{Name: "gone", When: mustWhen(t, "0 10 * * *")})
	var r *Runner
	w.work = func(due time.Time, _ []string) map[string]error {
		if due.Equal(at(t, "2026-01-05 10:00")) {
			w.now = w.now.Add(2*time.Minute + time.Second)
			adopt := func() error {
				if len(w.records) != 2 {
					t.Errorf("adopted when %d of the two slots that were due had their record", len(w.records))
				}
				return nil
			}
			if err := r.Reload([]Job{{Name: "a", When: mustWhen(t, "*/1 * * * *")}, {Name: "new", When: mustWhen(t, "close - 5h25m")}}, adopt); err != nil {
				t.Error(err)
			}
			if err := r.Reload([]Job{{Name: "a"}}, adopt); err == nil {
				t.Error("a job without a when was accepted")
			}
		}
		return nil
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w.stop, w.end = stop, at(t, "2026-01-05 10:05")
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, w, "a 10:00 ran; gone 10:00 ran; a 10:03 ran; a 10:04 ran; a 10:05 ran; new 10:05 ran")
}

func TestAReloadThatIsNotAdoptedLeavesTheJobs(t *testing.T) {
	w := newWorld(at(t, "2026-01-05 09:50"))
	o := w.options(Job{Name: "a", When: mustWhen(t, "*/10 * * * *")})
	var heard error
	o.Trouble = func(err error) { heard = err }
	full := errors.New("disk full")
	var r *Runner
	w.work = func(due time.Time, _ []string) map[string]error {
		if due.Equal(at(t, "2026-01-05 10:00")) {
			if err := r.Reload([]Job{{Name: "new", When: mustWhen(t, "*/1 * * * *")}}, func() error { return full }); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w.stop, w.end = stop, at(t, "2026-01-05 10:10")
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, w, "a 10:00 ran; a 10:10 ran")
	if !errors.Is(heard, full) {
		t.Errorf("trouble hears %v", heard)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"no calendar": func(o *Options) { o.Calendar = nil },
		"no clock":    func(o *Options) { o.Clock = Clock{} },
		"no work":     func(o *Options) { o.Run = nil },
		"no record":   func(o *Options) { o.Record = nil },
		"no last":     func(o *Options) { o.Last = nil },
		"negative":    func(o *Options) { o.Late = -1 },
		"fast tick": func(o *Options) {
			o.Ticks = []Tick{{Name: "t", Every: time.Millisecond, Run: func(context.Context, time.Time) error { return nil }}}
		},
		"tick without work": func(o *Options) { o.Ticks = []Tick{{Name: "t", Every: time.Minute}} },
		"lingers backwards": func(o *Options) {
			o.Ticks = []Tick{{Name: "t", Every: time.Minute, Linger: -1, Run: func(context.Context, time.Time) error { return nil }}}
		},
		"job without name":         func(o *Options) { o.Jobs[0].Name = "" },
		"two jobs of one name":     func(o *Options) { o.Jobs = append(o.Jobs, o.Jobs[0]) },
		"job without when":         func(o *Options) { o.Jobs[0].When = When{} },
		"unknown catch-up":         func(o *Options) { o.Jobs[0].CatchUp = "maybe" },
		"catch-up without grace":   func(o *Options) { o.Jobs[0].CatchUp = Run },
		"catch-up without a begin": func(o *Options) { o.Jobs[0].CatchUp, o.Jobs[0].Grace, o.Begin = Run, time.Hour, nil },
	} {
		o := newWorld(time.Time{}).options(Job{Name: "a", When: mustWhen(t, "open + 5m")})
		if _, err := New(o); err != nil {
			t.Fatal(err)
		}
		if spoil(&o); true {
			if _, err := New(o); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	}
}

// The wall clock's own timers, in a bubble that begins on Saturday 2000-01-01 UTC; the first session is on 2000-01-04,
// from 10:00 to 15:00.
func TestWallClockWakesAtTheDueMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(time.Time{})
		o := w.options(Job{Name: "a", When: mustWhen(t, "open + 5m")}, Job{Name: "b", When: mustWhen(t, "@daily")})
		o.Clock = Wall()
		ctx, stop := context.WithCancel(t.Context())
		w.work = func(due time.Time, _ []string) map[string]error {
			if !time.Now().Equal(due) {
				t.Errorf("work for %s at %s", due, time.Now())
			}
			if due.Equal(at(t, "2000-01-05 09:05")) {
				stop()
			}
			return nil
		}
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "a 10:05 ran; b 14:45 ran; a 09:05 ran")
	})
}

func TestStopWaitsForRunningWorkAndThenDrains(t *testing.T) {
	for _, c := range []struct {
		needs   time.Duration
		outcome Outcome
	}{{29 * time.Second, Ran}, {31 * time.Second, Failed}} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(at(t, "2000-01-04 10:00")))
			w := newWorld(time.Time{})
			o := w.options(Job{Name: "a", When: mustWhen(t, "open + 5m")})
			o.Clock = Wall()
			working := make(chan bool)
			o.Run = func(ctx context.Context, _ time.Time, _ []string) map[string]error {
				close(working)
				select {
				case <-time.After(c.needs):
					return nil
				case <-ctx.Done():
					return map[string]error{"a": ctx.Err()}
				}
			}
			r, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- r.Run(ctx) }()
			<-working
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			expect(t, w, "a 10:05 "+string(c.outcome))
		})
	}
}

func TestReloadWakesARunnerThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(at(t, "2000-01-04 10:00")))
		w := newWorld(time.Time{})
		o := w.options()
		o.Clock = Wall()
		ctx, stop := context.WithCancel(t.Context())
		w.work = func(time.Time, []string) map[string]error { stop(); return nil }
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(time.Minute)
		if err := r.Reload([]Job{{Name: "a", When: mustWhen(t, "open + 5m")}}, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		expect(t, w, "a 10:05 ran")
	})
}
