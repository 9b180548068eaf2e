//go:build !unix

package capacity

import "time"

// processorTime is not known here, as if the process never ran.
func processorTime() time.Duration { return 0 }
