package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// askTimeout bounds each question to a server, so that the whole takes seconds.
const askTimeout = 5 * time.Second

// httpPort is fine when it is free or when a Palabre already answers there.
func httpPort(ctx context.Context, addr string, secure bool) Finding {
	what := "HTTP port " + addr
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err == nil {
		_ = listener.Close()
		return Finding{What: what, Saw: "free"}
	}
	if answersHealth(ctx, local(addr), secure) {
		return Finding{What: what, Saw: "a Palabre is running here"}
	}
	return Finding{Level: Problem, What: what, Saw: err.Error(),
		Do: "stop what listens there, choose another --http, or (below 1024) grant CAP_NET_BIND_SERVICE"}
}

func answersHealth(ctx context.Context, host string, secure bool) bool {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	return ask(ctx, scheme+host+"/healthz", secure) == nil
}

// ask wants 200 from the URL. The certificate is examined elsewhere when anyName is set.
func ask(ctx context.Context, url string, anyName bool) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: anyName}} //nolint:gosec // a question to ourselves, nothing secret is sent
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: it answered %s", url, response.Status)
	}
	return nil
}

// local turns a listening address into one that can be dialled here.
func local(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || (host != "" && !net.ParseIP(host).IsUnspecified()) {
		return addr
	}
	return net.JoinHostPort("localhost", port)
}

func udpPort(ctx context.Context, s Subject) Finding {
	what := "UDP port " + s.UDP
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", s.UDP)
	if err == nil {
		_ = conn.Close()
		return Finding{What: what, Saw: "free; open it in the firewall"}
	}
	if answersHealth(ctx, local(s.HTTP), s.TLS != "off") {
		return Finding{What: what, Saw: "in use by the Palabre that is running"}
	}
	return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "stop what uses it or choose another --udp"}
}

func tcpPort(ctx context.Context, s Subject) []Finding {
	if !s.ICETCP {
		return []Finding{{Level: Warning, What: "media over TCP", Saw: "off",
			Do: "people whose network blocks UDP cannot take part; remove --no-ice-tcp"}}
	}
	what := "TCP port " + s.UDP
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.UDP)
	if err == nil {
		_ = listener.Close()
		return []Finding{{What: what, Saw: "free; open it in the firewall"}}
	}
	if answersHealth(ctx, local(s.HTTP), s.TLS != "off") {
		return []Finding{{What: what, Saw: "in use by the Palabre that is running"}}
	}
	return []Finding{{Level: Problem, What: what, Saw: err.Error(), Do: "stop what listens there or choose another --udp"}}
}
