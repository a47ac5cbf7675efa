#!/usr/bin/env node
// What a store with many runs costs to read: requests, seconds and memory of the commands that go through it, for a
// folder and for S3. S3 stands in memory and answers after a while, as S3 in the same region does; requests that are
// under way at once wait at once, 25 at most, as the client's sockets allow.
// Usage: node bench/store.mjs [runs …] (1000 and 10000 without)
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { machine, seconds, table } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';

const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
const latency = 20;
const sockets = 25;
/** What is used of the program, once it is bundled. */
const program = {};
const target = {
  account: '123456789012',
  region: 'eu-west-1',
  caller: 'arn:aws:iam::123456789012:user/ada',
  endpoint: null,
};
const sha256 = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A bucket in memory whose answers take a while; `fast` while it is filled. */
function slowBucket() {
  const objects = new Map();
  const state = { fast: true, requests: 0, underWay: 0, waiting: [] };
  const answered = async (work) => {
    if (state.fast) return work();
    state.requests += 1;
    while (state.underWay >= sockets)
      await new Promise((go) => {
        state.waiting.push(go);
      });
    state.underWay += 1;
    await new Promise((go) => {
      setTimeout(go, latency);
    });
    state.underWay -= 1;
    state.waiting.shift()?.();
    return work();
  };
  const listed = new Map();
  const folderOf = (key) => key.slice(0, key.lastIndexOf('/'));
  return {
    state,
    objects,
    place: 's3://bench/store',
    put: (key, text, condition) =>
      answered(() => {
        if (condition.kind === 'absent' && objects.has(key)) return { stored: false };
        objects.set(key, text);
        for (
          let folder = folderOf(key), name = key;
          folder !== '';
          name = folder, folder = folder.includes('/') ? folderOf(folder) : ''
        ) {
          const names = listed.get(folder) ?? new Set();
          names.add(name.slice(folder.length + 1).split('/')[0]);
          listed.set(folder, names);
        }
        return { stored: true, etag: String(objects.size) };
      }),
    get: (key) =>
      answered(() => (objects.has(key) ? { text: objects.get(key), etag: '1', writtenAt: 0, readAt: 0 } : null)),
    async list(folder, { after = '' } = {}) {
      const names = [...(listed.get(folder) ?? [])].filter((name) => name > after).sort();
      for (let page = 0; page < Math.max(1, Math.ceil(names.length / 1000)); page += 1) await answered(() => null);
      return names;
    },
    rewritten: async () => {
      for (let page = 0; page < Math.ceil(objects.size / 1000); page += 1) await answered(() => null);
      return [];
    },
    facts: async () => ({ versioning: 'Enabled', objectLock: null }),
    close() {
      /* nothing is open */
    },
  };
}

const nameOf = (number) => {
  const at = new Date(Date.UTC(2026, 0, 1) + number * 600_000).toISOString();
  return `${at.slice(0, 10).replaceAll('-', '')}-${at.slice(11, 19).replaceAll(':', '')}-${number.toString(16).padStart(4, '0')}`;
};

/** A plan of one deletion, as digested as a real one. */
function planOf(number) {
  const step = {
    id: 'Db',
    type: 'AWS::RDS::DBInstance',
    identity: `db-${number}`,
    action: 'delete',
    declared: 'delete',
    blocked: false,
    changes: [],
    confirm: null,
    destruction: null,
    grant: null,
    evidence: { binding: { protections: [] }, observed: { bytes: 1e9 } },
    capture: { how: 'native', what: 'a snapshot' },
    recoverability: { level: 'restorable', loses: [] },
    calls: ['rds:CreateDBSnapshot', 'rds:DeleteDBInstance'],
    dependsOn: [],
    source: { line: 1, column: 1 },
    reason: 'bench',
    acceptLoss: null,
    incarnation: `db-${number}`,
    live: {
      AllocatedStorage: '100',
      Tags: Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`tag-${at}`, 'x'.repeat(40)])),
    },
    interrupts: false,
    oneWay: [],
    when: 'now',
    leftovers: [],
  };
  const digested = { ...step, digest: program.stepDigest(step, target, []) };
  const plan = {
    format: 'aiplan/plan@1',
    name: `bench-${number}`,
    intent: 'x',
    target,
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2027-01-01T00:00:00.000Z',
    changePlan: `plan ${number}`,
    configuration: {},
    recorded: false,
    rollbackOf: null,
    assume: [],
    author: {},
    steps: [digested],
    findings: [],
    summary: { create: 0, update: 0, replace: 0, delete: 1, keep: 0, blocked: 0, destructions: 0, grants: 0 },
  };
  return { ...plan, digest: program.planDigest(plan) };
}

