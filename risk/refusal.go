// Package risk is the gate between a decision and the broker: an order passes every check and becomes a permit, or it
// is refused with the limit's name, what was wanted and what is allowed. It decides from the nouns it is given; it does
// no I/O, reads no clock, keeps no counts of its own, and knows neither rules, journal nor engine.
package risk

// Refusal is the gate's no. It is an error whose text is for a person; programs look at Code.
type Refusal struct {
	Code    string `json:"code"`              // name of the check that refused, a name in Rules
	Wanted  string `json:"wanted,omitempty"`  // what the order asked for, with its unit
	Allowed string `json:"allowed,omitempty"` // what would have passed, with its unit
	Detail  string `json:"detail,omitempty"`  // why, in words
	Limit   bool   `json:"limit,omitempty"`   // a limit someone set (true) or a fact of market, account or daemon
	Wait    bool   `json:"wait,omitempty"`    // the fact may pass: decide again a little later
}

func (r *Refusal) Error() string {
	s := "risk: " + r.Code
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	if r.Wanted != "" {
		s += ": wanted " + r.Wanted
	}
	if r.Allowed != "" {
		s += ", allowed " + r.Allowed
	}
	return s
}

// Passed is one check that let the order by, with the numbers it compared. An exit that a limit would have stopped
// passes that limit with Waived.
type Passed struct {
	Code    string `json:"code"`
	Wanted  string `json:"wanted,omitempty"`
	Allowed string `json:"allowed,omitempty"`
	Waived  bool   `json:"waived,omitempty"`
}
