import type { S3Correction } from '../protocol/correction.ts';

/** Conditional writes under way, by bucket and key. */
const underWay = new Map<string, Promise<void>>();

/**
 * Of several conditional writes of one key, one is carried out. Source: S3 user guide, "How to prevent object
 * overwrites with conditional writes": the first write wins, the others are refused with 412.
 */
export const conditionalWrites: readonly S3Correction[] = [
  {
    operations: ['PutObject'],
    answers:
      'a conditional write is one step; the emulator looks first and writes later, so that two at once both succeed',
    async around({ request: { bucket, key, headers } }, next) {
      if (!headers.has('if-none-match') && !headers.has('if-match')) return next();
      const name = `${bucket}/${key}`;
      const before = underWay.get(name) ?? Promise.resolve();
      const work = before.then(next);
      const ended = work.then(
        () => undefined,
        () => undefined,
      );
      underWay.set(name, ended);
      try {
        await work;
      } finally {
        if (underWay.get(name) === ended) underWay.delete(name);
      }
    },
  },
];
