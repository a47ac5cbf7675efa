import { describe, expect, it } from '@jest/globals';
import { boundObservations, outsideBands, type Bands } from '../../src/domain/bands.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';

const moved = (before: JsonObject, after: JsonObject, bands?: Bands): readonly string[] =>
  outsideBands(before, after, bands).map(({ path }) => path);

describe('bands of observations', () => {
  it.each<[string, Json, Json, boolean]>([
    ['objects', 0, 300, true],
    ['objects', 0, 1, true],
    ['objects', 0, 0, false],
    ['objects', 10, 20, false],
    ['objects', 10, 21, true],
    ['objects', 10, 0, false],
    ['bytes', 100, 201, true],
    ['rows', 0, 1, true],
    ['connections', 0, 1, true],
    ['anythingCounted', 3, 7, true],
    ['objects', 10, 'unknown', true],
    ['objects', 10, 'unknown (AccessDenied)', true],
    ['objects', 'unknown', 300, false],
    ['snapshots', 14, 0, true],
    ['manualSnapshots', 4, 1, true],
    ['snapshots', 4, 2, false],
    ['snapshots', 0, 9, false],
    ['aiplanSnapshots', 1, 9, false],
    ['lastUse', '2025-01-01T00:00:00Z', '2026-11-30T00:00:00Z', true],
    ['lastUse', '2026-11-30T00:00:00Z', '2026-11-30T01:00:00Z', false],
    ['lastWrite', '2025-01-01T00:00:00Z', '2026-11-30T00:00:00Z', true],
    ['lastUse', 'unknown', '2026-11-30T00:00:00Z', false],
    ['creator', 'a', 'b', false],
    ['newestSnapshot', '2025-01-01T00:00:00Z', '2026-11-30T00:00:00Z', false],
    ['latestRestorable', 'a', 'b', false],
  ])('%s from %s to %s', (name, before, after, stale) => {
    expect(moved({ [name]: before }, { [name]: after })).toEqual(stale ? [name] : []);
  });

  it('compares nothing that was not read now', () => {
    expect(moved({ objects: 0, bytes: 0 }, { bytes: 0 })).toEqual([]);
  });
  it('follows what a type says', () => {
    expect(
      moved({ largestObject: 1, objects: 1 }, { largestObject: 9, objects: 9 }, { largestObject: 'free' }),
    ).toEqual(['objects']);
  });
  it('binds numbers and texts, not the lists that serve the planner', () => {
    expect(boundObservations({ objects: 1, created: 'x', listing: { rows: [] }, list: ['a'], gone: null })).toEqual({
      objects: 1,
      created: 'x',
    });
  });
});
