/** What the benchmarks use of the program, bundled into a temporary folder by `program.mjs`. */
export { parseChangePlan } from '../../src/change/parse.ts';
export { changingUpdates, plan } from '../../src/engine/planner.ts';
export { refresh } from '../../src/engine/refresh.ts';
export { loadSchema } from '../../providers/aws/schema.ts';
export { openSession } from '../../providers/aws/session.ts';
export { resourceTypes } from '../../providers/index.ts';
export { down, up } from '../../src/sandbox/background.ts';
export { seedFleet } from '../../src/sandbox/fleet.ts';
export { defaults } from '../../src/store/configuration.ts';
export { noKnowledge } from '../../src/model/knowledge.ts';
export { openCanvas } from '../../src/tui/canvas.tsx';
export { repaint } from '../../src/tui/repaint.ts';
export { reviewScene } from '../../src/tui/review-scene.ts';
export { folderStore } from '../../src/store/folder-store.ts';
export { s3Store } from '../../src/store/s3-store.ts';
export { openStoreBucket } from '../../providers/aws/store-session.ts';
