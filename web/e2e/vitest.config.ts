import { defineConfig } from 'vitest/config';

/** Real browsers against the real binary: one file after the other, since two cores carry one meeting well. */
export default defineConfig({
  test: {
    include: process.env['SCREENSHOTS'] ? ['e2e/screenshots.ts'] : ['e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One more try for a browser that a busy machine starved; the report names each that needed it.
    retry: 1,
    // A failed step would make all that follow it fail for no reason of their own.
    bail: 1,
  },
});
