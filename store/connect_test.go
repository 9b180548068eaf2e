package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"palabre/store"
	"palabre/store/storetest"
)

// Whatever keeps a store from its database, what it says names neither the user
// nor the database nor the password, and yet says what to look at.
func TestNoErrorSaysWhoConnects(t *testing.T) {
	server, database := storetest.Own(t)
	db, err := sql.Open("pgx", server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE ROLE gardener LOGIN`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	as := func(url, user string) string {
		return strings.Replace(url, "postgres://postgres@", "postgres://"+user+":hunter2@", 1)
	}
	for name, test := range map[string]struct{ url, says string }{
		"no such user":     {as(server.URL(database), "burglar"), "refuses the log-in"},
		"no such database": {as(server.URL("treasury"), "gardener"), "no such database"},
		"nobody there":     {"postgres://gardener:hunter2@127.0.0.1:1/treasury", "127.0.0.1"},
		"no right":         {as(server.URL(database), "gardener"), "up to date"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Config{URL: test.url})
			if err == nil {
				t.Fatal("it opens", s.Close())
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q does not say %q", err, test.says)
			}
			for _, secret := range []string{"burglar", "gardener", "hunter2", "treasury"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q says %q", err, secret)
				}
			}
		})
	}
}
