package calendar

import (
	"fmt"
	"time"

	ics "github.com/arran4/golang-ical"
)

// change is the moment a zone's clocks are set.
type change struct {
	at       time.Time
	from, to int // seconds east of UTC before and after
	name     string
	summer   bool
}

// local is what the clock showed when it was set.
func (c change) local() time.Time { return c.at.UTC().Add(time.Duration(c.from) * time.Second) }

// timezone describes a zone's clocks from before an instant on (RFC 5545
// section 3.6.5). Where they are set by a yearly rule the description says so;
// otherwise it lists each change for as long as a series is followed.
func timezone(zone *time.Location, name string, from time.Time, repeats bool) *ics.VTimezone {
	vt := ics.NewTimezone(name)
	until := from.AddDate(2, 0, 0)
	if repeats {
		until = from.Add(Horizon)
	}
	list := changes(zone, from, until)
	switch {
	case len(list) == 0:
		_, offset := from.Zone()
		at := time.Unix(0, 0)
		abbreviation, _ := from.In(zone).Zone()
		addObservance(vt, change{at: at, from: offset, to: offset, name: abbreviation}, "")
	case yearly(list):
		for i, c := range list[:2] {
			addObservance(vt, c, ruleOf(list, i))
		}
	default:
		for _, c := range list {
			addObservance(vt, c, "")
		}
	}
	return vt
}

// changes lists a zone's changes: the two before an instant, and all from then until another.
func changes(zone *time.Location, from, until time.Time) []change {
	var list []change
	at := from.In(zone)
	for range 2 {
		start, _ := at.ZoneBounds()
		if start.IsZero() || from.Sub(start) > 3*366*24*time.Hour && len(list) > 0 {
			break
		}
		list = append([]change{changeAt(start)}, list...)
		at = start.Add(-time.Second)
	}
	for at = from.In(zone); ; {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(until) {
			return list
		}
		list = append(list, changeAt(end))
		at = end
	}
}

func changeAt(t time.Time) change {
	name, to := t.Zone()
	_, from := t.Add(-time.Second).Zone()
	return change{at: t, from: from, to: to, name: name, summer: t.IsDST()}
}

// yearly says whether the changes are two a year by one rule each.
func yearly(list []change) bool {
	if len(list) < 4 {
		return false
	}
	for i := range 2 {
		if ruleOf(list, i) == "" {
			return false
		}
	}
	return true
}

// ruleOf is the rule of every second change, beginning with one: the nth or the
// last of a weekday in a month, at the same time. Empty where there is none.
func ruleOf(list []change, first int) string {
	begin := list[first].local()
	nth, last := (begin.Day()-1)/7+1, true
	sameNth := true
	for i := first; i < len(list); i += 2 {
		l := list[i].local()
		if l.Month() != begin.Month() || l.Weekday() != begin.Weekday() || l.Hour() != begin.Hour() || l.Minute() != begin.Minute() ||
			list[i].to != list[first].to || list[i].from != list[first].from || l.Year() != begin.Year()+(i-first)/2 {
			return ""
		}
		sameNth = sameNth && (l.Day()-1)/7+1 == nth
		last = last && l.AddDate(0, 0, 7).Month() != l.Month()
	}
	day := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}[begin.Weekday()]
	switch {
	case last:
		return fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=-1%s", begin.Month(), day)
	case sameNth:
		return fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", begin.Month(), nth, day)
	}
	return ""
}

func addObservance(vt *ics.VTimezone, c change, rule string) {
	base := &ics.ComponentBase{}
	base.AddProperty(ics.ComponentPropertyDtStart, c.local().Format("20060102T150405"))
	base.AddProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offset(c.from))
	base.AddProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offset(c.to))
	base.AddProperty(ics.ComponentProperty(ics.PropertyTzname), c.name)
	if rule != "" {
		base.AddRrule(rule)
	}
	if c.summer {
		vt.Components = append(vt.Components, &ics.Daylight{ComponentBase: *base})
		return
	}
	vt.Components = append(vt.Components, &ics.Standard{ComponentBase: *base})
}

// offset writes an offset from UTC (RFC 5545 section 3.3.14).
func offset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf("%02d", seconds%60)
	}
	return text
}
