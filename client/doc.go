// Package client takes part in Palabre meetings from Go programs: bots,
// bridges, the load generator and tests.
//
// [Join] opens a WebSocket to a server, negotiates one PeerConnection and
// enters a room; [Open] stops at the door, [Session.Join] goes in. What a
// session sends is declared beforehand in [Config.Send], one [Line] per
// source; what it receives comes through a fixed number of receive-only
// [Receiver] lines (seats, stages and voices, see [Receive]) whose occupants
// the server chooses by the layout given to [Session.Show].
//
//	session, err := client.Join(ctx, client.Config{
//		URL: "https://meet.example", Room: "garden", Name: "Gardener",
//		Send: []client.Send{{Source: protocol.SourceMicrophone}},
//	})
//	if err != nil {
//		return err
//	}
//	defer session.Close()
//	frames, err := client.OpenOgg(file)
//	if err != nil {
//		return err
//	}
//	return session.Line(protocol.SourceMicrophone).Play(ctx, frames)
//
// A session repairs itself: when the WebSocket is lost it comes back with its
// resume token for as long as [Config.ResumeWindow], keeps its PeerConnection
// when the server still has it and makes a new one when not, and restarts ICE
// when the path is lost. Lines and receivers stay the same objects through all
// of it. [Session.Events] tells what happened; [Session.Done] is closed when
// the session is over for good and [Session.Err] says why.
//
// Every Session must be closed with [Session.Close] or [Session.Leave]; both
// return only when nothing the session started runs any more.
package client
