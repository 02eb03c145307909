package main

import (
	"testing"

	"maemae/market"
)

func TestDaysOfTheConfigurationGoBeforeTheCalendarsTable(t *testing.T) {
	c := defaults()
	c.Calendar = []DayConfig{{Date: 20240305, Name: "closed by decree"}, {Date: 20240306, Open: "10:00", Close: "16:30", Name: "late open"}}
	cal, err := calendar(c)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := cal.Session(20240305); err == nil {
		t.Errorf("a day closed by decree has a session: %v", s)
	}
	if s, err := cal.Session(20240306); err != nil || s.Open != market.Date(20240306).At(10, 0) || s.Close != market.Date(20240306).At(16, 30) {
		t.Errorf("%v, %v", s, err)
	}
	c.Calendar = []DayConfig{{Date: 20240306, Open: "10:00"}}
	if _, err := calendar(c); err == nil {
		t.Error("a day with an open and no close is taken")
	}
}