async function fill(store, count) {
  let time = 0;
  const clock = { now: () => time, sleep: async () => undefined };
  const actor = { by: 'ada', host: 'laptop', target };
  for (let number = 1; number <= count; number += 1) {
    time = Date.UTC(2026, 0, 1) + number * 600_000;
    const [run, plan] = [nameOf(number), planOf(number)];
    const nonce = number.toString(16).padStart(32, '0');
    const approval = {
      format: 'aiplan/approval@1',
      planDigest: plan.digest,
      planName: plan.name,
      target,
      nonce,
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2027-01-01T00:00:00.000Z',
      tier: 'T0',
      by: 'ada',
      confirmations: [],
      typedName: null,
    };
    await store.keepPlan(plan);
    await store.appendAudit(
      {
        kind: 'planned',
        ...actor,
        plan: plan.digest,
        name: plan.name,
        claims: {},
        rollbackOf: null,
        steps: 1,
        blocked: 0,
      },
      clock,
    );
    await store.appendAudit(
      {
        kind: 'reviewed',
        ...actor,
        plan: plan.digest,
        name: plan.name,
        tier: 'T0',
        decision: 'approved',
        why: 'x',
        rejected: [],
        confirmations: [],
        typedName: null,
        approver: 'ada',
        nonce,
      },
      clock,
    );
    await store.markPlanUsed(plan, run);
    await store.spendApproval(nonce, run);
    const journal = await store.createJournal(run, clock);
    const mark = () => ({ records: journal.records.length, head: sha256(program.canonical(journal.records.at(-1))) });
    await journal.append({ kind: 'begin', format: 'aiplan/journal@1', run, command: 'apply', target, plan, approval });
    await store.appendAudit(
      { kind: 'run-began', ...actor, run, command: 'apply', plan: plan.digest, journal: mark() },
      clock,
    );
    const live = {
      type: 'AWS::RDS::DBInstance',
      identity: `db-${number}`,
      incarnation: `db-${number}`,
      properties: plan.steps[0].live,
      attributes: {},
      systemTags: {},
      state: 'available',
      pending: {},
      binding: {},
      observed: {},
      detailed: true,
    };
    const entries = [
      {
        kind: 'before',
        step: 'Db',
        live,
        entry: {
          address: 'Db',
          type: live.type,
          action: 'delete',
          dependsOn: [],
          source: { line: 1, column: 1 },
          positions: {},
        },
        changes: [],
      },
      { kind: 'step', step: 'Db', state: 'started', identity: live.identity, after: null, message: null },
    ];
    for (const [call, operation] of [
      [1, 'CreateDBSnapshot'],
      [2, 'DeleteDBInstance'],
    ]) {
      entries.push({
        kind: 'intent',
        step: 'Db',
        call,
        purpose: call === 1 ? 'capture' : 'change',
        declared: {
          service: 'rds',
          operation,
          input: { DBInstanceIdentifier: live.identity },
          identity: live.identity,
          retry: 'named',
          purpose: 'x',
        },
      });
      entries.push({
        kind: 'outcome',
        step: 'Db',
        call,
        ok: true,
        requestId: 'r',
        milliseconds: 5,
        answer: { Status: 'ok' },
      });
      if (call === 1)
        entries.push({
          kind: 'captured',
          step: 'Db',
          capture: {
            how: 'native',
            refs: { snapshot: `snap-${number}`, bound: {} },
            pointInTime: null,
            bytes: 1e9,
            encrypted: true,
            extras: { attributes: live.properties },
          },
          verified: true,
          problems: [],
        });
    }
    entries.push(
      { kind: 'step', step: 'Db', state: 'done', identity: live.identity, after: null, message: null },
      { kind: 'end', outcome: 'done', message: null },
    );
    for (const entry of entries) await journal.append(entry);
    await store.appendAudit({ kind: 'run-ended', ...actor, run, outcome: 'done', journal: mark() }, clock);
    await journal.close();
    await store.closeRun(
      { run, account: target.account, region: target.region, endpoint: null, planName: plan.name, rollbackOf: null },
      'done',
    );
  }
}

