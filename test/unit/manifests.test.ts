import { beforeEach, describe, expect, it } from '@jest/globals';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import { manifestFindings, readManifests } from '../../src/cli/planning/manifests.ts';
import { canonical, sha256 } from '../../src/base/digest.ts';
import { AwsError } from '../../src/base/error.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { RunManifest, CaptureManifest } from '../../src/domain/records/run-manifest.ts';
import { account, region, store } from '../helpers/bucket-fixture.ts';
import { memoryS3, type MemoryS3 } from '../helpers/memory-s3.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const run = '20260226-230000-0001';
const of = { account, region, endpoint: null, bucket: null };
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
const whole: RunManifest = {
  format: 'aiplan/run@1',
  run,
  at: '2026-02-26T23:00:00.000Z',
  target: plan.target,
  plan,
  journalHead: 'sha256:1',
  befores: [{ step: 'CoursesDb', live, entry, changes: [] }],
  captures: {},
};
const taken: CaptureManifest = {
  format: 'aiplan/capture@1',
  run,
  step: 'CoursesDb',
  at: '2026-02-26T23:01:00.000Z',
  target: plan.target,
  planName: plan.name,
  planDigest: plan.digest,
  journalHead: 'sha256:2',
  live,
  before: live,
  entry,
  capture: { how: 'native', refs: { snapshot: 's' }, pointInTime: null, bytes: 1, encrypted: true, extras: {} },
  expires: '2026-06-01T00:00:00.000Z',
};

let s3: MemoryS3;
let key: string;
beforeEach(async () => {
  s3 = memoryS3([store]);
  const vault = openVault(s3, of, run);
  await vault.putRun?.(whole);
  key = (await vault.putManifest(run, 'CoursesDb', taken)).replace(`s3://${store}/`, '');
  s3.second += 60;
});

const read = (
  query: { readonly run: string | null; readonly brief?: true } = { run },
): ReturnType<typeof readManifests> => readManifests(s3, of, query);
/** Under the name that its content asks for, as anybody with PutObject may write it. */
const forge = (name: string, value: Json, of_: string = run): string => {
  const path = `manifests/${of_}/${name}-${sha256(canonical(value)).slice(7, 19)}.json`;
  s3.write(store, path, JSON.stringify(value));
  return path;
};

