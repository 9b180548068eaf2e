package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// settings is what the server can be told. Every field is a flag, an
// environment variable (PALABRE_ and the flag's name) and a key of the YAML
// file, in this order of strength; docs/configuration.md is generated from here.
type settings struct {
	storage
	attachments
	DatabaseWait    time.Duration `name:"database-wait" help:"How long a start waits for a PostgreSQL that is away before it fails; 0: not at all." default:"1m"`
	Retention       time.Duration `help:"How long chat, polls and attendance are kept after a meeting, where the room does not say; 0: for ever." default:"2160h"`
	AuditRetention  time.Duration `name:"audit-retention" help:"How long the audit log goes back; 0: for ever." default:"0"`
	PersonalFigures bool          `name:"personal-figures" help:"Keep in attendance who was there, how long each spoke and how good their connection was. Otherwise people are only counted." default:"true" negatable:""`

	HTTP      string   `name:"http" help:"Address for pages, signalling and API." default:":8080" placeholder:"ADDR"`
	UDP       string   `name:"udp" help:"Address for media, one UDP port for everyone; ICE-TCP listens on the same number." default:":7882" placeholder:"ADDR"`
	ICETCP    bool     `name:"ice-tcp" help:"Take media over TCP where UDP is blocked." default:"true" negatable:""`
	ICELite   bool     `name:"ice-lite" help:"Answer as an ICE-lite agent (RFC 8445 section 2.5)." default:"false"`
	PublicURL string   `name:"public-url" help:"How people reach this server, such as https://meet.example.org." placeholder:"URL"`
	NodeIP    []string `name:"node-ip" help:"Addresses that media is reached at; needed behind NAT. Default: the addresses of this machine." placeholder:"IP"`

	TLS         string `name:"tls" help:"How HTTPS is served: off (behind a proxy, or on localhost), auto (ACME), file, self (a LAN trial)." default:"off" enum:"off,auto,file,self"`
	TLSCert     string `name:"tls-cert" help:"Certificate chain in PEM, with --tls file." type:"path" placeholder:"FILE"`
	TLSKey      string `name:"tls-key" help:"Private key in PEM, with --tls file." type:"path" placeholder:"FILE"`
	TLSRedirect string `name:"tls-redirect" help:"Address that answers ACME challenges and sends HTTP to HTTPS; empty: none." default:":80" placeholder:"ADDR"`
	ACMEEmail   string `name:"acme-email" help:"Where the certificate authority may write to." placeholder:"EMAIL"`
	ACMECA      string `name:"acme-ca" help:"ACME directory of the certificate authority, with --tls auto." default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL"`
	ACMERoots   string `name:"acme-roots" help:"PEM file of roots to trust when speaking to --acme-ca; for an authority of your own." type:"path" placeholder:"FILE"`

	Turn    string   `name:"turn" help:"TURN, for people whose network lets only TLS through: auto (on the HTTPS port, where TLS is on), off, or an address of its own such as :5349 (with TLS as HTTPS has it, plain TCP with --tls off behind a proxy)." default:"auto" placeholder:"WHERE"`
	TurnURL []string `name:"turn-url" help:"Where people reach TURN, such as turns:meet.example.org:443?transport=tcp. Default: the host of --public-url, or the one people call." placeholder:"URL"`

	OpenRooms bool   `name:"open-rooms" help:"Let anybody who knows a room's name enter it. Otherwise a token is needed." default:"true" negatable:""`
	Lobby     bool   `help:"Guests wait until a host or member admits them." default:"false" negatable:""`
	MaxPeople int    `name:"max-people" help:"Most people in one room." default:"100"`
	RolesFile string `name:"roles-file" help:"YAML file with roles of one's own, or other powers for known ones: see docs/roles.md." type:"path" placeholder:"FILE"`
	Loudest   int    `help:"How many of the loudest voices everyone hears." default:"5"`

	MediaPath  string        `name:"media-path" help:"What carries media: auto (this program's own fast path where the system has what it needs), pion." default:"auto" enum:"auto,pion"`
	Realtime   bool          `name:"realtime" help:"Have media go before other programs of the machine (SCHED_RR), where the system permits it." default:"true" negatable:""`
	HoldVoices time.Duration `name:"hold-voices" help:"How long voices may wait for each other where several people speak, so that they leave together, at less cost; 0: not at all." default:"5ms"`

	WebhookAllow     []string `name:"webhook-allow" help:"Networks that webhooks may reach although they are not public, and without https." placeholder:"CIDR"`
	SMTPURL          string   `name:"smtp-url" help:"Mail server that takes our mail, such as smtp://user@mail.example.org:587 or smtps://mail.example.org. Default: no mail is sent." placeholder:"URL"`
	SMTPTLS          string   `name:"smtp-tls" help:"TLS with smtp:// addresses: starttls insists on it, opportunistic takes it where offered, off does without." default:"starttls" enum:"starttls,opportunistic,off"`
	SMTPPasswordFile string   `name:"smtp-password-file" help:"File with the password of the user in --smtp-url." type:"path" placeholder:"FILE"`
	MailFrom         string   `name:"mail-from" help:"Who mail is from, such as Palabre <meet@example.org>, with --smtp-url." placeholder:"ADDRESS"`
	MailInvitations  string   `name:"mail-invitations" help:"Who may have invitations sent by mail: keys (programs with an API key), owners (also owners of rooms; on a server that is open to the world they are strangers)." default:"keys" enum:"keys,owners"`

	Metrics          string   `help:"Who may read /metrics: loopback, token, open." default:"loopback" enum:"loopback,token,open"`
	MetricsTokenFile string   `name:"metrics-token-file" help:"File with the bearer token, with --metrics token." type:"path" placeholder:"FILE"`
	TrackMetrics     int      `name:"track-metrics" help:"How many audio and video streams /metrics shows one by one; those beyond are shown together. 0: none." default:"500"`
	TrustedProxy     []string `name:"trusted-proxy" help:"Networks whose X-Forwarded-For is believed. Default: this machine." placeholder:"CIDR"`
	FailuresPerIP    int      `name:"failures-per-ip" help:"Failed or idle attempts one address gets back a minute; who joins gets theirs back." default:"30"`
	OpenPerIP        int      `name:"open-per-ip" help:"WebSocket connections one address may hold open." default:"200"`

	LogFormat string `name:"log-format" help:"text for people, json for machines." default:"text" enum:"text,json"`
	LogLevel  string `name:"log-level" help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
}

// Validate finds every fault at once; kong calls it after parsing.
func (s settings) Validate() error {
	return errors.Join(
		checkAddress("http", s.HTTP), checkAddress("udp", s.UDP),
		s.checkTLS(), s.checkPublicURL(), s.checkNodeIPs(), s.checkProxies(), s.checkTurn(),
		checkRange("max-people", s.MaxPeople, 2, 1000),
		checkRange("loudest", s.Loudest, 1, 20),
		s.checkHoldVoices(), s.attachments.check(), s.checkDatabase(), s.checkDatabaseWait(), s.checkRetention(), s.checkAuditRetention(),
		checkRange("track-metrics", s.TrackMetrics, 0, 2000),
		checkRange("failures-per-ip", s.FailuresPerIP, 1, 1_000_000),
		checkRange("open-per-ip", s.OpenPerIP, 1, 1_000_000),
		s.checkMetrics(), s.checkNotify(),
	)
}

func checkAddress(name, value string) error {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("--%s %q is no address: write host:port or :port, such as :8080", name, value)
	}
	return nil
}

func checkRange(name string, value, low, high int) error {
	if value < low || value > high {
		return fmt.Errorf("--%s %d is out of range: choose %d to %d", name, value, low, high)
	}
	return nil
}

// mostHold is how late a voice may be made: longer is heard.
const mostHold = 20 * time.Millisecond

func (s settings) checkHoldVoices() error {
	if s.HoldVoices < 0 || s.HoldVoices > mostHold {
		return fmt.Errorf("--hold-voices %v is out of range: choose 0 to %v", s.HoldVoices, mostHold)
	}
	return nil
}

func (s settings) checkTLS() error {
	switch {
	case s.TLS == "file" && (s.TLSCert == "" || s.TLSKey == ""):
		return errors.New("--tls file needs --tls-cert and --tls-key")
	case s.TLS == "auto" && s.PublicURL == "":
		return errors.New("--tls auto needs --public-url with the name to get a certificate for")
	case s.TLS != "file" && (s.TLSCert != "" || s.TLSKey != ""):
		return errors.New("--tls-cert and --tls-key go with --tls file")
	case s.TLS == "auto" && s.TLSRedirect != "":
		return checkAddress("tls-redirect", s.TLSRedirect)
	}
	return nil
}

func (s settings) checkPublicURL() error {
	if s.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("--public-url %q: write scheme and host only, such as https://meet.example.org", s.PublicURL)
	}
	return nil
}

func (s settings) checkNodeIPs() error {
	_, err := s.nodeAddrs()
	return err
}

func (s settings) nodeAddrs() ([]netip.Addr, error) {
	addrs := make([]netip.Addr, 0, len(s.NodeIP))
	for _, text := range s.NodeIP {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("--node-ip %q is no IP address: write one such as 203.0.113.7", text)
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

func (s settings) checkProxies() error {
	_, err := s.trustedProxies()
	return err
}

// trustedProxies is nil when none is set: signalling then trusts this machine.
func (s settings) trustedProxies() ([]netip.Prefix, error) {
	if len(s.TrustedProxy) == 0 {
		return nil, nil
	}
	prefixes := make([]netip.Prefix, 0, len(s.TrustedProxy))
	for _, text := range s.TrustedProxy {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy %q is no network: write one such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func (s settings) checkMetrics() error {
	if (s.Metrics == "token") != (s.MetricsTokenFile != "") {
		return errors.New("--metrics token and --metrics-token-file go together")
	}
	return nil
}

// checkEnvironment refuses PALABRE_ variables that mean nothing, since a
// misspelt one would leave a default in force unseen.
func checkEnvironment(model *kong.Application, environ []string) error {
	known := map[string]bool{}
	for _, flag := range allFlags(model) {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "PALABRE_") && !known[name] {
			return fmt.Errorf("environment variable %s is no setting: see docs/configuration.md, or unset it", name)
		}
	}
	return nil
}

func allFlags(model *kong.Application) []*kong.Flag {
	flags := slices.Clone(model.Flags)
	for _, command := range model.Children {
		flags = append(flags, command.Flags...)
	}
	return flags
}

type settingsCommand struct{}

// Run prints docs/configuration.md.
func (settingsCommand) Run(out io.Writer, parser *kong.Kong) error {
	var b strings.Builder
	b.WriteString(configurationIntro)
	b.WriteString("\n| flag and YAML key | environment | default | what it does |\n|---|---|---|---|\n")
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", flag.Name, strings.Join(flag.Envs, "`, `"), defaultText(flag), flag.Help)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func defaultText(flag *kong.Flag) string {
	if !flag.HasDefault || flag.Default == "" {
		return "–"
	}
	return "`" + flag.Default + "`"
}

const configurationIntro = `# Configuration

Generated from the code by ` + "`palabre settings`" + `; do not edit by hand.

A flag is stronger than an environment variable, which is stronger than the YAML file named by ` + "`--config`" + `.
In the file each setting is one line, ` + "`name: value`" + `, lists as ` + "`[a, b]`" + `. A wrong or unknown setting stops the
start with one line that names it. Flags that are on by default are turned off with ` + "`--no-NAME`" + `.
`
