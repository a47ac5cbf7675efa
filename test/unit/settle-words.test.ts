import { describe, expect, it } from '@jest/globals';
import { othersWords } from '../../src/recovery/resume/reconcile-sentences.ts';
import type { Drift } from '../../src/run/drift/drift.ts';

describe('what is not as a run left it', () => {
  const text: Drift = { path: 'Text', before: 'a', after: 'b', inList: false };
  const then: Drift = { path: 'dependents', before: 'unknown', after: [], inList: false };
  const now: Drift = { path: 'backups', before: 1, after: 'unknown', inList: false };

  it.each([
    [[text], /^db was changed by somebody else: Text/u],
    [
      [then],
      /^dependents of db could not be read when the run began the step: whether somebody else changed that, nobody can say$/u,
    ],
    [[then, now], /^backups, dependents of db could not be read now/u],
    [[text, now], /^db was changed by somebody else: Text.*; backups of db could not be read now/u],
  ] as const)("is somebody else's only where both could be read (%#)", (others, says) => {
    expect(
      othersWords(
        'db',
        [...others].sort((a, b) => (a.path < b.path ? -1 : 1)),
      ),
    ).toMatch(says);
  });
});
