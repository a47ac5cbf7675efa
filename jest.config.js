export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testSequencer: '<rootDir>/test/helpers/sequencer.mjs',
  setupFiles: ['<rootDir>/test/helpers/jest-setup.mjs'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': ['@swc/jest', {
      jsc: { target: 'es2022', parser: { syntax: 'typescript', tsx: true }, transform: { react: { runtime: 'automatic' } } },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    }],
  },
  clearMocks: true,
  // Generous: a loaded machine must not fail a test, and no test asserts on time.
  testTimeout: 180_000,
};
