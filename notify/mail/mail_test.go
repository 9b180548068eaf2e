package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"palabre/internal/catalogue"
	"palabre/notify/mail"
	"palabre/store"
	"palabre/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Run(m)) }

// postOffice is a real SMTP server with STARTTLS and AUTH that may refuse.
type postOffice struct {
	t    *testing.T
	addr string
	tls  *tls.Config
	// roots is what trusts it.
	roots *tls.Config

	mu      sync.Mutex
	server  *smtp.Server
	door    net.Listener
	done    chan struct{}
	letters []letter
	refuse  func(to string) error
}

type letter struct {
	from string
	to   []string
	text []byte
}

func newPostOffice(t *testing.T) *postOffice {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{t: t, addr: listener.Addr().String()}
	p.tls, p.roots = certificate(t)
	p.serve(listener)
	t.Cleanup(p.close)
	return p
}

func (p *postOffice) serve(listener net.Listener) {
	server := smtp.NewServer(p)
	server.Domain, server.TLSConfig = "post.example", p.tls
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	done := make(chan struct{})
	p.mu.Lock()
	p.server, p.door, p.done = server, listener, done
	p.mu.Unlock()
	go func() {
		defer close(done)
		if err := server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			p.t.Error(err)
		}
	}()
}

// close has nobody answer; open answers at the same address again.
func (p *postOffice) close() {
	p.mu.Lock()
	server, door, done := p.server, p.door, p.done
	p.mu.Unlock()
	_, _ = server.Close(), door.Close() // say that they were closed before
	<-done
}

func (p *postOffice) open() {
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.serve(listener)
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{office: p, conn: c}, nil
}

func (p *postOffice) all() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.letters...)
}

type session struct {
	office *postOffice
	conn   *smtp.Conn
	let    bool
	now    letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if _, secure := s.conn.TLSConnectionState(); !secure || user != "meet" || password != "secret" {
			return errors.New("wrong")
		}
		s.let = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.let {
		return smtp.ErrAuthRequired
	}
	s.now.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if s.office.refuse != nil {
		if err := s.office.refuse(to); err != nil {
			return err
		}
	}
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.now.text = text
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.letters = append(s.office.letters, s.now)
	return nil
}

func (s *session) Reset()        { s.now = letter{} }
func (s *session) Logout() error { return nil }

func certificate(t *testing.T) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// bench is a store with a sender on it, whose clock can be set.
type bench struct {
	t      *testing.T
	store  *store.Store
	offset atomic.Int64
	stop   func()
}

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) }

