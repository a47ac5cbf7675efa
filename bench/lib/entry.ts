/** What the benchmarks use of the program, bundled into a temporary folder by `program.mjs`. */
export { parseChangePlan } from '../../src/change/parse.ts';
export { refresh } from '../../src/engine/refresh.ts';
export { loadSchema } from '../../providers/aws/schema.ts';
export { openSession } from '../../providers/aws/session.ts';
export { resourceTypes } from '../../providers/index.ts';
export { down, up } from '../../src/sandbox/background.ts';
export { seedFleet } from '../../src/sandbox/fleet.ts';
