import tseslint from 'typescript-eslint';

/** Paths (from a file in workers/) that a worker thread may import from src/: leaf modules with no state. */
const workerBorder = {
  patterns: [
    {
      regex: '^\\.\\./src/(?!(shared/[a-z-]+)\\.js$)',
      message: 'A worker imports only src/shared/: leaf modules without state.',
    },
  ],
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'eslint.config.js'] },
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
  { files: ['workers/**/*.ts'], rules: { 'no-restricted-imports': ['error', workerBorder] } },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/decoding/worker-pool.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'piscina', message: 'src/decoding/worker-pool.ts is the only importer of Piscina.' },
          ],
          patterns: [
            { regex: '^(\\.\\./)+(test|bench)/', message: 'The product does not import its tests.' },
          ],
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
