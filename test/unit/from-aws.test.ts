import { beforeEach, describe, expect, it } from '@jest/globals';
import { fromAwsSource, runsInAws } from '../../src/cli/planning/from-aws.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import { markOf } from '../../src/audit/verify.ts';
import { canonical, sha256 } from '../../src/base/digest.ts';
import { UserError } from '../../src/base/error.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { RunManifest, CaptureManifest } from '../../src/domain/records/run-manifest.ts';
import { benchOf, changePlanOf, entryOf, testConfiguration, type Bench } from '../helpers/apply-world.ts';
import { account, region, store as bucket } from '../helpers/bucket-fixture.ts';
import { memoryS3, type MemoryS3 } from '../helpers/memory-s3.ts';
import { createMemoryWorld, DATABASE, NOTE } from '../helpers/memory-world.ts';
import { bringingOut } from '../../src/cli/planning/bringing-out.ts';
import { rollbackSource } from '../../src/cli/planning/loading.ts';

const run = '20260226-230000-0001';
let bench: Bench;
let s3: MemoryS3;
let said: string;

/** The world of a command: the account in memory, its capture bucket, and a store that knows the run or does not. */
function worldOf(knows: 'journal' | 'log' | 'nothing' | 'silent' | 'planted' | 'anew'): CommandContext {
  const missing = (code: string): UserError => new UserError(code, code);
  const store = {
    place: 'memory',
    async readRun(name: string) {
      if (knows === 'silent') throw missing('store-unreadable');
      if (knows === 'log' || knows === 'nothing' || name !== run) throw missing('no-such-run');
      return { path: 'p', records: bench.journalOf(run), head: '', torn: null };
    },
    readAuditOf: async () =>
      knows === 'log' || knows === 'journal' || knows === 'anew'
        ? [
            {
              kind: 'run-began',
              run,
              journal:
                knows === 'anew' ? { records: 1, head: 'sha256:other' } : markOf(bench.journalOf(run).slice(0, 1)),
            },
          ]
        : [],
    closedRuns: async () => [],
    openRuns: async () => [],
    listRuns: async () => [],
  };
  const { target, types, schemas, session } = bench.world;
  return {
    store,
    types,
    schemas,
    configuration: testConfiguration,
    options: { color: false },
    target: async () => target,
    recorded: () => null,
    // The account in memory has no buckets of S3's and no snapshots of RDS's; the capture bucket is beside it.
    reader: async () => ({
      ...session,
      read: (call: Parameters<MemoryS3['read']>[0]) =>
        call.input['Bucket'] === bucket || call.operation === 'DescribeDBSnapshots'
          ? s3.read(call)
          : session.read(call),
    }),
    io: {
      clock: bench.clock,
      stderr: {
        write: (text: string) => {
          said += text;
        },
      },
    },
  } as unknown as CommandContext;
}

beforeEach(async () => {
  said = '';
  bench = benchOf(
    createMemoryWorld({
      seed: [
        { type: DATABASE, identity: 'courses', properties: { Class: 'db.large' }, rows: ['a'] },
        { type: NOTE, identity: 'readme', properties: { Text: 'old' } },
      ],
    }),
  );
  s3 = memoryS3([bucket]);
  const vault = openVault(s3, { account, region, endpoint: null, bucket: null }, run);
  const changes = changePlanOf([
    entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
    entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } }),
  ]);
  expect((await bench.apply(changes, { run, ports: { vault } })).outcome).toBe('done');
  bench.clock.time += 61_000;
  s3.second += 3_600;
});

const forge = (name: string, value: Json): string => {
  const key = `manifests/${run}/${name}-${sha256(canonical(value)).slice(7, 19)}.json`;
  s3.write(bucket, key, JSON.stringify(value));
  return key;
};
const lying = <Manifest>(name: string): Manifest =>
  JSON.parse(
    s3.text(bucket, s3.keys(bucket).find((key) => key.startsWith(`manifests/${run}/${name}-`)) ?? '') ?? '',
  ) as Manifest;
const entries = (source: {
  readonly changePlan: { readonly resources: readonly { readonly action: string; readonly address: string }[] };
}): readonly string[] => source.changePlan.resources.map(({ action, address }) => `${action} ${address}`).sort();
const both = ['create Db', 'update Note'];
const errors = (findings: readonly { readonly severity: string; readonly code: string }[]): readonly string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);

