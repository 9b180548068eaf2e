package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/store"
)

// keyCommand is everything about keys: those of programs that use the API, those
// that sign join tokens, and those of programs that sign join tokens themselves.
type keyCommand struct {
	Create keyCreate `cmd:"" help:"Make an API key and print it, once."`
	List   keyList   `cmd:"" help:"List API keys and signing keys."`
	Revoke keyRevoke `cmd:"" help:"Revoke an API key: programs that hold it are refused within seconds."`
	Rotate keyRotate `cmd:"" help:"Make a new signing key; join tokens of the older ones stay good."`
	Retire keyRetire `cmd:"" help:"Forget a signing key: join tokens signed with it are refused within seconds."`
	Trust  keyTrust  `cmd:"" help:"Take join tokens that another program signs."`
	Public keyPublic `cmd:"" help:"Print the public half of an EdDSA signing key in PEM."`
	Unlink keyUnlink `cmd:"" help:"Revoke a join token or link by its id (jti)."`
	Scopes keyScopes `cmd:"" help:"List the scopes of API keys."`
}

// commandLine is who does what these commands do, in the audit log.
func commandLine() rooms.Actor { return rooms.Actor{Name: "command line"} }

// keysAtOnce is how many keys are read at once.
const keysAtOnce = 200

func (s storage) openStore(ctx context.Context) (*store.Store, error) {
	kept, err := store.Open(ctx, store.Config{URL: s.database()})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return kept, nil
}

type keyCreate struct {
	storage
	Name  string        `help:"What the key is for, as people say it." required:"" placeholder:"NAME"`
	Scope []string      `help:"What it may do, such as rooms:read; see palabre key scopes." required:"" placeholder:"SCOPE"`
	Room  []string      `help:"The rooms it is for; * stands for any letters. Default: all." placeholder:"PATTERN"`
	TTL   time.Duration `name:"ttl" help:"How long it is good; 0: until it is revoked." default:"0"`
}

// Run prints the key alone, so that it can be used in scripts.
func (c *keyCreate) Run(ctx context.Context, out io.Writer) (err error) {
	now := time.Now()
	asked := identity.APIKey{Name: c.Name, Rooms: c.Room}
	for _, scope := range c.Scope {
		asked.Scopes = append(asked.Scopes, identity.Scope(scope))
	}
	if c.TTL < 0 {
		return fmt.Errorf("--ttl %s: choose a time to come, such as 8760h, or 0", c.TTL)
	}
	if c.TTL > 0 {
		asked.Expires = now.Add(c.TTL)
	}
	made, text, hash, err := identity.NewAPIKey(asked, now)
	if err != nil {
		return err
	}
	kept, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	if err := kept.AddAPIKey(ctx, commandLine(), made, hash); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

type keyList struct{ storage }

// Run prints two tables.
func (c *keyList) Run(ctx context.Context, out io.Writer) (err error) {
	kept, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	signing, err := identity.LoadKeys(keysDir(c.DataDir))
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "API KEY\tNAME\tSCOPES\tROOMS\tCREATED\tUSED\tSTATE")
	for after := ""; ; {
		keys, err := kept.APIKeys(ctx, after, keysAtOnce)
		if err != nil {
			return err
		}
		for _, k := range keys {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				k.ID, k.Name, scopeList(k.Scopes), roomList(k.Rooms), day(k.Created), day(k.Used), stateOf(k, time.Now()))
			after = k.ID
		}
		if len(keys) < keysAtOnce {
			break
		}
	}
	fmt.Fprintln(table, "\nSIGNING KEY\tALGORITHM\tCREATED\tROOMS\tHIGHEST ROLE\tUSE")
	for _, k := range signing.List() {
		rooms, use := "all", "verifies"
		if k.Signs {
			use = "signs"
		}
		if k.Foreign {
			rooms, use = roomList(k.Rooms), "another program's"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.KID, k.Algorithm, day(k.Created), rooms, cmp.Or(k.Highest, "any"), use)
	}
	return table.Flush()
}