/**
 * The same store as a folder: a journal is one file there. Written without the fsync that a store pays for each record.
 */
function mirror(objects, folder) {
  for (const [key, text] of objects) {
    if (key.startsWith('journals/') || key.startsWith('audit-segments/')) continue;
    const path = key.startsWith('runs/') ? join(folder, dirname(key), 'journal.jsonl') : join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    if (key.startsWith('runs/')) appendFileSync(path, text);
    else writeFileSync(path, text);
  }
}

const silent = { write: () => true, columns: 120, isTTY: false };
const worldOf = (store) => ({
  store,
  options: { color: false, json: true, quiet: true },
  configuration: { allowedSigners: null, capture: { expiryDays: 14, expiryDaysDestruction: 90 } },
  io: {
    environment: {},
    clock: { now: () => Date.UTC(2026, 6, 1), sleep: async () => undefined },
    stdout: silent,
    stderr: silent,
    user: 'ada',
    host: 'laptop',
  },
});

const commands = (count) => ({
  'plan (other runs)': (world) => program.otherRunsFor(world, target, null),
  runs: (world) => program.runs(world, undefined, undefined, {}),
  'runs --all': (world) => program.runs(world, undefined, undefined, { all: true }),
  captures: (world) => program.captures(world, undefined),
  'audit --run': (world) => program.audit(world, { run: nameOf(Math.ceil(count / 2)), pager: false }),
  audit: (world) => program.audit(world, { pager: false }),
  'audit verify': async (world) => {
    if ((await program.auditVerify(world, {})) !== 0) throw new Error('the store does not hold');
  },
  'at the end of a run': (world) => program.closeFinishedRuns(world),
});

process.stdout.write(`${machine()}\n`);
await inTemporaryFolder(async (folder) => {
  Object.assign(program, await loadProgram(folder));
  const { s3Store, folderStore } = program;
  for (const count of sizes.length === 0 ? [1_000, 10_000] : sizes) {
    const bucket = slowBucket();
    const place = join(folder, String(count));
    const open = {
      S3: () =>
        s3Store({ place: bucket.place, connect: async () => bucket, spool: join(place, 'spool'), host: 'laptop' }),
      folder: () =>
        folderStore({
          folder: join(place, 'store'),
          spool: join(place, 'spool'),
          host: 'laptop',
          files: { reserve: 0 },
        }),
    };
    const rows = [['store', 'command', 'requests', 'seconds', 'more memory']];
    for (const [kind, opened] of Object.entries(open)) {
      if (kind === 'S3') await fill(opened(), count);
      else mirror(bucket.objects, join(place, 'store'));
      bucket.state.fast = false;
      for (const [name, work] of Object.entries(commands(count))) {
        bucket.state.requests = 0;
        globalThis.gc?.();
        const before = process.memoryUsage().heapUsed;
        let most = before;
        const watch = setInterval(() => {
          most = Math.max(most, process.memoryUsage().heapUsed);
        }, 20);
        const began = performance.now();
        await work(worldOf(opened()));
        const took = performance.now() - began;
        most = Math.max(most, process.memoryUsage().heapUsed);
        clearInterval(watch);
        rows.push([
          kind,
          name,
          kind === 'S3' ? String(bucket.state.requests) : '-',
          seconds(took),
          `${Math.round((most - before) / 1024 ** 2)} MiB`,
        ]);
      }
    }
    process.stdout.write(`\n${count} runs; S3 answers after ${latency} ms\n`);
    table(rows);
  }
});
