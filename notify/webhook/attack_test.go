package webhook_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/dns/dnsmessage"

	"palabre/internal/catalogue"
	"palabre/notify/webhook"
	"palabre/store/storetest"
)

// TestW16_AddressesInside has webhooks lead to addresses they must not reach:
// directly, in disguise, by a redirect, and by a name that resolves to a harmless
// address first and to this machine later. 127.0.0.2 plays the public internet.
func TestW16_AddressesInside(t *testing.T) {
	inside, connections := insider(t)
	port := inside.Listener.Addr().(*net.TCPAddr).Port
	outside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // the next attempt resolves and dials anew
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
		}
	}))
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port))
	if err != nil {
		t.Skip("127.0.0.2 is not there on this system")
	}
	outside.Listener = listener
	outside.StartTLS()
	t.Cleanup(outside.Close)

	var lookups atomic.Int64
	resolver := fakeDNS(t, func(name string) [4]byte {
		if strings.HasPrefix(name, "outside.") || lookups.Add(1) == 1 {
			return [4]byte{127, 0, 0, 2}
		}
		return [4]byte{127, 0, 0, 1}
	})
	w := &workbench{t: t, store: storetest.Open(t, storetest.SQLite(t)), clock: &clock{}}
	w.startWith(webhook.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Resolver: resolver,
		TLS: outside.Client().Transport.(*http.Transport).TLSClientConfig.Clone(),
	})
	defer w.stop()

	rebind := w.hook(fmt.Sprintf("https://example.com:%d/", port))
	w.happen("r", joined("ana"))
	w.until("the name led outside at first", func() bool { return len(w.log(rebind)) == 1 && w.log(rebind)[0].State == webhook.Sent })

	attacks := map[string]string{"rebinding": rebind}
	for name, address := range map[string]string{
		"loopback": "https://127.0.0.1:%d/", "mapped": "https://[::ffff:127.0.0.1]:%d/", "NAT64": "https://[64:ff9b::7f00:1]:%d/",
		"any": "https://0.0.0.0:%d/", "localhost": "https://localhost:%d/", "without TLS": "http://127.0.0.1:%d/",
		"redirect": "https://outside.example.com:%d/redirect",
	} {
		attacks[name] = w.hook(fmt.Sprintf(address, port))
	}
	attacks["metadata"] = w.hook("https://169.254.169.254/latest/meta-data/")
	w.happen("r", joined("ben"))
	blocked := 0
	for name, hook := range attacks {
		w.until("an attempt of "+name, func() bool { l := w.log(hook); return l[len(l)-1].Attempts > 0 })
		l := w.log(hook)
		last := l[len(l)-1].Last
		if name == "redirect" && last.Status == http.StatusTemporaryRedirect || strings.HasPrefix(last.Error, "blocked: ") {
			blocked++
		} else {
			t.Errorf("%s: status %d, %q", name, last.Status, last.Error)
		}
	}
	catalogue.Report(t, catalogue.Item{
		ID:       "W16",
		Injected: "webhooks to loopback in five spellings, the metadata address, a redirect inside, a name that changes its address after the first delivery",
		Measured: fmt.Sprintf("%d of %d blocked, %d connections inside", blocked, len(attacks), connections.Load()),
		Bar:      "all blocked when dialled, by the address the name resolves to",
		Pass:     blocked == len(attacks) && connections.Load() == 0,
	})
}

// insider is a server nobody outside may reach; it counts who did.
func insider(t *testing.T) (*httptest.Server, *atomic.Int64) {
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &connections
}

// fakeDNS resolves every name to what address says at that moment.
func fakeDNS(t *testing.T, address func(name string) [4]byte) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer, err := answerTo(buffer[:n], address); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func answerTo(query []byte, address func(name string) [4]byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: address(q.Name.String())},
		}}
	}
	return m.Pack()
}

func (w *workbench) hook(url string) string {
	w.t.Helper()
	s := webhook.Subscription{
		ID: uuid.Must(uuid.NewV7()).String(), URL: url, Events: []string{webhook.All}, Secrets: []string{webhook.NewSecret()}, Created: time.Now(),
	}
	if err := w.store.AddWebhook(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	return s.ID
}
