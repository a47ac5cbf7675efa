import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStoreBucket } from '../../providers/aws/session/store-session.ts';
import type { SignedApproval } from '../../src/domain/approval.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Store } from '../../src/domain/records/store.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { s3Store, type S3StoreOptions } from '../../src/store/s3-store.ts';
import { openWire } from '../helpers/account.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { emulatorAvailable, testCredentials } from '../helpers/emulator.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';
import { storeChildren, type Children } from '../helpers/store-children.ts';
import { audited, raced, slept, target } from '../helpers/store-races.ts';
import { samplePlan } from '../helpers/sample-plan.ts';
import { smallBegin } from '../helpers/small-begin.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

const Bucket = 'team-store';
const prefix = 'aiplan/prod';
const run = '20260226-230000-a1b2';
const begin = smallBegin(run, target);
const phase: JournalEntry = { kind: 'phase', phase: 'change' };
const intent = {
  kind: 'intent',
  step: 'A',
  call: 1,
  purpose: 'change',
  declared: { service: 'ec2', operation: 'CreateTags', input: {}, identity: 'sg-1', retry: 'absolute', purpose: 'tag' },
} as unknown as JournalEntry;
const outcome: JournalEntry = {
  kind: 'outcome',
  step: 'A',
  call: 1,
  ok: true,
  requestId: 'r',
  milliseconds: 1,
  answer: {},
};
const end: JournalEntry = { kind: 'end', outcome: 'done', message: null };
const nonce = 'ab'.repeat(16);
const ownerOf = (host: string, name = run) => ({
  run: name,
  owner: 'ada',
  host,
  pid: process.pid,
  startedAt: '2026-02-26T23:00:00.000Z',
});

