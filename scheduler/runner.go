package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"maemae/market"
)

// Outcome is how a slot ended. Every slot has exactly one.
type Outcome string

const (
	Ran        Outcome = "ran"
	Closed     Outcome = "closed"     // a cron line met a day, or hours, on which the exchange does not trade
	Disputed   Outcome = "disputed"   // the calendar does not know the day, or someone contradicts it
	Missed     Outcome = "missed"     // the moment had passed when the runner came to it
	Overlapped Outcome = "overlapped" // the same job was still running
	Failed     Outcome = "failed"     // the work returned an error, panicked, or was cut short by a crash
)

// CatchUp says what becomes of a slot whose moment passed while nothing could run it.
type CatchUp string

const (
	Skip CatchUp = "skip" // it is missed
	Run  CatchUp = "run"  // the newest one runs late, within the job's grace; older ones are missed
)

// Job is something to do at the moments of a when.
type Job struct {
	Name    string
	When    When
	CatchUp CatchUp       // empty is Skip
	Grace   time.Duration // how late Run may still run
}

// Record is the outcome of one slot. Started and Ended are zero unless it ran or failed.
type Record struct {
	Job     string
	Due     time.Time
	Started time.Time
	Ended   time.Time
	Outcome Outcome
	Detail  string // why it did not run, or how it failed
}

// Tick is work inside sessions that leaves no record: watching exits, polling orders. It comes every Every from the
// session's open up to its close, or so much longer as it lingers. A tick whose moment passed while something else ran comes once, as soon as the runner
// is free; slots come first. Disputed days have no ticks.
type Tick struct {
	Name   string
	Every  time.Duration // at least a second
	Linger time.Duration // past the close, to see what the closing auction did
	Run    func(ctx context.Context, due time.Time) error
}

// Options is what a runner needs. Jobs, Calendar, Clock, Run, Last and Record are required.
type Options struct {
	Jobs     []Job
	Ticks    []Tick
	Calendar *market.Calendar
	Clock    Clock

	// Run does the work of all jobs that share one due moment, in the order they were given, and returns the error of
	// each job that failed. Its context is not cancelled by the runner's until Drain has passed.
	Run func(ctx context.Context, due time.Time, jobs []string) map[string]error

	// Begin makes durable that these slots are about to run, so that a crash in the midst of them cannot run them
	// again. It is required when a job catches up.
	Begin func(due time.Time, jobs []string) error

	// Record makes an outcome durable before it returns. An error stops the runner.
	Record func(Record) error

	// Last is the newest due moment of the job that has a record, and the newest that began; zero if there is none.
	Last func(job string) (recorded, begun time.Time)

	// Disputed says why a date is not to be traded although the calendar has a session, or empty. The default
	// disputes every date the calendar has not confirmed.
	Disputed func(market.Session) string

	// Trouble hears of a tick's error and of a panic's stack; a slot's error is in its record.
	Trouble func(error)

	Late     time.Duration // how late a slot may begin and still count as on time; default 1m
	Sessions int           // how many sessions back a start records what was missed; default 5
	Drain    time.Duration // how long work may go on after the runner's context ended; default 30s
}

// Runner gives every slot of its jobs exactly one record; at a start also those since the last record, Sessions back at
// most. One due moment is worked on at a time. When the runner comes to a slot, the first of these that holds is its
// outcome:
//
//   - closed: a cron line's moment outside any session
//   - disputed: a moment past the end of the calendar
//   - failed: the slot began before a crash and never ended
//   - overlapped: the same job was running at the due moment
//   - missed: a later slot of the job is due as well; or it is later than Late, or than Grace where that is longer and
//     the job catches up; or it was due before the start and the job does not catch up
//   - disputed: by Disputed
//   - ran or failed
//
// A clock that is set back repeats nothing.
type Runner struct {
	o       Options
	started time.Time
	plans   []plan
	served  []time.Time // by tick: no moment up to here comes again

	mu     sync.Mutex
	reload *reload // what Reload left
	wake   func()  // ends the present wait
}

