package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"palabre/identity"
	"palabre/rooms"
)

// Stored is a room as it is remembered.
type Stored struct {
	rooms.Profile
	// Version grows with each change and is the ETag of the room.
	Version int64
}

// RoomFilter narrows a list of rooms; zero values ask for all.
type RoomFilter struct {
	Owner string
	Kind  rooms.RoomKind
	// Name is what the name or title contains, in any case.
	Name string
}

// Shelf holds the rooms that are remembered. The store implements it. Each
// change is written to the audit log as done by somebody.
type Shelf interface {
	Rooms(ctx context.Context, filter RoomFilter, page Page) (items []Stored, next string, err error)
	// Room gives one; an error that is rooms.ErrNotFound where there is none.
	Room(ctx context.Context, name string) (Stored, error)
	// AddRoom fails with rooms.ErrConflict where there is one of the name.
	AddRoom(ctx context.Context, by rooms.Actor, profile rooms.Profile) (Stored, error)
	// ChangeRoom fails with rooms.ErrConflict where the version is another one by now.
	ChangeRoom(ctx context.Context, by rooms.Actor, profile rooms.Profile, version int64) (Stored, error)
	RemoveRoom(ctx context.Context, by rooms.Actor, name string) error
}

func (a *API) roomRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/rooms", Scope: identity.RoomsRead, Do: a.listRooms},
		{Method: http.MethodPut, Path: "/rooms/{room}", Scope: identity.RoomsWrite, Do: a.addRoom},
		{Method: http.MethodGet, Path: "/rooms/{room}", Scope: identity.RoomsRead, Action: rooms.Configure, Do: a.showRoom},
		{Method: http.MethodPatch, Path: "/rooms/{room}", Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.changeRoom},
		{Method: http.MethodDelete, Path: "/rooms/{room}", Scope: identity.RoomsWrite, Action: rooms.Own, Do: a.removeRoom},
		{Method: http.MethodGet, Path: "/rooms/{room}/live", Scope: identity.MeetingsRead, Action: rooms.Moderate, Do: a.live},
	}
}

// wireRoom is a room in answers; wireSettings is what of it can be changed.
type (
	wireRoom struct {
		Name    string         `json:"name"`
		URL     string         `json:"url"`
		Kind    rooms.RoomKind `json:"kind"`
		Owner   string         `json:"owner,omitempty"`
		Version int64          `json:"version"`
		Created time.Time      `json:"created"`
		Updated time.Time      `json:"updated"`
		Title   string         `json:"title"`
		// Password says whether newcomers are asked for one.
		Password    bool                        `json:"password"`
		Lobby       bool                        `json:"lobby"`
		MuteOnEntry bool                        `json:"muteOnEntry"`
		AudioOnly   bool                        `json:"audioOnly"`
		MaxPeople   int                         `json:"maxPeople"`
		Retention   float64                     `json:"retentionDays"`
		Least       map[rooms.Action]rooms.Role `json:"least"`
		Origins     []string                    `json:"origins"`
	}
	wireSettings struct {
		Title       *string                      `json:"title,omitempty"`
		Lobby       *bool                        `json:"lobby,omitempty"`
		MuteOnEntry *bool                        `json:"muteOnEntry,omitempty"`
		AudioOnly   *bool                        `json:"audioOnly,omitempty"`
		MaxPeople   *int                         `json:"maxPeople,omitempty"`
		Retention   *float64                     `json:"retentionDays,omitempty"`
		Least       *map[rooms.Action]rooms.Role `json:"least,omitempty"`
		Origins     *[]string                    `json:"origins,omitempty"`
		Owner       *string                      `json:"owner,omitempty"`
		// Password is what newcomers must know; empty asks for none.
		Password *string `json:"password,omitempty"`
	}
)

