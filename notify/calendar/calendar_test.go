package calendar

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func weekly(zone string) Appointment {
	return Appointment{
		ID: "abc", Domain: "meet.example", Room: "monday", URL: "https://meet.example/r/monday", Title: "Round", Start: "2026-01-05T09:00", Zone: zone,
		Duration: 90 * time.Minute, Rule: "FREQ=WEEKLY;BYDAY=MO", Organizer: Person{"Ana", "ana@example.org"}, Invitees: []Person{{"Ben", "ben@example.org"}},
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Changed: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	}
}

func clean(t *testing.T, a Appointment) Appointment {
	t.Helper()
	a, err := a.Clean()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Nine o'clock stays nine o'clock all year, whatever the zone does.
func TestSeriesOverTheYear(t *testing.T) {
	for _, c := range []struct {
		zone           string
		winter, summer int // the hour in UTC
	}{{"Europe/Paris", 8, 7}, {"America/New_York", 14, 13}, {"Asia/Kolkata", 3, 3}, {"Australia/Sydney", 23, 22}} {
		a := clean(t, weekly(c.zone))
		zone, err := Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		list, err := a.Occurrences(from, from.AddDate(1, 0, 0), 100)
		if err != nil || len(list) < 51 {
			t.Fatalf("%s: %d meetings (%v)", c.zone, len(list), err)
		}
		hours := map[int]bool{}
		for _, o := range list {
			local := o.Start.In(zone)
			if local.Hour() != 9 || local.Minute() != 0 || local.Weekday() != time.Monday || o.End.Sub(o.Start) != 90*time.Minute {
				t.Errorf("%s: a meeting at %v", c.zone, local)
			}
			hours[o.Start.UTC().Hour()] = true
		}
		if want := (map[int]bool{c.winter: true, c.summer: true}); fmt.Sprint(hours) != fmt.Sprint(want) {
			t.Errorf("%s: at the hours %v in UTC, want %v", c.zone, hours, want)
		}
	}
}

// A time that is skipped is taken with the offset from before, one that comes
// twice is the first (RFC 5545 section 3.3.5).
func TestTimesThatAreSkippedOrComeTwice(t *testing.T) {
	for _, c := range []struct{ zone, wall, utc string }{
		{"Europe/Paris", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"},
		{"Europe/Paris", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"},
		{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"},
		{"America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"},
		{"Europe/Paris", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"},
		{"Europe/Paris", "2026-03-29T12:00:00", "2026-03-29T10:00:00Z"},
	} {
		zone, err := Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := Wall(c.wall).In(zone).UTC().Format(time.RFC3339); got != c.utc {
			t.Errorf("%s in %s is %s, want %s", c.wall, c.zone, got, c.utc)
		}
	}
}

func TestZonesAsCalendarsReadThem(t *testing.T) {
	for zone, want := range map[string][]string{
		"Europe/Paris": {
			"BEGIN:DAYLIGHT", "DTSTART:20250330T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
			"BEGIN:STANDARD", "DTSTART:20251026T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
		},
		"America/New_York":  {"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "TZNAME:EDT"},
		"Asia/Kolkata":      {"TZOFFSETTO:+0530"},
		"UTC":               {"TZOFFSETFROM:+0000", "TZOFFSETTO:+0000"},
		"Africa/Casablanca": {"BEGIN:DAYLIGHT", "BEGIN:STANDARD"}, // changes with Ramadan: each is listed
	} {
		text := string(clean(t, weekly(zone)).File())
		for _, line := range want {
			if !strings.Contains(text, line+"\r\n") {
				t.Errorf("%s: no %s in\n%s", zone, line, text)
			}
		}
		if rules := strings.Count(text, "RRULE:FREQ=YEARLY"); zone == "Africa/Casablanca" && (rules > 0 || strings.Count(text, "TZOFFSETTO") < 15) {
			t.Errorf("%s: %d yearly rules in\n%s", zone, rules, text)
		}
	}
}

// Read back by the library: an invitation with all that other calendars look for.
func TestInvitation(t *testing.T) {
	a := weekly("Europe/Paris")
	a.Title, a.Description = "Réunion; du \"lundi\", longue et bonne, avec tout le monde et quelques autres encore", "Ordre du jour:\n1, 2; 3"
	a.Organizer.Name = `Ana "O'Brien", CEO; x:y`
	a = clean(t, a)
	var err error
	if a, err = a.Cancel("2026-01-12T09:00:00"); err != nil {
		t.Fatal(err)
	}
	if a, err = a.Move(Moved{Of: "2026-01-19T09:00:00", Start: "2026-01-20T10:00", Duration: time.Hour}); err != nil {
		t.Fatal(err)
	}
	text := a.Request()
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	cal, err := ics.ParseCalendar(strings.NewReader(string(text)))
	if err != nil || len(cal.Events()) != 2 || len(cal.Timezones()) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	series, moved := cal.Events()[0], cal.Events()[1]
	for property, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertyUniqueId: "abc@meet.example", ics.ComponentPropertySequence: "0", ics.ComponentPropertyDtStart: "20260105T090000",
		ics.ComponentPropertyDtEnd: "20260105T103000", ics.ComponentPropertySummary: a.Title, ics.ComponentPropertyUrl: a.URL,
		ics.ComponentPropertyLocation: a.URL, ics.ComponentPropertyExdate: "20260112T090000", ics.ComponentPropertyRrule: "FREQ=WEEKLY;BYDAY=MO",
		"CONFERENCE": a.URL, ics.ComponentPropertyDescription: a.URL + "\n\n" + a.Description, ics.ComponentPropertyOrganizer: "mailto:ana@example.org",
	} {
		if p := series.GetProperty(property); p == nil || p.Value != want {
			t.Errorf("%s is %v, want %q", property, p, want)
		}
	}
	if p := moved.GetProperty(ics.ComponentPropertyRecurrenceId); p == nil || p.Value != "20260119T090000" {
		t.Errorf("the moved meeting is of %v", p)
	}
	unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
	for _, want := range []string{
		"METHOD:REQUEST\r\n", "CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Palabre;VALUE=URI:https://meet.example/r/monday\r\n",
		"ORGANIZER;CN=Ana O’Brien  CEO  x y:mailto:ana@example.org\r\n", "RSVP=TRUE:mailto:ben@example.org\r\n", "DTSTAMP:20260102T000000Z\r\n",
	} {
		if !strings.Contains(unfolded, want) {
			t.Errorf("no %q in\n%s", want, unfolded)
		}
	}
}

func TestCancellations(t *testing.T) {
	a := clean(t, weekly("Europe/Paris"))
	one, all := string(a.Cancellation("2026-01-12T09:00:00")), string(a.Cancellation(""))
	for _, text := range []string{one, all} {
		if !strings.Contains(text, "METHOD:CANCEL\r\n") || !strings.Contains(text, "STATUS:CANCELLED\r\n") {
			t.Errorf("no cancellation:\n%s", text)
		}
	}
	if !strings.Contains(one, "RECURRENCE-ID;TZID=Europe/Paris:20260112T090000\r\n") || strings.Contains(all, "RECURRENCE-ID") {
		t.Error("which meeting is cancelled?")
	}
}

func TestPublicCalendarNamesNobody(t *testing.T) {
	if text := string(clean(t, weekly("Europe/Paris")).Public().File()); strings.Contains(text, "@example.org") || strings.Contains(text, "METHOD") {
		t.Errorf("it says\n%s", text)
	}
}

func TestOneOccurrence(t *testing.T) {
	a := clean(t, weekly("Europe/Paris"))
	if _, err := a.Cancel("2026-01-13T09:00:00"); !errors.Is(err, ErrNoOccurrence) {
		t.Errorf("a day without a meeting: %v", err)
	}
	a, err := a.Cancel("2026-01-12T09:00:00")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Move(Moved{Of: "2026-01-12T09:00:00", Start: "2026-01-13T09:00", Duration: time.Hour}); !errors.Is(err, ErrNoOccurrence) {
		t.Errorf("a cancelled meeting is moved: %v", err)
	}
	list, err := a.Occurrences(time.Time{}, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), 10)
	if err != nil || len(list) != 4 || !list[1].Cancelled || list[0].Cancelled {
		t.Errorf("%+v (%v)", list, err)
	}
	// A series that moves to Tuesdays has no exceptions on Mondays any more.
	a.Rule, a.Start = "FREQ=WEEKLY;BYDAY=TU", "2026-01-06T09:00:00"
	if a = clean(t, a); len(a.Cancelled) != 0 {
		t.Errorf("cancelled: %v", a.Cancelled)
	}
}

func TestAppointmentsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Appointment){
		"no title":              func(a *Appointment) { a.Title = " \n" },
		"a day alone":           func(a *Appointment) { a.Start = "2026-01-05" },
		"no time zone":          func(a *Appointment) { a.Zone = "" },
		"an unknown zone":       func(a *Appointment) { a.Zone = "Europe/Atlantis" },
		"a path as a zone":      func(a *Appointment) { a.Zone = "../../etc/passwd" },
		"no duration":           func(a *Appointment) { a.Duration = 0 },
		"more than a day":       func(a *Appointment) { a.Duration = 25 * time.Hour },
		"every hour":            func(a *Appointment) { a.Rule = "FREQ=HOURLY" },
		"by hours":              func(a *Appointment) { a.Rule = "FREQ=DAILY;BYHOUR=9,10" },
		"endless count":         func(a *Appointment) { a.Rule = "FREQ=DAILY;COUNT=100000" },
		"count and until":       func(a *Appointment) { a.Rule = "FREQ=DAILY;COUNT=2;UNTIL=20270101" },
		"never":                 func(a *Appointment) { a.Rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" },
		"a tenth Monday":        func(a *Appointment) { a.Rule = "FREQ=MONTHLY;BYDAY=10MO" },
		"from far back":         func(a *Appointment) { a.Rule = "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO,-9MO" },
		"second day of a week":  func(a *Appointment) { a.Rule = "FREQ=WEEKLY;BYDAY=2MO" },
		"not on its own day":    func(a *Appointment) { a.Rule = "FREQ=WEEKLY;BYDAY=TU" },
		"two rules":             func(a *Appointment) { a.Rule = "FREQ=DAILY\r\nATTENDEE:mailto:x@example.org" },
		"no address":            func(a *Appointment) { a.Invitees = []Person{{"Ben", "ben"}} },
		"an address with lines": func(a *Appointment) { a.Invitees = []Person{{"Ben", "ben@example.org\r\nBcc: x@example.org"}} },
		"two addresses":         func(a *Appointment) { a.Invitees = []Person{{"", "a@example.org, b@example.org"}} },
		"too many people":       func(a *Appointment) { a.Invitees = make([]Person, MaxInvitees+1) },
	} {
		a := weekly("Europe/Paris")
		change(&a)
		if _, err := a.Clean(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUntil(t *testing.T) {
	for until, want := range map[string]int{"20260119": 3, "20260119T090000": 3, "20260119T080000Z": 3, "20260119T075959Z": 2, "20260118": 2} {
		a := weekly("Europe/Paris")
		a.Rule = "FREQ=WEEKLY;UNTIL=" + until
		a = clean(t, a)
		list, err := a.Occurrences(time.Time{}, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), 100)
		if err != nil || len(list) != want {
			t.Errorf("until %s (%s): %d meetings, want %d (%v)", until, a.Rule, len(list), want, err)
		}
		if again := clean(t, a); again.Rule != a.Rule {
			t.Errorf("cleaned twice, %s becomes %s", a.Rule, again.Rule)
		}
	}
}

// Whatever rule a stranger writes: it is refused, or followed within bounds and stays the same when read again.
func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		"FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=1MO;COUNT=3", "FREQ=YEARLY;BYYEARDAY=5,-1", "FREQ=DAILY;UNTIL=20270101T000000Z", "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU",
		"FREQ=MONTHLY;BYDAY=1MO,-8MO", "FREQ=YEARLY;BYWEEKNO=2,53;BYDAY=MO", "FREQ=YEARLY;BYMONTH=1,12;BYDAY=1MO,5TU,-5WE",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		for _, start := range []Wall{"2026-01-05T09:00:00", "2028-02-29T23:30:00", "2032-12-31T00:00:00"} {
			follow(t, rule, start)
		}
	})
}

func follow(t *testing.T, rule string, start Wall) {
	a := weekly("Europe/Paris")
	a.Rule, a.Start = rule, start
	a, err := a.Clean()
	if err != nil {
		return
	}
	again, err := a.Clean()
	if err != nil || again.Rule != a.Rule {
		t.Errorf("%q becomes %q and then %q (%v)", rule, a.Rule, again.Rule, err)
	}
	list, err := a.Occurrences(time.Time{}, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), 5000)
	if err != nil || len(list) == 0 || len(list) > 4000 || list[0].Of != a.Start {
		t.Errorf("%q: %d meetings (%v)", rule, len(list), err)
	}
}

// No text of a stranger ends a line of a calendar or begins another one.
func FuzzFile(f *testing.F) {
	f.Add("Round", "a\r\nATTENDEE:x", `Ana "x"`)
	f.Add("\u2028", "\\n;,", "a:b;c,d")
	f.Fuzz(func(t *testing.T, title, description, name string) {
		a := weekly("Europe/Paris")
		a.Title, a.Description, a.Organizer.Name = title, description, name
		a, err := a.Clean()
		if err != nil {
			return
		}
		text := string(a.Request())
		if strings.Count(text, "\r\nATTENDEE") != 1 || strings.Count(text, "BEGIN:VEVENT\r\n") != 1 || strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n") {
			t.Errorf("%q, %q, %q give\n%s", title, description, name, text)
		}
		if _, err := ics.ParseCalendar(strings.NewReader(text)); err != nil {
			t.Errorf("it cannot be read: %v\n%s", err, text)
		}
	})
}
