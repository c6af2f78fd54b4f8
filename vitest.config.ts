import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

process.env['TZ'] = 'UTC';

// biome-ignore lint/style/noDefaultExport: vitest asks for one
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-once.ts'],
    setupFiles: ['test/fixed-seed.ts'],
    testTimeout: 20_000,
    // One less than there are cores, which is what vitest takes, leaves one of two idle: most tests wait for a program.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    env: { TZ: 'UTC', NO_COLOR: '1' },
  },
});
