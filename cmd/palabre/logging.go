package main

import (
	"io"
	"log/slog"

	"palabre/identity/audit"
)

// maxLogged is how much of one text a record holds, in bytes: what strangers
// send may be long. Stacks are the server's own and come whole.
const maxLogged = 2 << 10

// newLogger writes records for people or machines. Whatever is logged, each
// record is one line, and nothing in it poses as something else in a terminal:
// text quotes what cannot be seen, and JSON escapes it.
func newLogger(w io.Writer, format, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // the flag's enum admits no other
	}
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: shortened}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(visibleLines{w}, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// shortened cuts the text of an attribute.
func shortened(_ []string, a slog.Attr) slog.Attr {
	var text string
	switch value := a.Value.Any().(type) {
	case string:
		text = value
	case error:
		text = value.Error()
	}
	if len(text) > maxLogged && a.Key != "stack" {
		a.Value = slog.StringValue(text[:maxLogged] + "…")
	}
	return a
}

// visibleLines escapes what cannot be seen in lines of JSON. slog writes a
// record in one go.
type visibleLines struct{ io.Writer }

func (v visibleLines) Write(line []byte) (int, error) {
	end := len(line)
	if end > 0 && line[end-1] == '\n' {
		end--
	}
	if _, err := v.Writer.Write(append(audit.Visible(line[:end]), line[end:]...)); err != nil {
		return 0, err
	}
	return len(line), nil
}
