package transport

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers passes what Pion has to say on to slog, at debug level: a stranger's
// broken packet is no event for an operator.
type loggers struct{ log *slog.Logger }

// Loggers makes Pion's libraries log to log, at debug level.
func Loggers(log *slog.Logger) logging.LoggerFactory { return &loggers{log} }

// NewLogger implements [logging.LoggerFactory].
func (l *loggers) NewLogger(scope string) logging.LeveledLogger {
	return &logger{l.log.With("scope", scope)}
}

type logger struct{ log *slog.Logger }

func (l *logger) say(level, message string) { l.log.Debug(message, "pion", level) }

func (l *logger) sayf(level, format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.say(level, fmt.Sprintf(format, args...))
	}
}

// Trace and Tracef are dropped: they come with every packet.

func (l *logger) Trace(string)                      {}
func (l *logger) Tracef(string, ...any)             {}
func (l *logger) Debug(message string)              { l.say("debug", message) }
func (l *logger) Debugf(format string, args ...any) { l.sayf("debug", format, args...) }
func (l *logger) Info(message string)               { l.say("info", message) }
func (l *logger) Infof(format string, args ...any)  { l.sayf("info", format, args...) }
func (l *logger) Warn(message string)               { l.say("warn", message) }
func (l *logger) Warnf(format string, args ...any)  { l.sayf("warn", format, args...) }
func (l *logger) Error(message string)              { l.say("error", message) }
func (l *logger) Errorf(format string, args ...any) { l.sayf("error", format, args...) }
