package protocol

//go:generate go run palabre/signaling/protocol/tsgen -in . -out ../../web/sdk/protocol.ts
