package doctor

import (
	"context"
	"time"
)

// mailTimeout bounds the connection to the mail server.
const mailTimeout = 20 * time.Second

// mailServer finds out whether the mail server takes our mail, without sending any.
func mailServer(ctx context.Context, connect func(context.Context) error) []Finding {
	if connect == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	if err := connect(ctx); err != nil {
		return []Finding{{
			Level: Problem, What: "mail server", Saw: err.Error(),
			Do: "check --smtp-url, --smtp-tls, the user and the password; mail waits in the queue until then",
		}}
	}
	return []Finding{{Level: Fine, What: "mail server", Saw: "it is reached and lets us in"}}
}
