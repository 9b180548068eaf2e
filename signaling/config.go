package signaling

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/api"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// Tokens checks the join tokens people and programs come with.
type Tokens interface {
	// VerifyJoin gives what a token grants in a room; its errors wrap those of package identity.
	VerifyJoin(ctx context.Context, token, room string) (identity.Grant, error)
}

// Owners knows whom a room belongs to.
type Owners interface {
	// Found gives the token of whoever starts a room, chosen by a name of their
	// own where taken says whether somebody is there. Where the room is
	// somebody's already the token looks the same and gives nothing.
	Found(ctx context.Context, room string, chosen, taken bool) (token string, err error)
}

// Config says how the edge of a server behaves. Zero values mean the default.
type Config struct {
	// Rooms decide everything. Required.
	Rooms *rooms.Rooms
	// Tokens checks join tokens. Required.
	Tokens Tokens
	// Files keeps what people attach to lines of chat; nil takes none.
	Files Files
	// Owners gives whoever starts a room the link of its owner; nil gives none.
	Owners Owners
	// Refused is told of everybody who was refused for want of a right. It must
	// not block. Nil: nobody is told.
	Refused func(Refusal)
	// Pages is the built web client; nil serves none.
	Pages fs.FS
	// API is what the REST API needs beside Rooms, Tokens and Logger.
	API api.Config
	// OpenRooms lets people in without a token, as guests.
	OpenRooms bool
	// PublicURL is where people reach this server ("https://meet.example");
	// empty takes what each request says.
	PublicURL string
	// AllowedOrigins are other sites whose pages may connect, beside PublicURL.
	AllowedOrigins []string
	// TrustedProxies may say where a request came from (X-Forwarded-For,
	// X-Forwarded-Proto). Nil trusts this machine; empty trusts nobody.
	TrustedProxies []netip.Prefix
	// Limits bound what one address may do.
	Limits gate.Limits
	// Timing is when a connection is given up.
	Timing Timing
	// ICEServers gives the servers that one session's client may be relayed by,
	// where its network lets nothing else through, and what takes them back
	// when the session has ended. host is what the client calls this server.
	// Nil offers none.
	ICEServers func(host string) (servers []protocol.ICEServer, revoke func())
	// Version is the server's version, shown to clients.
	Version string
	// MetricsToken opens /metrics to whoever shows it as a bearer token, and
	// MetricsOpen to everybody. Without them only this machine may read it.
	MetricsToken string
	MetricsOpen  bool
	// Registry is where figures are kept and /metrics reads them. Default an empty one.
	Registry *prometheus.Registry
	// Logger is where requests and refusals are written. Default discards.
	Logger *slog.Logger
}

// Timing is when a connection is given up, and how often it is looked at.
type Timing struct {
	// Hello is how long a new connection may take to say hello. Default 10 s.
	Hello time.Duration
	// Ping is how long a connection may be silent, either way, until the server
	// pings. Default 10 s: proxies commonly cut connections that are silent for 60 s.
	Ping time.Duration
	// Dead is how long nothing may come at most; up to a tenth of Ping less is
	// too long already. Default 25 s: two pings and a bit.
	Dead time.Duration
	// Write is how long one frame may take to go out. Default 5 s.
	Write time.Duration
	// Negotiate is how long an answer to an offer may take. Default 10 s.
	Negotiate time.Duration
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.Timing.Hello, 10 * time.Second},
		{&c.Timing.Ping, 10 * time.Second},
		{&c.Timing.Dead, 25 * time.Second},
		{&c.Timing.Write, 5 * time.Second},
		{&c.Timing.Negotiate, 10 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.TrustedProxies == nil {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c
}

// origins are the sites whose pages may connect.
func (c Config) origins() gate.Origins {
	allowed := append([]string(nil), c.AllowedOrigins...)
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		allowed = append(allowed, u.Scheme+"://"+u.Host)
	}
	return gate.Origins{Allowed: allowed}
}

// Validate says everything that is wrong with a configuration.
func (c Config) Validate() error {
	var faults []error
	if c.Rooms == nil {
		faults = append(faults, errors.New("rooms are missing"))
	}
	if c.Tokens == nil {
		faults = append(faults, errors.New("the check of tokens is missing"))
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		faults = append(faults, fmt.Errorf("public URL %q: write it like https://meet.example", c.PublicURL))
	}
	if c.Timing.Dead < 0 || c.Timing.Ping < 0 || c.Timing.Hello < 0 || c.Timing.Write < 0 || c.Timing.Negotiate < 0 {
		faults = append(faults, errors.New("times must not be negative"))
	}
	faults = append(faults, c.origins().Validate(), c.Limits.Validate())
	return errors.Join(faults...)
}