describe('manifests in the capture bucket', () => {
  it('are read as they were written, with the times of S3', async () => {
    const { runs, captures, leftOut, touched } = await read();
    expect([runs.map(({ manifest }) => manifest), captures.map(({ manifest }) => manifest), leftOut, touched]).toEqual([
      [whole],
      [taken],
      [],
      [],
    ]);
    expect(runs[0]?.written).toBe(new Date(1_700_000_000_000).toISOString());
  });

  it('are read in the version that was written first where somebody wrote over them or deleted them, and that is said', async () => {
    s3.write(store, key, JSON.stringify({ ...taken, capture: null }));
    s3.remove(store, key);
    const { captures, touched } = await read();
    expect(captures.map(({ manifest }) => manifest)).toEqual([taken]);
    expect(touched.map(({ key: name, how }) => [name, how])).toEqual([
      [key, 'overwritten'],
      [key, 'deleted'],
    ]);
    expect(manifestFindings({ leftOut: [], touched }, store).map(({ code, severity }) => [code, severity])).toEqual([
      ['manifest-overwritten', 'warning'],
      ['manifest-deleted', 'warning'],
    ]);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'that are no JSON',
      () => {
        const path = `manifests/${run}/CoursesDb-0123456789ab.json`;
        s3.write(store, path, 'not { json');
        return path;
      },
      /not JSON/u,
    ],
    ['without a plan', () => forge('run.all', { ...whole, plan: {} } as unknown as Json), /plan/u],
    [
      'whose steps are none',
      () => forge('run.all', { ...whole, plan: { ...plan, steps: [null] } } as unknown as Json),
      /plan\.steps\[0\] is null/u,
    ],
    [
      'whose resource has no properties',
      () => forge('CoursesDb', { ...taken, live: { ...live, properties: null } } as unknown as Json),
      /live\.properties/u,
    ],
    ['whose capture is a text', () => forge('CoursesDb', { ...taken, capture: 'x' } as unknown as Json), /capture/u],
    [
      'of a later format',
      () => forge('run.all', { ...whole, format: 'aiplan/run@2' } as unknown as Json),
      /aiplan\/run@2/u,
    ],
    ['that are lists', () => forge('run.all', [1, 2]), /not a JSON object/u],
    [
      'under the name of another digest',
      () => {
        const path = `manifests/${run}/run.all-0123456789ab.json`;
        s3.write(store, path, JSON.stringify(whole));
        return path;
      },
      /digest of its name/u,
    ],
    ['of another run', () => forge('run.all', { ...whole, run: 'other' } as unknown as Json), /"other"/u],
    ['of another step', () => forge('CoursesDb', { ...taken, step: 'Other' } as unknown as Json), /"Other"/u],
    [
      'of a capture under the name of a run',
      () => forge('run.all', taken as unknown as Json),
      /not the one that its name says/u,
    ],
    [
      'that are stray files',
      () => {
        s3.write(store, `manifests/${run}/notes.txt`, 'hello');
        return `manifests/${run}/notes.txt`;
      },
      /name/u,
    ],
    [
      'deeper down',
      () => {
        s3.write(store, `manifests/${run}/a/b-0123456789ab.json`, '{}');
        return `manifests/${run}/a/b-0123456789ab.json`;
      },
      /name/u,
    ],
  ])('%s are left out by name, and hide nothing else', async (_what, put, why) => {
    const path = put();
    for (const query of [{ run }, { run: null, brief: true } as const]) {
      const { runs, captures, leftOut } = await read(query);
      expect(leftOut.filter(({ key: name }) => name === path).map(({ why: said }) => said)).toEqual(
        query.run === null && !/run\.all|notes|a\/b/u.test(path) ? [] : [expect.stringMatching(why)],
      );
      expect(runs).toHaveLength(1);
      if (query.run !== null) expect(captures).toHaveLength(1);
    }
  });

  it('that nobody here may read are left out; a bucket that does not answer is no empty one', async () => {
    const path = forge('Else', { ...taken, step: 'Else' } as unknown as Json);
    const reading = s3.read.bind(s3);
    const failing = (kind: 'denied' | 'network'): void => {
      s3.read = async (call) => {
        if (call.input['Key'] === path)
          throw new AwsError({ code: 'Fails', kind, operation: 's3:GetObject', message: 'x', executed: 'no' });
        return reading(call);
      };
    };
    failing('denied');
    expect((await read()).leftOut).toEqual([{ key: path, why: expect.stringContaining('Fails') }]);
    failing('network');
    await expect(read()).rejects.toMatchObject({ code: 'Fails' });
  });

  it('of thousands of runs cost one reading each for the list, a few at a time', async () => {
    for (let index = 0; index < 200; index += 1) {
      const name = `20260101-000000-${index.toString(16).padStart(4, '0')}`;
      forge('run.all', { ...whole, run: name } as unknown as Json, name);
    }
    let most = 0;
    let now = 0;
    const reading = s3.read.bind(s3);
    s3.read = async (call) => {
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      try {
        return await reading(call);
      } finally {
        now -= 1;
      }
    };
    const before = s3.counts['s3:GetObject'] ?? 0;
    expect((await read({ run: null, brief: true })).runs).toHaveLength(201);
    expect((s3.counts['s3:GetObject'] ?? 0) - before).toBe(201);
    expect(most).toBeLessThanOrEqual(24);
  });
});

describe('kept texts', () => {
  it('are read in the version that was written, whatever lies above it', async () => {
    const vault = openVault(s3, of, run);
    const ref = await vault.keepSecret('Web', 'user-data', 'mine');
    expect(ref.$secret).toMatchObject({
      captured: expect.stringContaining(`${run}/Web/`),
      version: expect.stringMatching(/^v\d+$/u),
    });
    s3.write(store, `secrets/${ref.$secret.captured ?? ''}`, 'of the attacker');
    expect(await vault.readSecret(ref)).toBe('mine');
    s3.destroy(store, `secrets/${ref.$secret.captured ?? ''}`, ref.$secret.version ?? '');
    await expect(vault.readSecret(ref)).rejects.toMatchObject({ code: 'no-such-secret' });
  });
});
