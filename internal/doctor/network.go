package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// certificateSoon is when an ending certificate becomes worth a warning.
const certificateSoon = 14 * 24 * time.Hour

// addresses checks that media is advertised where people can reach it.
func addresses(ctx context.Context, s Subject) []Finding {
	own := interfaceAddrs()
	advertised := s.NodeAddrs
	if len(advertised) == 0 {
		advertised = own
	}
	media := Finding{What: "media addresses", Saw: join(advertised)}
	isPublic := func(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsPrivate() }
	if s.PublicURL != "" && !slices.ContainsFunc(advertised, isPublic) {
		media.Level = Warning
		media.Do = "none of them is public: from outside this network nobody will hear anything; set --node-ip to the public address"
	}
	if s.PublicURL == "" {
		return []Finding{media, {Level: Warning, What: "public URL", Saw: "not set",
			Do: "fine on localhost; on a server set --public-url, so that links and the origin check are right"}}
	}
	return []Finding{media, publicName(ctx, s, own)}
}

func publicName(ctx context.Context, s Subject, own []netip.Addr) Finding {
	what := "public URL " + s.PublicURL
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "write scheme and host only"}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return Finding{Level: Problem, What: what, Saw: "its name does not resolve: " + err.Error(),
			Do: "add an A or AAAA record for " + u.Hostname()}
	}
	here := func(a netip.Addr) bool {
		return slices.Contains(own, a.Unmap()) || slices.Contains(s.NodeAddrs, a.Unmap())
	}
	if !slices.ContainsFunc(addrs, here) {
		return Finding{Level: Warning, What: what, Saw: "leads to " + join(addrs),
			Do: "that is not an address of this machine; right only behind a proxy or NAT"}
	}
	return Finding{What: what, Saw: "leads here"}
}

func certificate(ctx context.Context, s Subject) []Finding {
	switch s.TLS {
	case "file":
		return []Finding{certificateFiles(s)}
	case "auto":
		return []Finding{{What: "certificate", Saw: "by ACME; ports 80 and 443 must reach this machine from outside"}}
	case "self":
		return []Finding{{Level: Warning, What: "certificate", Saw: "self-signed",
			Do: "browsers will warn each person once; use --tls auto or file for more than a trial"}}
	}
	if !strings.HasPrefix(s.PublicURL, "https://") {
		return []Finding{{Level: Warning, What: "TLS", Saw: "off",
			Do: "browsers give camera and microphone only on localhost without it; use --tls auto, or a proxy with --public-url https://…"}}
	}
	if err := ask(ctx, strings.TrimSuffix(s.PublicURL, "/")+"/healthz", false); err != nil {
		return []Finding{{Level: Warning, What: "proxy", Saw: err.Error(),
			Do: "with --tls off a proxy must serve the public URL and forward to " + s.HTTP + " (start the server first, then ask again)"}}
	}
	return []Finding{{What: "proxy", Saw: "the public URL reaches a healthy server"}}
}

func certificateFiles(s Subject) Finding {
	what := "certificate " + s.TLSCert
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "check --tls-cert and --tls-key: PEM files that belong together"}
	}
	left := time.Until(pair.Leaf.NotAfter)
	if left <= 0 {
		return Finding{Level: Problem, What: what, Saw: "ended " + pair.Leaf.NotAfter.Format(time.DateOnly), Do: "renew it"}
	}
	if u, err := url.Parse(s.PublicURL); err == nil && s.PublicURL != "" {
		if err := pair.Leaf.VerifyHostname(u.Hostname()); err != nil {
			return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "get a certificate for " + u.Hostname()}
		}
	}
	saw := fmt.Sprintf("good until %s", pair.Leaf.NotAfter.Format(time.DateOnly))
	if left < certificateSoon {
		return Finding{Level: Warning, What: what, Saw: saw, Do: "renew it; a new file is read without a restart"}
	}
	return Finding{What: what, Saw: saw}
}

func interfaceAddrs() []netip.Addr {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var addrs []netip.Addr
	for _, n := range nets {
		prefix, err := netip.ParsePrefix(n.String())
		if err == nil && !prefix.Addr().IsLinkLocalUnicast() {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs
}

func join(addrs []netip.Addr) string {
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}
