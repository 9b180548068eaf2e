package webhook_test

import (
	"os"
	"testing"

	"palabre/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Run(m)) }
