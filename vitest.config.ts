import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/compatibility/**', 'test/full/**', 'test/clients/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/e2e/**/*.test.ts', 'test/compatibility/**/*.test.ts'],
          globalSetup: ['test/synthesize-once.ts'],
          testTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: {
          // Too slow for every run: `npm run test:full`, which CI runs.
          name: 'full',
          include: ['test/full/**/*.test.ts'],
          globalSetup: ['test/synthesize-once.ts'],
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          // The real clients of AWS, which scripts/real-clients.sh installs.
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          globalSetup: ['test/synthesize-once.ts'],
          testTimeout: 120_000,
        },
      },
    ],
    // Two cores: end-to-end files each run an AWS of their own, so more workers only make each slower.
    maxWorkers: 2,
    hookTimeout: 120_000,
    allowOnly: false,
  },
});