func (b *bench) start(office *postOffice) {
	b.t.Helper()
	server, err := mail.NewServer(mail.ServerConfig{
		URL: "smtp://meet@" + office.addr, Password: "secret", From: "Palabre <meet@example.org>", Roots: office.roots,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	sender, err := mail.NewSender(mail.Config{Queue: b.store, Server: server, Every: 5 * time.Millisecond, Now: b.now})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sender.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
	b.t.Cleanup(func() { b.stop() })
}

func (b *bench) queue(list ...mail.Message) {
	b.t.Helper()
	if err := b.store.QueueMail(b.t.Context(), b.now(), list...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) waiting(state mail.State) []mail.Queued {
	b.t.Helper()
	list, err := b.store.Mail(b.t.Context(), state, "", 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bench) until(what string, is func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			b.t.Fatalf("never: %s", what)
		case <-ticker.C:
		}
	}
}

func message(to string) mail.Message {
	return mail.Message{
		ID: uuid.Must(uuid.NewV7()).String(), Kind: "invitation", To: to, Name: "Bén", Subject: "Réunion du lundi", Text: "Bonjour à vous",
		HTML: "<p>Bonjour à vous</p>", Calendar: []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), Method: "REQUEST", Language: "fr",
	}
}

// The mail server is down: mail waits, over a restart of ours as well, and goes
// out once it is back, once each, over TLS and with a login.
func TestF13_MailServerIsDownAndComesBack(t *testing.T) {
	b := &bench{t: t, store: storetest.Open(t, storetest.SQLite(t))}
	office := newPostOffice(t)
	office.close()
	b.start(office)
	const many = 30
	for i := range many {
		b.queue(message(fmt.Sprintf("p%d@example.org", i)))
	}
	b.until("it was tried in vain", func() bool { list := b.waiting(mail.Waiting); return len(list) == many && list[0].Error != "" })
	b.stop()
	b.offset.Store(int64(10 * time.Hour))
	b.start(office) // our server restarts meanwhile
	b.until("it was tried again", func() bool { return b.waiting(mail.Waiting)[0].Due.After(time.Now().Add(time.Hour)) })
	kept := len(b.waiting(mail.Waiting))
	office.open()
	b.offset.Add(int64(mail.MaxPause))
	b.until("everything is sent", func() bool { return len(b.waiting("")) == 0 })
	got := map[string]int{}
	for _, l := range office.all() {
		got[strings.Join(l.to, ",")]++
	}
	once := len(got) == many
	for _, n := range got {
		once = once && n == 1
	}
	catalogue.Report(t, catalogue.Item{
		ID: "F13", Injected: "the SMTP server is down for hours while 30 messages are written and our server restarts; then it is back, with STARTTLS and AUTH",
		Measured: fmt.Sprintf("%d of %d waited, %d sent afterwards, each once: %v", kept, many, len(office.all()), once),
		Bar:      "queued, none lost, none twice", Pass: kept == many && once,
	})
}

// What the mail server puts off is tried again; what it refuses for good is dead, can be seen and tried again.
func TestRefusedMail(t *testing.T) {
	b := &bench{t: t, store: storetest.Open(t, storetest.SQLite(t))}
	office := newPostOffice(t)
	var busy atomic.Bool
	busy.Store(true)
	office.refuse = func(to string) error {
		switch {
		case strings.HasPrefix(to, "nobody"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		case busy.Load():
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
		}
		return nil
	}
	b.start(office)
	b.queue(message("nobody@example.org"), message("ana@example.org"))
	b.until("one is dead and one put off", func() bool {
		w := b.waiting(mail.Waiting)
		return len(b.waiting(mail.Dead)) == 1 && len(w) == 1 && w[0].Attempts == 1
	})
	if dead := b.waiting(mail.Dead)[0]; dead.To != "nobody@example.org" || !strings.Contains(dead.Error, "no such user") {
		t.Errorf("dead: %s, %q", dead.To, dead.Error)
	}
	busy.Store(false)
	b.offset.Store(int64(2 * time.Minute))
	b.until("the other one is sent", func() bool { return len(office.all()) == 1 })
	office.mu.Lock()
	office.refuse = nil
	office.mu.Unlock()
	if _, err := b.store.RetryMail(t.Context(), b.waiting(mail.Dead)[0].ID, b.now()); err != nil {
		t.Fatal(err)
	}
	b.until("the dead one is sent", func() bool { return len(office.all()) == 2 })
}

// Mail that could not be sent for three days is given up.
func TestOldMailIsGivenUp(t *testing.T) {
	b := &bench{t: t, store: storetest.Open(t, storetest.SQLite(t))}
	office := newPostOffice(t)
	office.close()
	b.queue(message("ana@example.org"))
	b.offset.Store(int64(mail.MaxAge + time.Minute))
	b.start(office)
	b.until("it is dead", func() bool { return len(b.waiting(mail.Dead)) == 1 })
	if died := b.waiting(mail.Dead)[0].Due; b.now().Sub(died) > time.Minute || died.After(b.now()) {
		t.Errorf("it was given up at %v, now is %v", died, b.now())
	}
	office.open()
}

// The whole message as it arrives: headers, the parts in both forms, the calendar as a part and as a file.
func TestMessageOnTheWire(t *testing.T) {
	b := &bench{t: t, store: storetest.Open(t, storetest.SQLite(t))}
	office := newPostOffice(t)
	b.start(office)
	m := message("ben@example.org")
	m.Name, m.Subject = "Ben\r\nBcc: all@example.org", "Hello\r\nBcc: all@example.org\r\n\r\n<script>"
	m.ReplyTo, m.ReplyToName = "ana@example.org", "Ana\nX-Evil: 1"
	b.queue(m)
	b.until("it arrives", func() bool { return len(office.all()) == 1 })
	got := office.all()[0]
	parsed, err := netmail.ReadMessage(bytes.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	h := parsed.Header
	if got.from != "meet@example.org" || len(got.to) != 1 || got.to[0] != "ben@example.org" || h.Get("Bcc") != "" || h.Get("X-Evil") != "" {
		t.Errorf("from %s to %v with headers %v", got.from, got.to, h)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != "Hello  Bcc: all@example.org    <script>" {
		t.Errorf("subject %q (%v)", subject, err)
	}
	if h.Get("Message-Id") != "<"+m.ID+"@example.org>" || h.Get("Auto-Submitted") != "auto-generated" || h.Get("Date") == "" {
		t.Errorf("headers %v", h)
	}
	kinds := partsOf(t, h.Get("Content-Type"), parsed.Body)
	want := []string{"text/plain", "text/html", "text/calendar REQUEST", "application/ics"}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("parts %v, want %v", kinds, want)
	}
}

// partsOf lists the leaves of a message.
func partsOf(t *testing.T, header string, body io.Reader) []string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		if kind == "text/calendar" {
			text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, body))
			if err != nil || !strings.HasPrefix(string(text), "BEGIN:VCALENDAR") {
				t.Errorf("the calendar is %q (%v)", text, err)
			}
			kind += " " + params["method"]
		}
		return []string{kind}
	}
	var list []string
	reader := multipart.NewReader(body, params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, partsOf(t, part.Header.Get("Content-Type"), part)...)
	}
}