describe('a rollback from AWS', () => {
  it('brings everything back where nobody was at the bucket', async () => {
    const source = await fromAwsSource(worldOf('journal'), run);
    expect([entries(source), errors(source.findings), source.changePlan.unlogged]).toEqual([both, [], undefined]);
    expect((await runsInAws(worldOf('nothing'))).runs.map((one) => one.run)).toEqual([run]);
  });

  it.each(['journal', 'nothing'] as const)(
    'is not hidden by a forged plan of the run with a later time (the store knows its %s)',
    async (knows) => {
      const whole = lying<RunManifest>('run.all');
      const key = forge('run.all', {
        ...whole,
        at: '2030-01-01T00:00:00.000Z',
        journalHead: 'sha256:0',
        befores: [],
        plan: { ...whole.plan, name: 'empty', steps: [] },
      } as unknown as Json);
      const source = await fromAwsSource(worldOf(knows), run);
      expect(entries(source)).toEqual(both);
      expect(source.findings.filter(({ code }) => code === 'manifest-rival').map(({ message }) => message)).toEqual([
        expect.stringContaining(key),
      ]);
      expect((await runsInAws(worldOf(knows))).runs).toEqual([
        expect.objectContaining({ run, planName: 'test-plan', steps: 2 }),
      ]);
    },
  );

  it('of a run that only the bucket speaks of is marked so; a store that does not answer knows nothing', async () => {
    for (const knows of ['nothing', 'silent'] as const) {
      const source = await fromAwsSource(worldOf(knows), run);
      expect([source.changePlan.unlogged, source.findings.map(({ code }) => code)]).toEqual([
        true,
        expect.arrayContaining(['rollback-unlogged']),
      ]);
      const { plan } = await bench.plan(source.changePlan);
      expect(plan.steps.map(({ confirm }) => confirm !== null)).toEqual([true, true]);
    }
    expect((await fromAwsSource(worldOf('log'), run)).changePlan.unlogged).toBeUndefined();
  });

  it('is blocked where the manifest has a secret of another run brought back', async () => {
    const taken = lying<CaptureManifest>('Db');
    const key = s3.keys(bucket).find((one) => one.startsWith(`manifests/${run}/Db-`)) ?? '';
    s3.destroy(bucket, key, 'v2');
    forge('Db', {
      ...taken,
      capture: { ...taken.capture, extras: { script: { $secret: { captured: 'other/Web/user-data' } } } },
    } as unknown as Json);
    const { plan } = await bench.plan((await fromAwsSource(worldOf('nothing'), run)).changePlan);
    expect(plan.findings.map(({ code }) => code)).toContain('capture-foreign');
    expect(plan.steps.filter(({ blocked }) => blocked).map(({ id }) => id)).toContain('Db');
  });

  it('and its list say what lies there besides, and go on', async () => {
    s3.write(bucket, `manifests/${run}/run.all-000000000000.json`, 'no json');
    s3.write(bucket, 'manifests/readme.txt', 'hello');
    const plain = lying<JsonObject>('run.all');
    forge('run.all', { ...plain, plan: {} });
    forge('run.all', { ...plain, format: 'aiplan/run@9' });
    const { runs, findings } = await runsInAws(worldOf('nothing'));
    expect([runs.length, findings.map(({ code }) => code)]).toEqual([
      1,
      Array.from({ length: 4 }, () => 'manifest-left-out'),
    ]);
    const source = await fromAwsSource(worldOf('nothing'), run);
    expect([
      entries(source),
      errors(source.findings),
      source.findings.filter(({ code }) => code === 'manifest-left-out').length,
    ]).toEqual([both, [], 3]);
  });

  it('says what it could not use where nothing else is there', async () => {
    for (const key of s3.keys(bucket)) for (const id of ['v1', 'v2', 'v3']) s3.destroy(bucket, key, id);
    s3.write(bucket, `manifests/${run}/run.all-000000000000.json`, 'no json');
    await expect(fromAwsSource(worldOf('nothing'), run)).rejects.toMatchObject({
      code: 'no-manifests',
      message: expect.stringContaining('not JSON'),
    });
    await expect(runsInAws(worldOf('nothing'))).rejects.toMatchObject({
      code: 'no-manifests',
      message: expect.stringContaining('not JSON'),
    });
  });
});

describe('a rollback by the journal', () => {
  it('is held up by no bad object in the capture bucket, and names it', async () => {
    s3.write(bucket, `manifests/${run}/Db-000000000000.json`, 'no json');
    s3.write(bucket, `manifests/${run}/run.all-000000000000.json`, '{"plan":{}}');
    const source = await rollbackSource(worldOf('journal'), run);
    expect([entries(source), errors(source.findings)]).toEqual([both, []]);
    expect(source.findings.filter(({ code }) => code === 'manifest-left-out').map(({ message }) => message)).toEqual([
      expect.stringContaining('Db-000000000000.json'),
      expect.stringContaining('run.all-000000000000.json'),
    ]);
  });

  it('takes the manifest that was written first where somebody wrote over it', async () => {
    const key = s3.keys(bucket).find((one) => one.startsWith(`manifests/${run}/Db-`)) ?? '';
    s3.write(bucket, key, '{}');
    const source = await rollbackSource(worldOf('journal'), run);
    expect([entries(source), errors(source.findings), source.findings.map(({ code }) => code)]).toEqual([
      both,
      [],
      expect.arrayContaining(['manifest-overwritten']),
    ]);
  });

  it.each(['planted', 'anew'] as const)(
    'of which the log was not told is no easier than one from AWS: every step is confirmed, and says so (%s)',
    async (knows) => {
      const genuine = await rollbackSource(worldOf('journal'), run);
      expect([genuine.changePlan.unlogged, genuine.findings.map(({ code }) => code)]).toEqual([
        undefined,
        expect.not.arrayContaining(['rollback-unlogged']),
      ]);
      for (const source of [
        await rollbackSource(worldOf(knows), run),
        await fromAwsSource(worldOf(knows), run),
        await bringingOut(worldOf(knows), { run, step: 'Db', as: 'again', instead: {}, fromAws: false }),
      ]) {
        expect([source.changePlan.unlogged, source.findings.map(({ code }) => code)]).toEqual([
          true,
          expect.arrayContaining(['rollback-unlogged']),
        ]);
        const { plan } = await bench.plan(source.changePlan);
        for (const step of plan.steps)
          expect([step.confirm === null, step.grant?.opens[0]]).toEqual([
            false,
            expect.stringContaining(`does not know run ${run}`),
          ]);
      }
    },
  );
});
