package api

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"palabre/notify/schedule"
	"palabre/rooms"
)

// Templates keeps named settings. The store implements it.
type Templates interface {
	Template(ctx context.Context, name string) (schedule.Template, error)
	Templates(ctx context.Context, after string, limit int) ([]schedule.Template, error)
	SaveTemplate(ctx context.Context, t schedule.Template) error
	DeleteTemplate(ctx context.Context, name string) error
}

// wireTemplate is settings kept under a name.
type wireTemplate struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	// Settings are as in a room.
	Settings wireSettings `json:"settings"`
}

// templateName is the body that names a template.
type templateName struct {
	Template string `json:"template"`
}

func showTemplate(t schedule.Template) wireTemplate {
	s := t.Settings
	days, least, origins := s.RetentionDays(), s.Least, s.Origins
	if least == nil {
		least = map[rooms.Action]rooms.Role{}
	}
	if origins == nil {
		origins = []string{}
	}
	return wireTemplate{Name: t.Name, Created: t.Created.UTC(), Changed: t.Changed.UTC(), Settings: wireSettings{
		Title: &s.Title, Lobby: &s.Lobby, MuteOnEntry: &s.MuteOnEntry, AudioOnly: &s.AudioOnly, MaxPeople: &s.MaxPeople,
		Retention: &days, Least: &least, Origins: &origins,
	}}
}

func (a *API) template(c *Call, name string) (schedule.Template, error) {
	if a.cfg.Templates == nil {
		return schedule.Template{}, errNoStore
	}
	t, err := a.cfg.Templates.Template(c.Context(), name)
	if errors.Is(err, schedule.ErrNotFound) {
		err = refuse(rooms.CodeNotFound, "There is no such template.")
	}
	return t, err
}

func (a *API) listTemplates(c *Call) (Reply, error) {
	if a.cfg.Templates == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Templates.Templates(c.Context(), page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	found, next := cut(found, page.Limit, func(t schedule.Template) string { return t.Name })
	items := make([]wireTemplate, len(found))
	for i, t := range found {
		items[i] = showTemplate(t)
	}
	return list(items, next)
}

func (a *API) showTemplate(c *Call) (Reply, error) {
	t, err := a.template(c, c.Param("template"))
	if err != nil {
		return Reply{}, err
	}
	return ok(showTemplate(t))
}

func (a *API) saveTemplate(c *Call) (Reply, error) {
	if a.cfg.Templates == nil {
		return Reply{}, errNoStore
	}
	var asked wireSettings
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	t := schedule.Template{Name: c.Param("template"), Changed: time.Now()}
	if err := schedule.CheckName(t.Name); err != nil {
		return Reply{}, scheduleFault(err)
	}
	profile, err := a.wished(c, asked, rooms.Profile{Settings: a.cfg.Rooms.DefaultSettings()})
	if err != nil {
		return Reply{}, err
	}
	t.Settings = profile.Settings
	if err := a.cfg.Templates.SaveTemplate(c.Context(), t); err != nil {
		return Reply{}, scheduleFault(err)
	}
	a.noteTemplate(c, t.Name, "saved")
	if t, err = a.template(c, t.Name); err != nil {
		return Reply{}, err
	}
	return ok(showTemplate(t))
}

func (a *API) removeTemplate(c *Call) (Reply, error) {
	if a.cfg.Templates == nil {
		return Reply{}, errNoStore
	}
	name := c.Param("template")
	if err := a.cfg.Templates.DeleteTemplate(c.Context(), name); err != nil {
		return Reply{}, scheduleFault(err)
	}
	a.noteTemplate(c, name, "deleted")
	return done()
}

// applyTemplate gives a room the settings of a template; its title and password stay.
func (a *API) applyTemplate(c *Call) (Reply, error) {
	var asked templateName
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	t, err := a.template(c, asked.Template)
	if err != nil {
		return Reply{}, err
	}
	stored, err := a.stored(c)
	if err != nil {
		return Reply{}, err
	}
	title, password := stored.Settings.Title, stored.Settings.Password
	stored.Settings = t.Settings
	stored.Settings.Title, stored.Settings.Password, stored.Updated = title, password, time.Now()
	if stored, err = a.cfg.Shelf.ChangeRoom(c.Context(), c.By, stored.Profile, stored.Version); err != nil {
		return Reply{}, err
	}
	if err := a.cfg.Rooms.Reload(c.Context(), stored.Profile); err != nil {
		return Reply{}, err
	}
	return ok(c.room(stored))
}

func (a *API) noteTemplate(c *Call, name, what string) {
	if a.cfg.Hooks.Journal == nil {
		return
	}
	a.cfg.Hooks.Journal.Keep([]rooms.Fact{{
		ID: uuid.Must(uuid.NewV7()).String(), At: time.Now(), By: c.By, Data: schedule.TemplateChanged{What: what, Name: name},
	}}, func() {})
}
