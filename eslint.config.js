import tseslint from 'typescript-eslint';
import { roomBorders } from './.eslint/room-borders.js';

const ONLY_WORKER_POOL = 'Only src/decoding/worker-pool.ts imports Piscina and workers/.';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'eslint.config.js', '.eslint/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/wall/browser/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    plugins: { project: { rules: { 'room-borders': roomBorders } } },
    rules: { 'project/room-borders': 'error' },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/decoding/worker-pool.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'piscina', message: ONLY_WORKER_POOL }],
          patterns: [{ regex: '^(\\.\\./)+workers/', message: ONLY_WORKER_POOL }],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines': ['error', 250] },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', 60] },
  },
  {
    // Without one a test that waits for ever is ended with its whole file, and nothing tells which it was.
    files: ['test/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='test'][arguments.length<3]",
          message: 'Give the test a timeout: test(name, { timeout: 10_000 }, ...).',
        },
        {
          selector:
            "CallExpression[callee.name='test'] > ObjectExpression.arguments:not(:has(> Property[key.name='timeout']))",
          message: 'Give the test a timeout among its options.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-console': 'off',
      // node:test's test() and describe() return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
    },
  },
);
