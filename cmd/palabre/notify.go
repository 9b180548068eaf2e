package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/notify/mail"
	"palabre/notify/schedule"
	"palabre/notify/webhook"
	"palabre/signaling/api"
)

// openNotify starts what tells the world: webhooks, and mail where there is a
// mail server. Both end before the store closes.
func (p *parts) openNotify(s settings, log *slog.Logger, registry *prometheus.Registry) error {
	allow, err := s.webhookAllow()
	if err != nil {
		return err
	}
	dispatcher, err := webhook.NewDispatcher(webhook.Config{
		Outbox: p.store, Journal: p.store.Memory(), Allow: allow, Agent: "Palabre/" + version, Logger: log, Metrics: registry,
	})
	if err != nil {
		return err
	}
	p.background(dispatcher.Run)
	p.hooks = api.Hooks{Book: p.store, Journal: p.store.Memory(), Allow: allow}
	desk := schedule.Config{Book: p.store, Journal: p.store.Memory(), Owners: s.MailInvitations == "owners"}
	if u, err := url.Parse(s.PublicURL); err == nil {
		desk.Domain = u.Hostname()
	}
	server, err := s.mailServer()
	if err != nil {
		return err
	}
	if server == nil {
		p.desk = schedule.NewDesk(desk)
		return nil
	}
	desk.From = server.From()
	p.desk = schedule.NewDesk(desk)
	if s.MailInvitations == "owners" && s.OpenRooms {
		log.Warn("anybody may start a room here and have invitations sent: use --mail-invitations owners where only people you trust reach this server")
	}
	sender, err := mail.NewSender(mail.Config{Queue: p.store, Server: server, Logger: log, Metrics: registry})
	if err != nil {
		return err
	}
	p.background(sender.Run)
	return nil
}

// background runs something until the server closes, and waits for its end.
func (p *parts) background(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	p.onClose(func() error {
		cancel()
		err := <-done
		done <- nil // may be closed twice
		return err
	})
}

func (s settings) checkNotify() error {
	_, allow := s.webhookAllow()
	_, server := s.mailServer()
	return errors.Join(allow, server)
}

// webhookAllow is which networks webhooks may reach although they are not public.
func (s settings) webhookAllow() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(s.WebhookAllow))
	for _, text := range s.WebhookAllow {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--webhook-allow %q is no network: write one such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// mailServer is nil where none is set.
func (s settings) mailServer() (*mail.Server, error) {
	if s.SMTPURL == "" {
		if s.MailFrom != "" || s.SMTPPasswordFile != "" {
			return nil, errors.New("--mail-from and --smtp-password-file go with --smtp-url")
		}
		return nil, nil
	}
	config := mail.ServerConfig{URL: s.SMTPURL, From: s.MailFrom, TLS: mail.TLSPolicy(s.SMTPTLS)}
	if s.SMTPPasswordFile != "" {
		text, err := os.ReadFile(s.SMTPPasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read --smtp-password-file: %w", err)
		}
		config.Password = strings.TrimRight(string(text), "\r\n")
	}
	server, err := mail.NewServer(config)
	if err != nil {
		return nil, fmt.Errorf("--smtp-url and --mail-from: %w", err)
	}
	return server, nil
}
