package rooms

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	// resumeLifetime is how long a resume token may be shown. Within the life of a
	// server the resume window decides; the token must only outlive the longest meeting.
	resumeLifetime = 24 * time.Hour
	// restartWindow is how long after its start a server takes people back
	// whom the server before it knew. Later such a token can only have been kept on purpose.
	restartWindow = 5 * time.Minute
)

// passport is what a resume token says: enough to find a session, and to make
// it anew when the server that knew it is gone.
type passport struct {
	// Boot tells the server's runs apart. A session of this run that is not
	// found has ended, and its token must not bring it back.
	Boot        string `json:"boot"`
	Session     string `json:"session"`
	Room        string `json:"room"`
	Participant string `json:"participant"`
	Identity    string `json:"identity,omitempty"`
	Name        string `json:"name,omitempty"`
	NameFixed   bool   `json:"fixed,omitempty"`
	Role        Role   `json:"role"`
	// Admitted: a lobby need not hold them again.
	Admitted bool `json:"admitted,omitempty"`
	// Credential and Nameless say what they showed of themselves, for bans.
	Credential string `json:"credential,omitempty"`
	Nameless   bool   `json:"nameless,omitempty"`
	// Unspent: they stand at the door with a voucher that is good for one visit,
	// which this passport must not replace.
	Unspent bool `json:"unspent,omitempty"`
}

// seal makes the token a person comes back with.
func (r *Rooms) seal(p *person) (string, error) {
	state, err := json.Marshal(passport{
		Boot: r.boot, Session: p.session, Room: p.room, Participant: p.id, Identity: p.identity,
		Name: p.name, NameFixed: p.nameFixed, Role: p.born, Admitted: p.admitted,
		Credential: p.credential, Nameless: p.nameless,
		Unspent: p.voucher != nil,
	})
	if err != nil {
		return "", &Error{Code: CodeInternal, Err: fmt.Errorf("writing a resume token: %w", err)}
	}
	token, err := r.cfg.Tokens.SealResume(state, resumeLifetime)
	if err != nil {
		return "", &Error{Code: CodeInternal, Err: fmt.Errorf("signing a resume token: %w", err)}
	}
	return token, nil
}

// unseal reads a token of seal for a room.
func (r *Rooms) unseal(token, room string) (passport, error) {
	state, err := r.cfg.Tokens.OpenResume(token)
	if err != nil {
		return passport{}, resumeFailed("The resume token is not valid.", err)
	}
	var pass passport
	if err := json.Unmarshal(state, &pass); err != nil {
		return passport{}, resumeFailed("The resume token is not valid.", fmt.Errorf("reading its state: %w", err))
	}
	switch {
	case pass.Room != room:
		return passport{}, resumeFailed("The resume token is for another room.", nil)
	case pass.Boot != r.boot && time.Since(r.started) > restartWindow:
		return passport{}, resumeFailed("The resume token is from before the server's last start.", nil)
	case pass.Boot != r.boot && pass.Unspent:
		return passport{}, resumeFailed("The place at the door is gone; show the link again.", nil)
	}
	return pass, nil
}

func resumeFailed(message string, cause error) error {
	return &Error{Code: CodeResumeFailed, Message: message, Err: cause}
}

// arrival is the passport as a request for a fresh session.
func (p passport) arrival(client, address string) arrival {
	return arrival{
		kind: Attendee, fresh: true, id: p.Participant, identity: p.Identity,
		name: p.Name, nameFixed: p.NameFixed, role: p.Role, admitted: p.Admitted, client: client,
		credential: p.Credential, nameless: p.Nameless, address: address,
	}
}
