package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithoutPersonalFiguresNobodyIsLeftBehind has people meet who do nothing
// that is kept with a name: neither the database, nor the log, nor webhooks, nor
// what the API gives says who they were, and figures that are not kept are missing.
func TestWithoutPersonalFiguresNobodyIsLeftBehind(t *testing.T) {
	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(ill.Close) // what was to be told stays in the database
	s := serve(t, "--no-personal-figures", "--webhook-allow", "127.0.0.0/8")
	code, key, problem := command(t, "key", "create", "--name", "test", "--data-dir", s.data,
		"--scope", "webhooks:write", "--scope", "attendance:read", "--scope", "usage:read", "--scope", "meetings:write")
	if code != 0 {
		t.Fatal(problem)
	}
	ask := func(status int, method, path, body string) string {
		t.Helper()
		res, text := s.do(method, "/api/v1"+path, body, "Authorization", "Bearer "+strings.TrimSpace(key), "Content-Type", "application/json")
		if res.StatusCode != status {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
		}
		return text
	}
	ask(http.StatusCreated, http.MethodPost, "/hooks", `{"url":"`+ill.URL+`","events":["*"]}`)
	zenobia, quentin := enter(t, s.as("garden", "host", "Zenobia")), enter(t, s.as("garden", "member", "Quentin"))
	hearEachOther(zenobia, quentin)
	ask(http.StatusNoContent, http.MethodPut, "/rooms/garden/lock", `{}`) // notes who may come back
	for _, p := range []*person{quentin, zenobia} {
		if err := p.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var meetings struct{ Items []struct{ ID, Ended string } }
	until(t, "the meeting to have ended", func() bool {
		if err := json.Unmarshal([]byte(ask(http.StatusOK, http.MethodGet, "/rooms/garden/meetings", "")), &meetings); err != nil {
			t.Fatal(err)
		}
		return len(meetings.Items) == 1 && meetings.Items[0].Ended != ""
	})
	attendance := "/rooms/garden/meetings/" + meetings.Items[0].ID + "/attendance"
	var answer struct{ People []map[string]any }
	if err := json.Unmarshal([]byte(ask(http.StatusOK, http.MethodGet, attendance, "")), &answer); err != nil || len(answer.People) != 2 {
		t.Fatalf("%+v %v", answer, err)
	}
	for _, p := range answer.People {
		for _, field := range []string{"name", "identity", "client", "spokeSeconds", "poorSeconds", "quality"} {
			if value, there := p[field]; there {
				t.Errorf("attendance says %s: %v", field, value)
			}
		}
		if p["role"] == "" || p["stayedSeconds"] == nil || p["joinSeconds"] == nil {
			t.Errorf("attendance lacks what is counted: %v", p)
		}
	}
	table := ask(http.StatusOK, http.MethodGet, attendance+"?format=csv", "")
	if !strings.Contains(table, ",,,,") && !strings.Contains(table, ",,,") {
		t.Errorf("the table is\n%s", table)
	}
	usage := ask(http.StatusOK, http.MethodGet, "/rooms/garden/usage", "")
	if !strings.Contains(usage, `"people":2`) {
		t.Errorf("people are not counted: %s", usage)
	}
	s.stop()
	for where, text := range map[string]string{"the database": dump(t, s.data), "the log": s.log.String(), "attendance": table, "usage": usage} {
		for _, name := range []string{"zenobia", "quentin"} {
			if at := strings.Index(strings.ToLower(text), name); at >= 0 {
				t.Errorf("%s names %s: …%s…", where, name, text[max(at-300, 0):min(at+100, len(text))])
			}
		}
	}
}

// dump is everything that stands in the tables of a server.
func dump(t *testing.T, data string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "palabre.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	texts := func(query string) (list []string) {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(sql.NullString)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, value := range values {
				list = append(list, value.(*sql.NullString).String)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return list
	}
	var all strings.Builder
	for _, table := range texts(`SELECT name FROM sqlite_master WHERE type = 'table'`) {
		fmt.Fprintln(&all, table, texts(`SELECT * FROM "`+table+`"`))
	}
	if !strings.Contains(all.String(), "garden") {
		t.Errorf("the database holds nothing: %s", &all)
	}
	return all.String()
}
