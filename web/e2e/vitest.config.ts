import { defineConfig } from 'vitest/config';

/** Real browsers against the real binary: one file after the other, since two cores carry one meeting well. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    retry: 0,
  },
});
