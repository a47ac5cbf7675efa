import base from '../../jest.config.js';

/**
 * The fault matrix over HTTP: `npm run test:faults`, apart from `npm test`. Each file is a lane of its own, in a
 * process of its own.
 */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/faults-http'],
  testMatch: ['**/*.faults.ts'],
  testTimeout: 3_600_000,
};
