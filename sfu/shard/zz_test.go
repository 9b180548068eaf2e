package shard_test
import ("testing";"time")
func BenchmarkStill(b *testing.B){ for b.Loop(){ f:=newStillFan(); f.engine.Pass(60*time.Millisecond); f.close() } }