// reload is what comes into force between two slots.
type reload struct {
	jobs  []Job
	adopt func() error
}

// plan is a job with its next slots: those left on their date, or none when the calendar has no more.
type plan struct {
	Job
	slots      []slot
	begun      time.Time // newest slot that began before the start
	due, ended time.Time // of its last run
}

// following are the slots after the first one, at least one if there is any.
func (p plan) following(cal *market.Calendar) []slot {
	if len(p.slots) > 1 {
		return p.slots[1:]
	}
	return p.When.ahead(p.slots[0].due, cal)
}

// New checks the options.
func New(o Options) (*Runner, error) {
	switch {
	case o.Calendar == nil || o.Clock.Now == nil || o.Clock.Wait == nil || o.Run == nil || o.Record == nil || o.Last == nil:
		return nil, errors.New("scheduler: calendar, clock, run, record and last are required")
	case o.Late < 0 || o.Sessions < 0 || o.Drain < 0:
		return nil, errors.New("scheduler: late, sessions and drain must not be negative")
	}
	for _, t := range o.Ticks {
		if t.Every < time.Second || t.Linger < 0 || t.Run == nil {
			return nil, fmt.Errorf("scheduler: tick %s: needs work, and a step of at least a second", t.Name)
		}
	}
	o.Late = orDefault(o.Late, time.Minute)
	o.Drain = orDefault(o.Drain, 30*time.Second)
	o.Sessions = orDefault(o.Sessions, 5)
	if o.Disputed == nil {
		o.Disputed = unconfirmed
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	r := &Runner{o: o, served: make([]time.Time, len(o.Ticks))}
	return r, r.check(o.Jobs)
}

func orDefault[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}

func unconfirmed(s market.Session) string {
	if s.Confirmed {
		return ""
	}
	return fmt.Sprintf("the calendar has not confirmed %s", s.Date)
}

func (r *Runner) check(jobs []Job) error {
	seen := map[string]bool{}
	for _, j := range jobs {
		switch {
		case j.Name == "" || seen[j.Name]:
			return fmt.Errorf("scheduler: job name %q is empty or given twice", j.Name)
		case j.When.anchor == nothing:
			return fmt.Errorf("scheduler: job %s has no when", j.Name)
		case j.CatchUp != "" && j.CatchUp != Skip && j.CatchUp != Run:
			return fmt.Errorf("scheduler: job %s: catch-up %q is neither skip nor run", j.Name, j.CatchUp)
		case j.CatchUp == Run && (j.Grace <= 0 || r.o.Begin == nil):
			return fmt.Errorf("scheduler: job %s: to run late needs a grace and a durable begin", j.Name)
		}
		seen[j.Name] = true
	}
	return nil
}

// Reload replaces the jobs once every slot that is due by now has its record. New jobs have no past to catch up with.
// adopt is called right before, while nothing else runs, to put in force what the jobs stand for; after an error of its
// own, which Trouble hears, the old jobs stay. Of two reloads that nothing came between only the later one is adopted.
func (r *Runner) Reload(jobs []Job, adopt func() error) error {
	if err := r.check(jobs); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reload = &reload{append([]Job{}, jobs...), adopt}
	if r.wake != nil {
		r.wake()
	}
	return nil
}

// Run works until the context ends, and returns nil once running work has come to its end; or until Begin, Record
// or the clock fails, and returns that error. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	r.start()
	for ctx.Err() == nil {
		now := r.o.Clock.Now()
		due, found := r.earliest()
		if found && !due.After(now) {
			if err := r.settle(ctx, due, now); err != nil {
				return err
			}
			continue
		}
		if r.adopt(now) {
			continue
		}
		next, worked := r.tick(ctx, now)
		if worked {
			continue
		}
		if found && due.Before(next) {
			next = due
		}
		if err := r.wait(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// start makes the plans, from the last record of each job on.
func (r *Runner) start() {
	r.started = r.o.Clock.Now()
	for i := range r.served {
		r.served[i] = r.started
	}
	floor := r.started
	if s, err := r.o.Calendar.AddSessions(market.DateOf(r.started), -r.o.Sessions); err == nil {
		floor = s.Open.Add(-time.Second)
	}
	for _, j := range r.o.Jobs {
		recorded, begun := r.o.Last(j.Name)
		from := r.started
		switch {
		case !recorded.IsZero():
			from = latest(recorded, floor)
		case !begun.IsZero():
			from = latest(begun.Add(-1), floor)
		}
		r.plans = append(r.plans, r.plan(j, from, begun))
	}
}

func (r *Runner) plan(j Job, from, begun time.Time) plan {
	return plan{Job: j, slots: j.When.ahead(from, r.o.Calendar), begun: begun}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earliest is the next due moment of all jobs.
func (r *Runner) earliest() (due time.Time, ok bool) {
	for _, p := range r.plans {
		if len(p.slots) > 0 && (!ok || p.slots[0].due.Before(due)) {
			due, ok = p.slots[0].due, true
		}
	}
	return due, ok
}

// settle gives every slot of the due moment its record, and moves the plans on.
func (r *Runner) settle(ctx context.Context, due, now time.Time) error {
	verdicts := make(map[string]Record)
	var jobs []string
	for _, p := range r.plans {
		if len(p.slots) == 0 || !p.slots[0].due.Equal(due) {
			continue
		}
		v := Record{Job: p.Name, Due: due}
		if v.Outcome, v.Detail = r.verdict(p, now); v.Outcome == Ran {
			jobs = append(jobs, p.Name)
		}
		verdicts[p.Name] = v
	}
	if len(jobs) > 0 {
		if err := r.run(ctx, due, jobs, verdicts); err != nil {
			return err
		}
	}
	for i := range r.plans {
		p := &r.plans[i]
		v, settled := verdicts[p.Name]
		if !settled {
			continue
		}
		if err := r.o.Record(v); err != nil {
			return fmt.Errorf("scheduler: record %s of %s: %w", v.Outcome, v.Job, err)
		}
		if !v.Ended.IsZero() {
			p.due, p.ended = due, v.Ended
		}
		p.slots = p.following(r.o.Calendar)
	}
	return nil
}

// verdict is the outcome of a slot as far as it is known before the work; Ran means that it is to run.
func (r *Runner) verdict(p plan, now time.Time) (Outcome, string) {
	s := p.slots[0]
	due, late := s.due, now.Sub(s.due)
	switch {
	case s.closed != "":
		return Closed, s.closed
	case s.beyond:
		return Disputed, "the calendar does not know this day"
	case due.Equal(p.begun):
		return Failed, "interrupted: the daemon stopped before the slot ended"
	case due.After(p.due) && due.Before(p.ended):
		return Overlapped, fmt.Sprintf("the slot of %s ran until %s", clock(p.due), clock(p.ended))
	}
	if next := p.following(r.o.Calendar); len(next) > 0 && !next[0].due.After(now) {
		return Missed, fmt.Sprintf("%s late, and the slot of %s is due as well", words(late.Round(time.Second)), clock(next[0].due))
	}
	switch onTime := due.After(r.started); {
	case !onTime && p.CatchUp != Run:
		return Missed, "due before the daemon started"
	case late > r.allowed(p.Job, onTime):
		return Missed, fmt.Sprintf("%s late", words(late.Round(time.Second)))
	}
	if why := r.o.Disputed(s.session); why != "" {
		return Disputed, why
	}
	return Ran, ""
}

// allowed is how late a slot may begin.
func (r *Runner) allowed(j Job, onTime bool) time.Duration {
	switch {
	case j.CatchUp != Run:
		return r.o.Late
	case onTime:
		return max(r.o.Late, j.Grace)
	}
	return j.Grace
}

func clock(t time.Time) string { return t.In(market.KST).Format(time.TimeOnly) }

// run works on the due moment and completes the verdicts of its jobs.
func (r *Runner) run(ctx context.Context, due time.Time, jobs []string, verdicts map[string]Record) error {
	if r.o.Begin != nil {
		if err := r.o.Begin(due, jobs); err != nil {
			return fmt.Errorf("scheduler: begin %s: %w", clock(due), err)
		}
	}
	started := r.o.Clock.Now()
	var failed map[string]error
	panicked := r.shield(ctx, func(ctx context.Context) error {
		failed = r.o.Run(ctx, due, jobs)
		return nil
	})
	ended := r.o.Clock.Now()
	for _, name := range jobs {
		v := verdicts[name]
		v.Started, v.Ended = started, ended
		if err := errors.Join(failed[name], panicked); err != nil {
			v.Outcome, v.Detail = Failed, err.Error()
		}
		verdicts[name] = v
	}
	return nil
}

// shield runs work to its end: the context it gets ends only Drain after the given one, and a panic is an error, whose
// stack Trouble hears.
func (r *Runner) shield(ctx context.Context, work func(context.Context) error) (err error) {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(r.o.Drain, cancel) })
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			r.o.Trouble(fmt.Errorf("%w\n%s", err, debug.Stack()))
		}
	}()
	return work(inner)
}

