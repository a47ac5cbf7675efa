import { describe, expect, it } from '@jest/globals';
import { chosenManifests } from '../../src/recovery/captures/chosen-manifests.ts';
import { keptRuns, recordsFrom } from '../../src/recovery/captures/from-manifests.ts';
import { sha256 } from '../../src/base/digest.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Lying, LyingManifests, RunManifest, CaptureManifest } from '../../src/domain/records/run-manifest.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const run = '20260226-230000-0001';
const plan = samplePlan([deleteDatabase]);
const live = {
  type: 'AWS::RDS::DBInstance',
  identity: 'courses-prod',
  incarnation: 'db-1',
  properties: {},
  attributes: {},
  systemTags: {},
  state: 'available',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
} as LiveResource;
const entry = {
  address: 'CoursesDb',
  type: live.type,
  action: 'delete',
  dependsOn: [],
  source: { line: 1, column: 1 },
  positions: {},
} as const;
const head = (word: string): string => sha256(word);
const whole = (more: Partial<RunManifest> = {}): RunManifest => ({
  format: 'aiplan/run@1',
  run,
  at: '2026-02-26T23:00:00.000Z',
  target: plan.target,
  plan,
  journalHead: head('whole'),
  befores: [{ step: 'CoursesDb', live, entry, changes: [] }],
  captures: {},
  ...more,
});
const captureOf = (how: 'native' | 'copy', refs: Record<string, Json>): CaptureManifest['capture'] => ({
  how,
  refs,
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras: {},
});
const taken = (capture: CaptureManifest['capture'], more: Partial<CaptureManifest> = {}): CaptureManifest => ({
  format: 'aiplan/capture@1',
  run,
  step: 'CoursesDb',
  at: '2026-02-26T23:01:00.000Z',
  target: plan.target,
  planName: plan.name,
  planDigest: plan.digest,
  journalHead: head('captured'),
  live,
  before: live,
  entry,
  capture,
  expires: '2026-06-01T00:00:00.000Z',
  ...more,
});
const lie = <Manifest>(key: string, written: string, manifest: Manifest): Lying<Manifest> => ({
  key,
  written: `2026-02-${written}.000Z`,
  manifest,
});
const lying = (runs: LyingManifests['runs'], captures: LyingManifests['captures'] = []): LyingManifests => ({
  runs,
  captures,
  leftOut: [],
  touched: [],
});

describe('a forged manifest of a whole run', () => {
  const own = lie('own', '26T23:00:00', whole());
  const empty = { ...plan, name: 'nothing', steps: [] };

  it('hides nothing, whatever time it gives itself: S3 has the times', () => {
    const forged = lie(
      'forged',
      '27T10:00:00',
      whole({ at: '2026-02-01T00:00:00.000Z', plan: empty, befores: [], journalHead: head('made up') }),
    );
    const later = lie('later', '27T11:00:00', whole({ at: '2030-01-01T00:00:00.000Z', plan: empty, befores: [] }));
    for (const runs of [
      [own, forged, later],
      [later, forged, own],
    ]) {
      const chosen = chosenManifests(run, lying(runs));
      expect(chosen.whole?.plan.name).toBe(plan.name);
      expect(chosen.rivals.map(({ key }) => key)).toEqual(['forged', 'later']);
      expect(keptRuns(lying(runs))).toEqual([
        expect.objectContaining({ run, planName: plan.name, steps: 1, at: '2026-02-26T23:00:00.000Z' }),
      ]);
      expect(recordsFrom(run, lying(runs)).filter(({ kind }) => kind === 'before')).toHaveLength(1);
    }
  });

  it('does not count where the journal knows which record it ended with', () => {
    const forged = lie('forged', '26T22:00:00', whole({ plan: empty, journalHead: head('made up') }));
    const chosen = chosenManifests(run, lying([forged, own]), { heads: new Set([head('whole')]) });
    expect([chosen.whole?.plan.name, chosen.rivals.map(({ key }) => key)]).toEqual([plan.name, ['forged']]);
  });
});

describe('several manifests of one capture', () => {
  const runs = [lie('run', '26T23:00:00', whole())];
  const copy = lie(
    'copy',
    '26T23:01:00',
    taken(captureOf('copy', { prefix: `copies/${run}/CoursesDb/`, manifest: 'one' })),
  );
  const pick = (
    captures: LyingManifests['captures'],
    more: Parameters<typeof chosenManifests>[2] = {},
  ): readonly [unknown, readonly string[]] => {
    const chosen = chosenManifests(run, lying(runs, captures), more);
    return [chosen.captures.get('CoursesDb')?.capture?.refs, chosen.rivals.map(({ key }) => key)];
  };

  it("of copies, the first by S3's clock counts, and the others are reported", () => {
    const forged = lie(
      'forged',
      '28T00:00:00',
      taken(captureOf('copy', { prefix: `copies/${run}/CoursesDb/`, manifest: 'forged' }), {
        at: '2020-01-01T00:00:00.000Z',
      }),
    );
    expect(pick([copy, forged])).toEqual([copy.manifest.capture?.refs, ['forged']]);
    expect(pick([forged, copy])).toEqual([copy.manifest.capture?.refs, ['forged']]);
  });

  it('of snapshots, the newest of which AWS shows that the run took it', () => {
    const first = lie('first', '26T23:01:00', taken(captureOf('native', { snapshot: 'one' })));
    const again = lie('again', '26T23:30:00', taken(captureOf('native', { snapshot: 'two' })));
    const forged = lie('forged', '28T00:00:00', taken(captureOf('native', { snapshot: 'foreign' })));
    expect(pick([first, again])).toEqual([{ snapshot: 'two' }, ['first']]);
    expect(pick([first, again, forged], { unproven: new Set(['forged']) })).toEqual([
      { snapshot: 'two' },
      ['forged', 'first'],
    ]);
  });

  it('count only where they fit the plan that the run wrote down', () => {
    const odd: readonly Partial<CaptureManifest>[] = [
      { step: 'Other' },
      { planDigest: head('another') },
      { live: { ...live, incarnation: 'db-2' } },
      { before: { ...live, identity: 'other' } },
      { live: { ...live, type: 'AWS::S3::Bucket' } },
      { target: { ...plan.target, account: '210987654321' } },
    ];
    for (const more of odd)
      expect(pick([lie('odd', '26T23:00:30', taken(captureOf('copy', { manifest: 'odd' }), more)), copy])).toEqual([
        copy.manifest.capture?.refs,
        ['odd'],
      ]);
  });

  it('are one and the same where they say the same', () => {
    expect(pick([copy, lie('twice', '26T23:40:00', { ...copy.manifest, at: '2026-02-26T23:40:00.000Z' })])).toEqual([
      copy.manifest.capture?.refs,
      [],
    ]);
  });

  it('tell of the run by themselves where its plan is not there', () => {
    const chosen = chosenManifests(run, lying([], [copy]));
    expect([chosen.whole, chosen.at, chosen.captures.size]).toEqual([null, copy.written, 1]);
    expect(keptRuns(lying([], [copy]))).toEqual([expect.objectContaining({ whole: false, steps: 1 })]);
    expect(recordsFrom(run, lying([], [copy])).map(({ kind }) => kind)).toContain('captured');
  });
});
