import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that leave their process: they open sockets, start programs, make devices or synthesise stacks. */
const SYSTEM_TESTS = ['test/**/*.system.test.ts', 'test/{lab,bench,soak}/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['shared/core/**/*.ts', 'lambda/**/*.ts'],
      reporter: ['text', 'text-summary'],
      // Just below what the unit tests reach; the rest of the function is reached by system tests.
      thresholds: {
        statements: 78,
        branches: 78,
        functions: 80,
        lines: 77,
        'shared/core/**': { statements: 96, branches: 90, functions: 96, lines: 96 },
      },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...SYSTEM_TESTS, 'test/real/**'],
          setupFiles: ['test/support/stay-inside.ts'],
          // They share no state that one of them changes, so a worker runs many of them.
          isolate: false,
          // By default one processor is left idle.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: SYSTEM_TESTS,
          // Most wait for real programs and devices: more of them than processors can run at once.
          maxWorkers: 4,
          // Groups that differ in their workers run one after the other.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