func (c *Call) room(s Stored) wireRoom {
	settings := s.Settings
	w := wireRoom{
		Name: s.Name, URL: c.api.door.Link(c.http.Request, s.Name), Kind: s.Kind, Owner: s.Owner, Version: s.Version,
		Created: s.Created.UTC(), Updated: s.Updated.UTC(), Title: settings.Title, Password: settings.Password != "",
		Lobby: settings.Lobby, MuteOnEntry: settings.MuteOnEntry, AudioOnly: settings.AudioOnly, MaxPeople: settings.MaxPeople,
		Retention: settings.RetentionDays(), Least: settings.Least, Origins: settings.Origins,
	}
	if w.Least == nil {
		w.Least = map[rooms.Action]rooms.Role{}
	}
	if w.Origins == nil {
		w.Origins = []string{}
	}
	return w
}

// onto puts what a body says over what there was.
func (w wireSettings) onto(p rooms.Profile) rooms.Profile {
	set(&p.Settings.Title, w.Title)
	set(&p.Settings.Lobby, w.Lobby)
	set(&p.Settings.MuteOnEntry, w.MuteOnEntry)
	set(&p.Settings.AudioOnly, w.AudioOnly)
	set(&p.Settings.MaxPeople, w.MaxPeople)
	set(&p.Settings.Origins, w.Origins)
	set(&p.Owner, w.Owner)
	if w.Least != nil {
		p.Settings.Least = maps.Clone(*w.Least)
	}
	if w.Retention != nil {
		p.Settings.Retention = rooms.Days(*w.Retention)
	}
	return p
}

func set[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

func (a *API) listRooms(c *Call) (Reply, error) {
	if a.cfg.Shelf == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	filter := RoomFilter{Owner: c.Query("owner"), Kind: rooms.RoomKind(c.Query("kind")), Name: c.Query("name")}
	found, next, err := a.cfg.Shelf.Rooms(c.Context(), filter, page)
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireRoom, 0, len(found))
	for _, stored := range found {
		if c.Key.Opens(stored.Name) {
			items = append(items, c.room(stored))
		}
	}
	return list(items, next)
}

// addRoom makes a permanent room of the name in the path.
func (a *API) addRoom(c *Call) (Reply, error) {
	if a.cfg.Shelf == nil {
		return Reply{}, errNoStore
	}
	var asked wireSettings
	if !c.Empty() {
		if err := c.Decode(&asked); err != nil {
			return Reply{}, err
		}
	}
	now := time.Now()
	profile := rooms.Profile{Name: c.Room, Kind: rooms.Permanent, Settings: a.cfg.Rooms.DefaultSettings(), Created: now, Updated: now}
	profile, err := a.wished(c, asked, profile)
	if err != nil {
		return Reply{}, err
	}
	stored, err := a.cfg.Shelf.AddRoom(c.Context(), c.By, profile)
	if err != nil {
		return Reply{}, err
	}
	if err := a.cfg.Rooms.Reload(c.Context(), stored.Profile); err != nil {
		return Reply{}, err
	}
	reply, _ := created(c.api.door.Link(c.http.Request, c.Room), c.room(stored))
	reply.Header.Set("ETag", etag(stored.Version))
	return reply, nil
}

func (a *API) checked(p rooms.Profile) (rooms.Profile, error) {
	settings, err := a.cfg.Rooms.CheckSettings(p.Settings)
	if err != nil {
		return p, err
	}
	if len(p.Owner) > maxOwner {
		return p, refuse(rooms.CodeTooLarge, fmt.Sprintf("An owner has at most %d bytes.", maxOwner))
	}
	p.Settings = settings
	return p, nil
}

// wished puts what a body says over what there was, and checks it. A password is
// hashed last, when all else is right.
func (a *API) wished(c *Call, asked wireSettings, was rooms.Profile) (rooms.Profile, error) {
	profile, err := a.checked(asked.onto(was))
	if err == nil && asked.Password != nil {
		profile.Settings.Password, err = a.cfg.Rooms.HashPassword(c.Context(), *asked.Password)
	}
	return profile, err
}

// maxOwner bounds the identity a room belongs to, in bytes: that of a token's subject.
const maxOwner = 128

