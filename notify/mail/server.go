package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLSPolicy says how the connection to the mail server is secured.
type TLSPolicy string

// The policies for smtp:// addresses; smtps:// has TLS from the first byte on.
const (
	// StartTLS insists on it (RFC 3207).
	StartTLS TLSPolicy = "starttls"
	// Opportunistic takes it where the server offers it.
	Opportunistic TLSPolicy = "opportunistic"
	// Plain does without, as for a server on the same machine.
	Plain TLSPolicy = "off"
)

const (
	// dialTimeout bounds the connection, its greeting, TLS and login, and each command.
	dialTimeout = 20 * time.Second
	// smtpPort is for submission (RFC 6409), smtpsPort with TLS from the start (RFC 8314).
	smtpPort, smtpsPort = 587, 465
)

// Server is a mail server that takes our messages.
type Server struct {
	host     string
	port     int
	implicit bool
	policy   TLSPolicy
	user     string
	password string
	from     mail.Address
	tls      *tls.Config
}

// ServerConfig says how the mail server is reached.
type ServerConfig struct {
	// URL is smtp://[user@]host[:port] or smtps://….
	URL string
	// Password goes with the URL's user.
	Password string
	// From is the sender, such as "Palabre <meet@example.org>".
	From string
	// TLS is how smtp:// is secured. Default [StartTLS].
	TLS TLSPolicy
	// Roots are for a test's own certificates.
	Roots *tls.Config
}

// NewServer reads the settings and says everything that is wrong with them.
func NewServer(c ServerConfig) (*Server, error) {
	s := &Server{policy: c.TLS, password: c.Password, port: smtpPort, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	if c.Roots != nil {
		s.tls = c.Roots.Clone()
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("the sender %.80q: write it like Palabre <meet@example.org>", c.From)
	}
	s.from = *from
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("the mail server is no URL: write it like smtp://user@mail.example.org:587")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("a password in the mail server's URL can be seen by others: write it into a file")
	}
	s.host, s.user, s.implicit = u.Hostname(), u.User.Username(), u.Scheme == "smtps"
	if s.implicit {
		s.port = smtpsPort
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return nil, fmt.Errorf("the mail server's port %q is none", u.Port())
		}
	}
	switch s.policy {
	case "":
		s.policy = StartTLS
	case StartTLS, Opportunistic, Plain:
	default:
		return nil, fmt.Errorf("the mail server's TLS %.20q: choose starttls, opportunistic or off", s.policy)
	}
	if s.user != "" && s.policy == Plain && !s.implicit && !isLoopback(s.host) {
		return nil, errors.New("a password needs TLS on its way to the mail server, unless that is this machine")
	}
	s.tls.ServerName = s.host
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// From is the address messages come from.
func (s *Server) From() string { return s.from.Address }

// domain is what completes Message-IDs.
func (s *Server) domain() string {
	_, domain, _ := cutLast(s.from.Address, '@')
	return domain
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// dial connects, secures the connection and logs in.
func (s *Server) dial(ctx context.Context) (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(dialTimeout), gomail.WithTLSConfig(s.tls), gomail.WithHELO(s.domain())}
	switch {
	case s.implicit:
		options = append(options, gomail.WithSSL())
	case s.policy == StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case s.policy == Opportunistic:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.user != "" {
		login := gomail.SMTPAuthAutoDiscover
		if s.policy == Plain && !s.implicit {
			login = gomail.SMTPAuthPlainNoEnc // to this machine alone; see NewServer
		}
		options = append(options, gomail.WithSMTPAuth(login), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to the mail server: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, fmt.Errorf("connect to the mail server %s: %w", net.JoinHostPort(s.host, strconv.Itoa(s.port)), err)
	}
	return client, nil
}

// Check connects and logs in, and sends nothing.
func (s *Server) Check(ctx context.Context) error {
	client, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if err := client.Close(); err != nil {
		return fmt.Errorf("leave the mail server: %w", err)
	}
	return nil
}
