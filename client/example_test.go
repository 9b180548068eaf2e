package client_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/rtp"

	"palabre/client"
	"palabre/client/clienttest"
	"palabre/signaling/protocol"
)

// A bot that publishes its microphone and greets the room.
func Example() {
	server := clienttest.NewServer() // in real life "https://meet.example"
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	bot, err := client.Join(ctx, client.Config{
		URL: server.URL, Room: "garden", Name: "Gardener",
		Send:     []client.Send{{Source: protocol.SourceMicrophone}},
		Receive:  client.DefaultReceive(),
		OnPacket: func(from *client.Receiver, p *rtp.Packet) { /* listen */ },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bot.Close()
	if err := bot.WaitMedia(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := bot.Say("Good morning!", ""); err != nil {
		fmt.Println(err)
		return
	}
	for event := range bot.Events() {
		if said, ok := event.(client.ChatReceived); ok {
			fmt.Printf("%s: %s\n", said.Name, said.Text)
			break
		}
	}
	fmt.Println(bot.Leave(ctx))
	// Output:
	// Gardener: Good morning!
	// <nil>
}
