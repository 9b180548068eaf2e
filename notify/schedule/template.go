package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"palabre/rooms"
)

// MaxTemplates is how many one server keeps.
const MaxTemplates = 200

// ErrBadName: a template cannot be called so.
var ErrBadName = errors.New("a template's name is 1 to 40 small letters, digits, - and _")

// Template is settings kept under a name, that rooms are made from.
type Template struct {
	Name             string
	Settings         rooms.Settings
	Created, Changed time.Time
}

var templateName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// CheckName says whether a template can be called so.
func CheckName(name string) error {
	if !templateName.MatchString(name) {
		return fmt.Errorf("%w, not %.60q", ErrBadName, name)
	}
	return nil
}

// TemplateChanged is the fact that a template was saved or deleted.
type TemplateChanged struct {
	// What is "saved" or "deleted".
	What, Name string
}

// Kind names the fact.
func (TemplateChanged) Kind() string { return "template.changed" }
