package protocol

//go:generate go run palabre/signaling/protocol/tsgen -in protocol.go -out ../../web/sdk/protocol.ts