func scopeList(scopes []identity.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}

func roomList(patterns identity.Patterns) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, ",")
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}

func stateOf(k identity.APIKey, now time.Time) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked"
	case k.Good(now) != nil:
		return "expired"
	case k.Expires.IsZero():
		return "good"
	}
	return "good until " + day(k.Expires)
}

type keyRevoke struct {
	storage
	ID string `arg:"" help:"The key's id: what stands between the two _ of its text."`
}

func (c *keyRevoke) Run(ctx context.Context) (err error) {
	kept, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	return kept.RevokeAPIKey(ctx, commandLine(), c.ID, time.Now())
}

type keyUnlink struct {
	storage
	ID string `arg:"" help:"The id of the link or token; of another program's token its kid, a / and its jti."`
}

func (c *keyUnlink) Run(ctx context.Context) (err error) {
	kept, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	return kept.RevokeToken(ctx, commandLine(), c.ID, time.Now())
}

type keyRotate struct {
	DataDir   string `help:"The server's data folder, which holds the keys." default:"data" type:"path" placeholder:"DIR"`
	Algorithm string `help:"HS256, or EdDSA where other programs are to check our tokens." enum:"HS256,EdDSA" default:"HS256"`
}

// Run prints the new key's kid.
func (c *keyRotate) Run(out io.Writer) error {
	made, err := identity.RotateKeys(keysDir(c.DataDir), c.Algorithm)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, made.KID)
	return err
}

type keyRetire struct {
	DataDir string `help:"The server's data folder, which holds the keys." default:"data" type:"path" placeholder:"DIR"`
	KID     string `arg:"" name:"kid" help:"The key's kid; see palabre key list."`
}

func (c *keyRetire) Run() error { return identity.RetireKey(keysDir(c.DataDir), c.KID) }

type keyTrust struct {
	DataDir    string   `help:"The server's data folder, which holds the keys." default:"data" type:"path" placeholder:"DIR"`
	KID        string   `name:"kid" help:"The kid in the header of the program's tokens." required:"" placeholder:"KID"`
	PublicKey  string   `name:"public-key" help:"Its Ed25519 public key in PEM; its tokens are signed with EdDSA." type:"existingfile" xor:"key" required:"" placeholder:"FILE"`
	SecretFile string   `name:"secret-file" help:"File with the secret both share, of 32 bytes or more; its tokens are signed with HS256." type:"existingfile" xor:"key" required:"" placeholder:"FILE"`
	Room       []string `help:"The rooms its tokens may be for; * stands for any letters. Default: all." placeholder:"PATTERN"`
	Highest    string   `help:"The highest role its tokens may give." default:"member" placeholder:"ROLE"`
}

func (c *keyTrust) Run() error {
	trust := identity.Trust{KID: c.KID, Rooms: c.Room, Highest: c.Highest}
	text, err := os.ReadFile(cmp.Or(c.PublicKey, c.SecretFile))
	if err != nil {
		return fmt.Errorf("read the program's key: %w", err)
	}
	if c.PublicKey != "" {
		trust.PublicKey = text
	} else {
		trust.Secret = []byte(strings.TrimSpace(string(text)))
	}
	return identity.TrustKey(keysDir(c.DataDir), trust)
}

type keyPublic struct {
	DataDir string `help:"The server's data folder, which holds the keys." default:"data" type:"path" placeholder:"DIR"`
	KID     string `arg:"" name:"kid" help:"The key's kid; see palabre key list."`
}

func (c *keyPublic) Run(out io.Writer) error {
	keys, err := identity.LoadKeys(keysDir(c.DataDir))
	if err != nil {
		return err
	}
	text, err := keys.PublicKey(c.KID)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

type keyScopes struct{}

func (keyScopes) Run(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, scope := range identity.Scopes() {
		fmt.Fprintf(table, "%s\t%s\n", scope, scope.Help())
	}
	return table.Flush()
}
