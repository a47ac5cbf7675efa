import { describe, expect, it } from '@jest/globals';
import type { RestoreOrder } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { proves, unprovenBy } from '../../src/cli/planning/proven-restores.ts';

const live: LiveResource = {
  type: 'AWS::RDS::DBInstance',
  identity: 'courses-prod',
  incarnation: 'db-1',
  properties: { PubliclyAccessible: false },
  attributes: {},
  systemTags: {},
  pending: {},
  binding: {},
  observed: {},
  state: 'available',
  detailed: true,
} as unknown as LiveResource;
const capture = {
  how: 'native',
  refs: { snapshot: 'before', final: 'last' },
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras: {},
};
const order: RestoreOrder = {
  run: 'r',
  step: 'Db',
  formerIdentity: 'courses-prod',
  formerIncarnation: 'db-1',
  capture,
  live,
};
const manifest = {
  run: 'r',
  step: 'Db',
  live: { ...live, state: 'stopped' },
  before: live,
  capture,
} as unknown as JsonObject;

describe('a restore', () => {
  it('is proven by a manifest that says of it what the journal says', () => expect(proves(manifest, order)).toBe(true));
  it('is not proven where the journal names another backup, other properties or another resource', () => {
    const forged: readonly RestoreOrder[] = [
      { ...order, capture: { ...capture, refs: { snapshot: 'before', final: 'an-older-one' } } },
      { ...order, live: { ...live, properties: { PubliclyAccessible: true } } },
      { ...order, formerIdentity: 'other' },
      { ...order, formerIncarnation: 'db-2' },
    ];
    expect(forged.map((claim) => proves(manifest, claim))).toEqual([false, false, false, false]);
    const { live: _live, ...unrecorded } = order;
    expect(proves(manifest, unrecorded)).toBe(false);
    expect(proves({}, unrecorded)).toBe(false);
  });
  it('is proven by what the run wrote down before its first change, where the capture was taken by then', () => {
    const whole = (claimed: object, of: LiveResource = live) =>
      [
        { befores: [{ step: 'Db', live: of, entry: {}, changes: [] }], captures: { Db: claimed } },
      ] as unknown as Parameters<typeof unprovenBy>[1];
    expect(unprovenBy([], whole(capture), order)).toBeNull();
    expect(unprovenBy([], whole({ ...capture, refs: { snapshot: 'other' } }), order)).toContain('no manifest of run r');
    expect(unprovenBy([], whole(capture, { ...live, incarnation: 'db-2' }), order)).toContain('no manifest of run r');
  });
  it('that is not proven says what is known: a manifest that is not there says nothing against the journal', () => {
    const formerly = { ...order, formerly: { 'vol-1': { Size: 8 } } };
    const before = (Size: number) =>
      [
        {
          befores: [{ step: 'V', live: { ...live, identity: 'vol-1', properties: { Size } }, entry: {}, changes: [] }],
          captures: {},
        },
      ] as unknown as Parameters<typeof unprovenBy>[1];
    expect(unprovenBy([manifest], [], order)).toBeNull();
    expect(unprovenBy([manifest], before(8), formerly)).toBeNull();
    expect(unprovenBy([], [], order)).toBe(
      'no manifest of run r for "courses-prod" lies in the capture bucket: it was not written, or it is gone. Only the journal speaks of the capture',
    );
    expect(unprovenBy([manifest], [], { ...order, formerIncarnation: 'db-2' })).toContain(
      'do not say the same of "courses-prod"; which of them was changed is not known',
    );
    expect(unprovenBy([manifest], [], formerly)).toContain(
      'before its first change is not there: only the journal says',
    );
    expect(unprovenBy([manifest], before(9), formerly)).toContain(
      'do not say the same of what "courses-prod" brings along',
    );
  });
});
