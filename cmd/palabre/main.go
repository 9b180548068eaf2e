// Command palabre is the whole product in one binary: the server, its tools
// and its load generator. Run "palabre help" for the list.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run the server."`
	Token    tokenCommand    `cmd:"" help:"Print a signed join token."`
	Key      keyCommand      `cmd:"" help:"Keys of programs, and keys that sign join tokens."`
	Load     loadCommand     `cmd:"" help:"Load a server with publishers and subscribers and report what they saw."`
	Doctor   doctorCommand   `cmd:"" help:"Check this machine and the settings, and say what to do about each finding."`
	Migrate  migrateCommand  `cmd:"" help:"List the steps of the database's tables, rehearse them, or go back."`
	Backup   backupCommand   `cmd:"" help:"Write everything that must survive into one file, while the server runs."`
	Restore  restoreCommand  `cmd:"" help:"Put a backup in place."`
	Audit    auditCommand    `cmd:"" help:"Verify and export the log of who did what."`
	Settings settingsCommand `cmd:"" help:"Print the table of settings as Markdown."`
	Version  versionCommand  `cmd:"" help:"Print the version."`

	Config kong.ConfigFlag `help:"YAML file with settings, one per line: name: value." placeholder:"FILE" env:"PALABRE_CONFIG"`
}

type versionCommand struct{}

func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "palabre", version)
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: the tests enter here.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	parser, err := newParser(stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "palabre:", err)
		return 1
	}
	defer func() { // kong ends --help by this panic, so that nothing after it runs
		if exit, ok := recover().(exitCode); ok {
			code = int(exit)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		err = checkEnvironment(parser.Model, os.Environ())
	}
	if err != nil {
		fmt.Fprintln(stderr, "palabre:", err)
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(stdout, (*io.Writer)(nil))
	parsed.Bind(logOutput{stderr})
	if err := parsed.Run(parser); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "palabre:", err)
		return 1
	}
	return 0
}

// logOutput is where commands write their log: the process's standard error.
type logOutput struct{ io.Writer }

type exitCode int

func newParser(stdout, stderr io.Writer) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("palabre"),
		kong.Description("Meetings inside your chat, self-hosted, in one binary."),
		kong.DefaultEnvars("PALABRE"),
		kong.Configuration(readYAML),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exitCode(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}