// tick runs one tick that has a moment waiting, or tells the next moment of any; with no tick in sight that is a day
// ahead.
func (r *Runner) tick(ctx context.Context, now time.Time) (next time.Time, worked bool) {
	next = now.Add(24 * time.Hour)
	for i, t := range r.o.Ticks {
		last, following := r.around(t, now)
		if last.After(r.served[i]) {
			r.served[i] = last
			if err := r.shield(ctx, func(ctx context.Context) error { return t.Run(ctx, last) }); err != nil {
				r.o.Trouble(fmt.Errorf("scheduler: %s at %s: %w", t.Name, clock(last), err))
			}
			return next, true
		}
		if !following.IsZero() && following.Before(next) {
			next = following
		}
	}
	return next, false
}

// around are the moments of a tick on both sides of the present: the last one up to now, if the session is not over for
// it, and the one that follows; zero where there is none.
func (r *Runner) around(t Tick, now time.Time) (last, following time.Time) {
	s, err := r.o.Calendar.Session(market.DateOf(now))
	if err != nil || !now.Before(s.Close.Add(t.Linger)) || r.o.Disputed(s) != "" {
		if s, err = r.o.Calendar.NextSession(market.DateOf(now)); err != nil {
			return time.Time{}, time.Time{}
		}
	}
	if now.Before(s.Open) {
		return time.Time{}, s.Open
	}
	last = s.Open.Add(now.Sub(s.Open) / t.Every * t.Every)
	return last, last.Add(t.Every)
}

// adopt puts reloaded jobs into force.
func (r *Runner) adopt(now time.Time) bool {
	r.mu.Lock()
	next := r.reload
	r.reload = nil
	r.mu.Unlock()
	if next == nil {
		return false
	}
	if err := next.adopt(); err != nil {
		r.o.Trouble(fmt.Errorf("scheduler: reload: %w", err))
		return true
	}
	r.plans = nil
	for _, j := range next.jobs {
		recorded, _ := r.o.Last(j.Name)
		r.plans = append(r.plans, r.plan(j, latest(now, recorded), time.Time{}))
	}
	return true
}

// wait sleeps until the moment, a reload or the end.
func (r *Runner) wait(ctx context.Context, until time.Time) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	pending := r.reload != nil
	r.wake = cancel
	r.mu.Unlock()
	if pending {
		return nil
	}
	if err := r.o.Clock.Wait(waiting, until); err != nil && waiting.Err() == nil {
		return fmt.Errorf("scheduler: wait: %w", err)
	}
	return nil
}
