// House rules as checks: see CONTRIBUTING.md for the reasons.
import tseslint from 'typescript-eslint';

const CLOCK = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'take `now` as a value (ports/clock.ts)',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'take `now` as a value (ports/clock.ts)',
  },
];
const CHANCE = [
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'take identifiers from ports/identifiers.ts',
  },
  {
    selector: "CallExpression[callee.name='randomUUID']",
    message: 'take identifiers from ports/identifiers.ts',
  },
];
const ENVIRONMENT = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'only lambda/runtime.ts reads the environment',
  },
];
const TESTS = [
  {
    selector:
      'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo|fails)$/]',
    message: 'no focused, skipped or unwritten tests',
  },
];

export default tseslint.config(
  {
    ignores: ['node_modules/', 'cdk.out/', 'coverage/', '.certvend/', 'eslint.config.js', 'vitest.config.ts'],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'no-restricted-syntax': ['error', ...TESTS],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**', 'lambda/**', 'lib/**', 'bin/**'],
    rules: { 'no-restricted-syntax': ['error', ...CLOCK, ...CHANCE, ...ENVIRONMENT] },
  },
  {
    files: ['src/aws/system-clock.ts'],
    rules: { 'no-restricted-syntax': ['error', ...CHANCE, ...ENVIRONMENT] },
  },
  {
    files: ['src/aws/random-identifiers.ts'],
    rules: { 'no-restricted-syntax': ['error', ...CLOCK, ...ENVIRONMENT] },
  },
  { files: ['lambda/runtime.ts'], rules: { 'no-restricted-syntax': ['error', ...CLOCK, ...CHANCE] } },
);