func (a *API) showRoom(c *Call) (Reply, error) {
	stored, err := a.stored(c)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Status: http.StatusOK, Body: c.room(stored), Header: http.Header{"Etag": {etag(stored.Version)}}}, nil
}

func (a *API) stored(c *Call) (Stored, error) {
	if a.cfg.Shelf == nil {
		return Stored{}, errNoStore
	}
	return a.cfg.Shelf.Room(c.Context(), c.Room)
}

// changeRoom changes what the body names. With If-Match it does so only to the
// version the caller has seen (RFC 9110 section 13.1.1).
func (a *API) changeRoom(c *Call) (Reply, error) {
	var asked wireSettings
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	stored, err := a.stored(c)
	if err != nil {
		return Reply{}, err
	}
	if asked.Owner != nil && c.Key.ID == "" && !a.cfg.Rooms.May(c.By.Role, rooms.Own) {
		return Reply{}, refuse(rooms.CodeForbidden, "Only the owner hands a room over.")
	}
	if match := c.Header("If-Match"); match != "" && match != "*" && match != etag(stored.Version) {
		return Reply{}, refuse(rooms.CodeConflict, "Somebody else has changed the room: look at it again.")
	}
	profile, err := a.wished(c, asked, stored.Profile)
	if err != nil {
		return Reply{}, err
	}
	profile.Updated = time.Now()
	stored, err = a.cfg.Shelf.ChangeRoom(c.Context(), c.By, profile, stored.Version)
	if err != nil {
		return Reply{}, err
	}
	if err := a.cfg.Rooms.Reload(c.Context(), stored.Profile); err != nil {
		return Reply{}, err
	}
	return Reply{Status: http.StatusOK, Body: c.room(stored), Header: http.Header{"Etag": {etag(stored.Version)}}}, nil
}

func (a *API) removeRoom(c *Call) (Reply, error) {
	if a.cfg.Shelf == nil {
		return Reply{}, errNoStore
	}
	if err := a.cfg.Shelf.RemoveRoom(c.Context(), c.By, c.Room); err != nil {
		return Reply{}, err
	}
	return done()
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// wireLive is the meeting that is on in a room.
type (
	wireLive struct {
		Meeting string       `json:"meeting,omitempty"`
		Started *time.Time   `json:"started,omitempty"`
		Locked  bool         `json:"locked"`
		People  []wirePerson `json:"people"`
		// Waiting are those in the lobby.
		Waiting []wireWaiting `json:"waiting"`
	}
	wirePerson struct {
		ID      string     `json:"id"`
		Name    string     `json:"name"`
		Role    rooms.Role `json:"role"`
		Joined  time.Time  `json:"joined"`
		Hand    *time.Time `json:"hand,omitempty"`
		Away    bool       `json:"away"`
		Sending []string   `json:"sending"`
	}
	wireWaiting struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

func (a *API) live(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	state, err := agent.Live(c.Context())
	if err != nil {
		return Reply{}, err
	}
	w := wireLive{Meeting: state.Meeting.ID, Locked: state.Meeting.Locked, Started: moment(state.Meeting.Started), People: []wirePerson{}, Waiting: []wireWaiting{}}
	for _, p := range state.People {
		w.People = append(w.People, wirePerson{
			ID: p.ID, Name: p.Name, Role: p.Role, Joined: p.Joined.UTC(), Hand: moment(p.Hand), Away: p.Away, Sending: sources(p.Sending),
		})
	}
	for _, k := range state.Waiting {
		w.Waiting = append(w.Waiting, wireWaiting{k.Participant, k.Name})
	}
	return ok(w)
}

func sources(s rooms.Sending) []string {
	names := []string{}
	for _, sent := range []struct {
		source rooms.Source
		on     bool
	}{{rooms.Microphone, s.Microphone}, {rooms.Camera, s.Camera}, {rooms.Screen, s.Screen}, {rooms.ScreenAudio, s.ScreenAudio}} {
		if sent.on {
			names = append(names, string(sent.source))
		}
	}
	return names
}

// moment is a time in UTC; nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