suite('the store in S3', () => {
  let sandbox: Sandbox;
  let s3: S3Client;
  let folder: string;
  let children: Children;
  const open: Store[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-s3-'));
    [sandbox, children] = await Promise.all([startTestSandbox(), storeChildren()]);
    ({ s3 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  beforeEach(async () => {
    for (const store of open.splice(0)) store.close();
    rmSync(join(folder, 'spool'), { recursive: true, force: true });
    await sandbox.reset();
    await s3.send(new CreateBucketCommand({ Bucket }));
    await versioning('Enabled');
  });
  afterAll(async () => {
    for (const store of open) store.close();
    await children.close();
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const versioning = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  /** A store as one machine has it. */
  const machine = (
    host = 'here',
    more: Partial<S3StoreOptions> = {},
    endpoint = sandbox.endpoint,
    bucket = Bucket,
  ): Store => {
    const store = s3Store({
      place: `s3://${bucket}/${prefix}`,
      host,
      spool: join(folder, 'spool', host),
      sleep: async () => undefined,
      connect: () => openStoreBucket({ bucket, prefix, endpoint, region: 'eu-west-1', credentials: testCredentials }),
      ...more,
    });
    open.push(store);
    return store;
  };
  const keys = async (): Promise<readonly string[]> => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return [...Versions, ...DeleteMarkers].map(({ Key = '' }) => Key).sort();
  };
  const seen = (start: number) =>
    sandbox.proxy.requests
      .slice(start)
      .filter(({ service }) => service === 's3')
      .map(({ operation, parameters }) => `${operation} ${parameters['Key'] ?? ''}`);

  it('asks nothing before something is asked of it', async () => {
    const start = sandbox.proxy.requests.length;
    machine();
    expect(sandbox.proxy.requests).toHaveLength(start);
  });

  it('lies under exactly its prefix, one object for everything, each written once', async () => {
    const store = machine();
    const plan = samplePlan();
    const lock = await store.acquireLock(target, ownerOf('here'));
    await store.markPlanUsed(plan, run);
    await store.markApprovalUsed(nonce, run);
    await store.keepPlan(plan);
    await store.keepPlan(plan);
    await store.keepApproval({
      format: 'aiplan/signed-approval@1',
      approval: { nonce },
      signature: 's',
    } as unknown as SignedApproval);
    const journal = await store.createJournal(run, fakeClock());
    for (const entry of [begin, phase, end]) await journal.append(entry);
    await journal.close();
    await store.appendAudit(
      { kind: 'refused', by: 'ada', host: 'here', target: null, plan: null, code: 'x', message: 'y' },
      fakeClock(),
    );
    await lock.release();
    const all = await keys();
    expect([...new Set(all.map((key) => key.replace(/[0-9a-f]{32,}/u, '…')))]).toEqual(
      [
        'applied/….json',
        'approvals/….json',
        'audit/00000001.json',
        'locks/123456789012-eu-west-1.json',
        'plans/….json',
        'runs/20260226-230000-a1b2/000001.json',
        'runs/20260226-230000-a1b2/000002.json',
        'runs/20260226-230000-a1b2/000003.json',
        'spent/….json',
      ].map((key) => `${prefix}/${key}`),
    );
    // Only the lock has more than one version: taken, released.
    expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([
      `${prefix}/locks/123456789012-eu-west-1.json`,
    ]);
    expect(await store.keptPlan(plan.digest)).toEqual(plan);
    expect(await machine('there').keptPlan(`sha256:${'0'.repeat(64)}`)).toBeNull();
  });

  it('remembers what was deleted or overwritten, but for the lock', async () => {
    const store = machine();
    const lock = await store.acquireLock(target, ownerOf('here'));
    await lock.release();
    for (const code of ['x', 'y', 'z'])
      await store.appendAudit(
        { kind: 'refused', by: 'ada', host: 'here', target: null, plan: null, code, message: '' },
        fakeClock(),
      );
    expect(await store.rewritten()).toEqual({ objects: [], problem: null });
    const at = (number: number): { Bucket: string; Key: string } => ({
      Bucket,
      Key: `${prefix}/audit/0000000${number}.json`,
    });
    await s3.send(new DeleteObjectCommand(at(3)));
    await s3.send(new PutObjectCommand({ ...at(2), Body: 'another' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'aiplan/other/audit/1', Body: 'beside' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'aiplan/other/audit/1', Body: 'beside again' }));
    expect(await store.rewritten()).toEqual({
      problem: null,
      objects: [
        { path: `s3://${Bucket}/${at(2).Key}`, how: 'overwritten', at: expect.stringMatching(/^20/u) },
        { path: `s3://${Bucket}/${at(3).Key}`, how: 'deleted', at: expect.stringMatching(/^20/u) },
      ],
    });
    // A deleted end that is written anew is one more version.
    await s3.send(new PutObjectCommand({ ...at(3), Body: 'anew' }));
    expect((await store.rewritten()).objects.map(({ how }) => how)).toEqual(['overwritten', 'overwritten']);
  });

  it('is the same for everybody: a plan or an approval that was used on one machine is used', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const plan: Plan = samplePlan();
    await one.markPlanUsed(plan, run);
    await one.markApprovalUsed(nonce, run);
    await expect(two.refuseAppliedPlan(plan)).rejects.toMatchObject({ code: 'plan-already-applied', exitCode: 3 });
    await expect(two.markPlanUsed(plan, run)).rejects.toMatchObject({ code: 'plan-already-applied' });
    await expect(two.refuseUsedApproval(nonce)).rejects.toMatchObject({ code: 'approval-replayed', exitCode: 3 });
    await expect(two.markApprovalUsed(nonce, run)).rejects.toMatchObject({ code: 'approval-replayed' });
  });

  it('of two machines that use one approval at the same moment, one may', async () => {
    const store = {
      kind: 's3',
      bucket: Bucket,
      prefix,
      endpoint: sandbox.endpoint,
      spool: join(folder, 'spool'),
    } as const;
    const both = await Promise.all(
      ['20260226-230000-000a', '20260226-230000-000b'].map((name, index) =>
        children.start({ store, host: `host-${index}`, run: name }),
      ),
    );
    for (let round = 0; round < 10; round += 1) {
      const word = round.toString(16).padStart(32, '0');
      for (const child of both) child.tell(`spend ${word}`);
      const told = await Promise.all(both.map((child) => child.hears((said) => said['nonce'] === word, 0)));
      expect(told.map(({ won }) => won).sort()).toEqual([false, true]);
      expect(told.find(({ won }) => won === false)).toMatchObject({ code: 'approval-replayed' });
    }
    for (const child of both) await child.end();
  }, 30_000);

  it('keeps a journal that another machine reads, and lists', async () => {
    const one = machine('one');
    const journal = await one.createJournal(run, fakeClock());
    for (const entry of [begin, ...Array.from({ length: 30 }, () => phase)]) await journal.append(entry);
    await journal.close();
    const two = machine('two');
    const read = await two.readRun(run);
    expect([read.path, read.records.length, read.torn]).toEqual([`s3://${Bucket}/${prefix}/runs/${run}`, 31, null]);
    expect(await two.listRuns()).toMatchObject([
      { run, outcome: 'open', planName: 'move', steps: 2, account: '123456789012', problem: null },
    ]);
    const further = await two.continueJournal(run, fakeClock());
    await further.append(end);
    await further.close();
    expect(await one.listRuns()).toMatchObject([{ run, outcome: 'done' }]);
    // A finished run is asked for once in a process.
    const start = sandbox.proxy.requests.length;
    expect(await one.listRuns()).toMatchObject([{ run, outcome: 'done' }]);
    expect(seen(start)).toEqual(['ListObjectsV2 ', 'ListObjectsV2 ']);
    // The first one was taken for dead: it meets the other's record and may write no more.
    await expect(journal.append(phase)).rejects.toMatchObject({ code: 'lock-lost' });
    await expect(two.createJournal(run, fakeClock()).then((again) => again.append(begin))).rejects.toMatchObject({
      code: 'run-exists',
    });
    await expect(two.readRun('20260226-230000-ffff')).rejects.toMatchObject({ code: 'no-such-run' });
  });

  it('asks nothing of settled runs: their marks say what there is to know, in one list', async () => {
    const one = machine('one');
    const names = [1, 2, 3].map((number) => `20260226-23000${number}-a1b2`);
    for (const [index, name] of names.entries()) {
      const journal = await one.createJournal(name, fakeClock());
      for (const entry of [begin, ...(index === 1 ? [intent] : [end])]) await journal.append(entry);
      await journal.close();
    }
    for (const index of [0, 2]) {
      const summary = await one.findRun(names[index] ?? '');
      if (summary !== null) await one.closeRun(summary, 'done');
    }
    const two = machine('two');
    const start = sandbox.proxy.requests.length;
    expect(await two.openRuns()).toMatchObject([{ run: names[1], outcome: 'open' }]);
    const record = (seq: number): string => `GetObject ${prefix}/runs/${names[1] ?? ''}/00000${seq}.json`;
    expect(seen(start).sort()).toEqual(
      [
        'GetBucketVersioning ',
        'GetObjectLockConfiguration ',
        record(1),
        record(2),
        'ListObjectsV2 ',
        'ListObjectsV2 ',
        'ListObjectsV2 ',
      ].sort(),
    );
    expect(await two.closedRuns()).toEqual(
      [0, 2].map((index) => ({
        run: names[index],
        how: 'done',
        at: '123456789012-eu-west-1',
        planName: 'move',
        rollbackOf: null,
      })),
    );
    // Made once: a second one says the same, and no version of the first is lost.
    const summary = await two.findRun(names[0] ?? '');
    if (summary !== null) await two.closeRun(summary, 'done');
    expect((await keys()).filter((key) => key.includes('/settled/'))).toHaveLength(2);
  });

  it('notices what was changed or taken away, and says where', async () => {
    const store = machine();
    const journal = await store.createJournal(run, fakeClock());
    for (const entry of [begin, phase, phase, end]) await journal.append(entry);
    await store.appendAudit(
      { kind: 'refused', by: 'ada', host: 'here', target: null, plan: null, code: 'x', message: 'y' },
      fakeClock(),
    );
    await store.appendAudit(
      { kind: 'refused', by: 'ada', host: 'here', target: null, plan: null, code: 'x', message: 'z' },
      fakeClock(),
    );
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: `${prefix}/runs/${run}/000002.json`,
        Body: `${JSON.stringify({ ...journal.records[1], phase: 'verify' })}\n`,
      }),
    );
    await expect(store.readRun(run)).rejects.toMatchObject({
      code: 'journal-damaged',
      where: `s3://${Bucket}/${prefix}/runs/${run}/000003.json`,
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: `${prefix}/runs/${run}/000003.json` }));
    await expect(store.readRun(run)).rejects.toMatchObject({
      code: 'journal-damaged',
      message: expect.stringMatching(/./u),
    });
    expect(await store.listRuns()).toMatchObject([
      { run, outcome: 'damaged', problem: 'of 4 records only 3 are there' },
    ]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: `${prefix}/audit/00000001.json` }));
    await expect(store.readAudit()).rejects.toMatchObject({
      code: 'audit-damaged',
      where: `s3://${Bucket}/${prefix}/audit/00000001.json`,
    });
  });

  it('is refused without versioning, with the command that turns it on', async () => {
    await versioning('Suspended');
    await expect(machine().acquireLock(target, ownerOf('here'))).rejects.toMatchObject({
      code: 'store-not-versioned',
      help: expect.stringContaining(
        'aws s3api put-bucket-versioning --bucket team-store --versioning-configuration Status=Enabled',
      ),
    });
    expect((await machine().inspect()).problems).toEqual([expect.stringContaining('put-bucket-versioning')]);
    await expect(machine('here', {}, sandbox.endpoint, 'no-such-store').listRuns()).rejects.toMatchObject({
      code: 'store-unreadable',
      message: expect.stringContaining('NoSuchBucket'),
    });
    expect((await machine('here', {}, sandbox.endpoint, 'no-such-store').inspect()).problems).toEqual([
      expect.stringContaining('NoSuchBucket'),
    ]);
    await versioning('Enabled');
    expect(await machine().inspect()).toMatchObject({
      problems: [],
      facts: expect.arrayContaining([
        expect.stringContaining('every machine'),
        'versioning Enabled',
        expect.stringContaining('no Object Lock'),
      ]),
    });
  });

  it('is held by Object Lock where the bucket has it', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'locked-store', ObjectLockEnabledForBucket: true }));
    const store = machine('here', {}, sandbox.endpoint, 'locked-store');
    expect((await store.inspect()).facts).toContainEqual(expect.stringContaining('without a default retention'));
    await s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket: 'locked-store',
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } },
        },
      }),
    );
    expect((await store.inspect()).facts).toContainEqual('Object Lock holds every record: compliance, 1 days');
    await store.markApprovalUsed(nonce, run);
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'locked-store' }));
    const deleted = s3.send(
      new DeleteObjectCommand({ Bucket: 'locked-store', Key: Versions[0]?.Key, VersionId: Versions[0]?.VersionId }),
    );
    await expect(deleted).rejects.toMatchObject({ name: 'AccessDenied' });
    // A lock is released by another state of it, which a retention does not prevent.
    await (await store.acquireLock(target, ownerOf('here'))).release();
    expect(await store.lockHolder(target)).toBeNull();
  });

  describe('its lock', () => {
    it('admits one machine, names it, and is free when it is released', async () => {
      const [one, two] = [machine('one'), machine('two')];
      const lock = await one.acquireLock(target, ownerOf('one'));
      await expect(two.acquireLock(target, ownerOf('two'))).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringContaining('of ada on one'),
        where: `s3://${Bucket}/${prefix}/locks/123456789012-eu-west-1.json`,
      });
      expect(await two.lockHolder(target)).toMatchObject({ host: 'one' });
      await lock.check();
      await lock.release();
      await (await two.acquireLock(target, ownerOf('two'))).release();
    });

    it('is raced for 50 times by two processes: exactly one has it each time', async () => {
      const store = {
        kind: 's3',
        bucket: Bucket,
        prefix,
        endpoint: sandbox.endpoint,
        spool: join(folder, 'spool'),
      } as const;
      expect(await raced(children, store, 50)).toEqual(Array.from({ length: 50 }, () => [true, 'locked']));
    }, 60_000);

    it('is lost by a holder that sleeps while another takes over: it sends nothing more', async () => {
      const store = {
        kind: 's3',
        bucket: Bucket,
        prefix,
        endpoint: sandbox.endpoint,
        spool: join(folder, 'spool'),
      } as const;
      // S3 tells times in whole seconds.
      const pace = { heartbeat: 100, gap: 500, silent: 2_000 };
      await slept(children, store, pace, machine('there', { pace }));
    }, 30_000);

    it('of a process that is gone is kept for its open run, and cleared after its end', async () => {
      const gone = { alive: () => false };
      const one = machine('here');
      await one.acquireLock(target, ownerOf('here'));
      const journal = await one.createJournal(run, fakeClock());
      await journal.append(begin);
      const two = machine('here', gone);
      await expect(two.acquireLock(target, ownerOf('here', '20260226-230000-ffff'))).rejects.toMatchObject({
        code: 'locked',
        help: expect.stringContaining(`aiplan resume ${run}`),
      });
      await journal.append(end);
      await (await two.acquireLock(target, ownerOf('here', '20260226-230000-ffff'))).release();
    });

    it('is taken over by a person from exactly that holder, once', async () => {
      const gone = { alive: () => false };
      const lock = await machine('here').acquireLock(target, ownerOf('here'));
      const [two, three] = [machine('here', gone), machine('here', gone)];
      const took = await two.takeOverLock(target, lock.owner, ownerOf('here', '20260226-230000-000b'));
      await expect(
        three.takeOverLock(target, lock.owner, ownerOf('here', '20260226-230000-000c')),
      ).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('000b') });
      await took.check();
    });
  });

  it('keeps one audit log for writers on several machines', async () => {
    const store = {
      kind: 's3',
      bucket: Bucket,
      prefix,
      endpoint: sandbox.endpoint,
      spool: join(folder, 'spool'),
    } as const;
    await audited(children, store, machine(), 5);
  }, 30_000);

  describe('when answers are lost', () => {
    const dropOnce = (operation: string, key: RegExp, when: 'before' | 'after'): void => {
      let left = 1;
      sandbox.proxy.onRequest((request) =>
        request.operation === operation && key.test(request.parameters['Key'] ?? '') && (left -= 1) === 0
          ? { kind: 'drop', when }
          : undefined,
      );
    };

    it.each(['before', 'after'] as const)(
      'a conditional write (%s it was carried out) is sent again, and the very bytes are known for our own',
      async (when) => {
        const store = machine();
        const start = sandbox.proxy.requests.length;
        dropOnce('PutObject', /000002/u, when);
        dropOnce('PutObject', /spent/u, when);
        dropOnce('PutObject', /audit/u, when);
        dropOnce('PutObject', /locks/u, when);
        const lock = await store.acquireLock(target, ownerOf('here'));
        await store.markApprovalUsed(nonce, run);
        const journal = await store.createJournal(run, fakeClock());
        for (const entry of [begin, phase, end]) await journal.append(entry);
        await store.appendAudit(
          { kind: 'refused', by: 'ada', host: 'here', target: null, plan: null, code: 'x', message: 'y' },
          fakeClock(),
        );
        await lock.check();
        await lock.release();
        expect((await store.readRun(run)).records).toHaveLength(3);
        expect(await store.readAudit()).toHaveLength(1);
        expect(await keys()).toHaveLength(7);
        expect(seen(start).filter((text) => /^PutObject .*runs.*000002/u.test(text))).toHaveLength(2);
      },
    );

    it('for good, before a call: the intent is not stored, so nothing may be sent', async () => {
      const wire = await openWire(sandbox.endpoint);
      const store = machine('here', {}, wire.endpoint);
      const journal = await store.createJournal(run, fakeClock());
      await journal.append(begin);
      await wire.cut();
      await expect(journal.append(intent)).rejects.toMatchObject({
        code: 'store-unwritable',
        message: expect.stringContaining('000002.json'),
        help: expect.stringContaining('network'),
      });
      expect(existsSync(join(folder, 'spool', 'here', `${run}.jsonl`))).toBe(false);
      await wire.mend();
      await expect(journal.append(intent)).rejects.toMatchObject({ code: 'store-unwritable' });
      await wire.close();
      expect((await machine().readRun(run)).records).toHaveLength(1);
    }, 30_000);

    it('for good, behind a call: the outcome is kept on this machine, read together, and given to the store when the run goes on', async () => {
      const wire = await openWire(sandbox.endpoint);
      const store = machine('here', {}, wire.endpoint);
      const journal = await store.createJournal(run, fakeClock());
      for (const entry of [begin, intent]) await journal.append(entry);
      await wire.cut();
      await expect(journal.append(outcome)).rejects.toMatchObject({
        code: 'store-unwritable',
        message: expect.stringMatching(/what happened is kept in ".*spool.here.20260226-230000-a1b2\.jsonl"/u),
      });
      await wire.mend();
      expect(await store.readRun(run)).toMatchObject({
        records: [{ kind: 'begin' }, { kind: 'intent' }, { kind: 'outcome' }],
        spooled: { state: 'merged', records: 1 },
      });
      // Another machine sees what is in doubt.
      expect((await machine('there').readRun(run)).records.map(({ kind }) => kind)).toEqual(['begin', 'intent']);
      const further = await store.continueJournal(run, fakeClock());
      await further.append(end);
      await wire.close();
      expect((await machine('there').readRun(run)).records.map(({ kind }) => kind)).toEqual([
        'begin',
        'intent',
        'outcome',
        'end',
      ]);
    }, 30_000);
  });
});
