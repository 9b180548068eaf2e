package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"palabre/identity"
	"palabre/notify/mail"
	"palabre/rooms"
)

// Mail is what the API needs for mail that waits or could not be sent.
type Mail struct {
	// Book keeps it; nil answers 503.
	Book mail.Book
	// Journal is told of every change, for the audit log.
	Journal mail.Journal
}

func (a *API) mailRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/mail", Scope: identity.MailRead, Server: true, Do: a.listMail},
		{Method: http.MethodPost, Path: "/mail/{message}/retry", Scope: identity.MailWrite, Server: true, Do: a.retryMail},
		{Method: http.MethodDelete, Path: "/mail/{message}", Scope: identity.MailWrite, Server: true, Do: a.deleteMail},
	}
}

// wireMail says who a message is for and how it went, and not what is in it.
type wireMail struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	To       string     `json:"to"`
	State    mail.State `json:"state"`
	Created  time.Time  `json:"created"`
	Attempts int        `json:"attempts"`
	Due      *time.Time `json:"due,omitempty"`
	GivenUp  *time.Time `json:"givenUp,omitempty"`
	Error    string     `json:"error,omitempty"`
}

func mailOnWire(m mail.Queued) wireMail {
	w := wireMail{ID: m.ID, Kind: m.Kind, To: m.To, State: m.State, Created: m.Created.UTC(), Attempts: m.Attempts, Error: m.Error}
	if m.State == mail.Dead {
		w.GivenUp = moment(m.Due)
	} else {
		w.Due = moment(m.Due)
	}
	return w
}

// listMail gives the messages that wait or were given up, oldest first.
func (a *API) listMail(c *Call) (Reply, error) {
	if a.cfg.Mail.Book == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	state := mail.State(c.Query("state"))
	if state != "" && state != mail.Waiting && state != mail.Dead {
		return Reply{}, refuse(rooms.CodeBadMessage, "state is waiting or dead.")
	}
	found, err := a.cfg.Mail.Book.Mail(c.Context(), state, page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	found, next := cut(found, page.Limit, func(m mail.Queued) string { return m.ID })
	items := make([]wireMail, len(found))
	for i, m := range found {
		items[i] = mailOnWire(m)
	}
	return list(items, next)
}

// retryMail has a message tried again as if it were new.
func (a *API) retryMail(c *Call) (Reply, error) {
	if a.cfg.Mail.Book == nil {
		return Reply{}, errNoStore
	}
	m, err := a.cfg.Mail.Book.RetryMail(c.Context(), c.Param("message"), time.Now())
	if err != nil {
		return Reply{}, mailFault(err)
	}
	a.noteMail(c, m, "retried")
	return Reply{Status: http.StatusAccepted}, nil
}

func (a *API) deleteMail(c *Call) (Reply, error) {
	if a.cfg.Mail.Book == nil {
		return Reply{}, errNoStore
	}
	m, err := a.cfg.Mail.Book.DeleteMail(c.Context(), c.Param("message"))
	if err != nil {
		return Reply{}, mailFault(err)
	}
	a.noteMail(c, m, "deleted")
	return done()
}

// mailFault gives refusals the form of the API.
func mailFault(err error) error {
	if errors.Is(err, mail.ErrNotFound) {
		return refuse(rooms.CodeNotFound, "There is no such message: what was sent is forgotten.")
	}
	return err
}

func (a *API) noteMail(c *Call, m mail.Queued, what string) {
	if a.cfg.Mail.Journal == nil {
		return
	}
	a.cfg.Mail.Journal.Keep([]rooms.Fact{{
		ID: uuid.Must(uuid.NewV7()).String(), At: time.Now(), By: c.By, Data: mail.Changed{What: what, Message: m.ID, About: m.Kind},
	}}, func() {})
}