func TestServersThatCannotBe(t *testing.T) {
	good := mail.ServerConfig{URL: "smtp://meet@mail.example.org", From: "Palabre <meet@example.org>"}
	if _, err := mail.NewServer(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*mail.ServerConfig){
		"a password in the URL": func(c *mail.ServerConfig) { c.URL = "smtp://meet:secret@mail.example.org" },
		"another scheme":        func(c *mail.ServerConfig) { c.URL = "http://mail.example.org" },
		"no sender":             func(c *mail.ServerConfig) { c.From = "" },
		"a login without TLS":   func(c *mail.ServerConfig) { c.TLS = mail.Plain },
		"no such policy":        func(c *mail.ServerConfig) { c.TLS = "maybe" },
		"a port that is none":   func(c *mail.ServerConfig) { c.URL = "smtp://mail.example.org:99999" },
	} {
		c := good
		change(&c)
		if _, err := mail.NewServer(c); err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the password", name)
		}
	}
}

// The doctor's question: is the mail server there, and does it let us in?
func TestCheck(t *testing.T) {
	office := newPostOffice(t)
	for password, want := range map[string]bool{"secret": true, "wrong": false} {
		server, err := mail.NewServer(mail.ServerConfig{URL: "smtp://meet@" + office.addr, Password: password, From: "meet@example.org", Roots: office.roots})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Check(t.Context()); (err == nil) != want {
			t.Errorf("with the password %q: %v", password, err)
		}
	}
}

func TestQueueIsBoundedAndSharedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := &bench{t: t, store: s}
		for i := range 30 {
			b.queue(message(fmt.Sprintf("p%d@example.org", i)))
		}
		now := b.now()
		first, err := s.LeaseMail(t.Context(), "one", now, now.Add(time.Minute), 20)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.LeaseMail(t.Context(), "two", now, now.Add(time.Minute), 20)
		if err != nil || len(first) != 20 || len(second) != 10 {
			t.Fatalf("%d and %d messages are lent (%v)", len(first), len(second), err)
		}
		if err := s.ReturnMail(t.Context(), "one", now, "away"); err != nil {
			t.Fatal(err)
		}
		again, err := s.LeaseMail(t.Context(), "two", now.Add(time.Second), now.Add(time.Minute), 100)
		if err != nil || len(again) != 20 {
			t.Errorf("%d messages are lent again (%v)", len(again), err)
		}
	})
}
