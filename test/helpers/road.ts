import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { setupProgram } from '../../providers/s3/capture-bucket/capture-setup.ts';
import { resourceTypes } from '../../providers/index.ts';
import { bringingOut } from '../../src/cli/planning/bringing-out.ts';
import type { Io } from '../../src/cli/context/io.ts';
import { makeCheckedPlan, makePlan, parseSource, readLiveFor } from '../../src/cli/planning/planning.ts';
import { asFarAsPossible } from '../../src/cli/planning/setting-aside.ts';
import type { Source } from '../../src/cli/planning/source.ts';
import { run } from '../../src/cli/running/run.ts';
import { openPorts } from '../../src/cli/running/run-ports.ts';
import { stopSignals } from '../../src/cli/running/run-signals.ts';
import { lineWatch } from '../../src/cli/context/run-watch.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { approve } from '../../src/plan/approve.ts';
import { captureBucketOf } from '../../src/plan/steps/preview-context.ts';
import { runOutsideRun } from '../../src/run/executor/run-outside.ts';
import { recordsOf } from '../../src/history/journal-reading.ts';
import { refuseResume, resume } from '../../src/recovery/resume/resume.ts';
import { remainingOf } from '../../src/recovery/resume/remaining-steps.ts';
import { rewind } from '../../src/recovery/resume/rewind.ts';
import { reconcile } from '../../src/recovery/resume/reconcile.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Plan, Planned } from '../../src/domain/plan.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { readJournal } from '../../src/store/journal/journal-reading.ts';
import { testConfiguration } from './apply-world.ts';
import { testCredentials } from './emulator.ts';
import { rollbackSource, sourceOfPlan } from '../../src/cli/planning/loading.ts';

export const region = 'eu-west-1';

/** A plan, and what it was made from. */
export interface Made {
  readonly source: Source;
  readonly planned: Planned;
  readonly plan: Plan;
}

/** An entry of a change plan as it would be written in JSON. */
export type Entries = Readonly<Record<string, JsonObject>>;

/** The whole road in this process: what the commands do, with a person who confirms everything that is asked. */
export interface Road {
  /** The text of a change plan. */
  text(name: string, resources: Entries): string;
  /** Parses, checks the target, reads AWS and plans. Throws ChangePlanError. */
  plan(text: string): Promise<Made>;
  /** The plan that takes a run back. */
  planRollback(run: string): Promise<Made>;
  /** The same as `aiplan rollback` makes it: without the steps that are blocked. */
  planRollbackAsFarAsPossible(run: string): Promise<Made>;
  /** The plan that brings a capture out beside what there is, as `captures restore RUN/STEP` makes it. */
  bringOut(run: string, step: string, as: string | null, instead?: JsonObject): Promise<Made>;
  /** Plans again from the same source. */
  again(made: Made): Promise<Made>;
  /**
   * Approves and applies: lock, real journal, captures, changes. Throws UserError where the plan cannot be approved.
   */
  apply(made: Made): Promise<Report>;
  /** Everything about one resource; undefined where it does not exist. Throws on a failed read. */
  live(type: string, identity: string): Promise<LiveResource | undefined>;
  /** Everything that lives of a type, in detail, without the capture bucket. Throws on a failed read. */
  all(type: string): Promise<readonly LiveResource[]>;
  /** The same as far as it can be read: what is refused is left out. */
  readable(type: string): Promise<readonly LiveResource[]>;
  /** Goes on with a run that was stopped; the reasons where it cannot be gone on with. Throws UserError. */
  resume(run: string): Promise<Report | readonly string[]>;
  /** The newest run and how many records its journal has by now. */
  newest(): { readonly run: string; readonly records: number };
  /** Cuts the journal of a run down to its first records, as if its process had died there. */
  cut(run: string, records: number): void;
  /** The journal of a run, as it lies on disk. */
  records(run: string): readonly JournalRecord[];
  /** Mutating operations that the proxy has seen since a moment of `requestCount`. */
  mutations(since: number): readonly string[];
  requestCount(): number;
  close(): void;
}

/**
 * How a test gets between the road and AWS: a wrapper of every run's session, and Ctrl-C. `checked`: every plan is made
 * as the commands make it, which ask what apply would refuse; else apply is the one to refuse.
 */
export interface RoadOptions {
  readonly around?: (session: ApplySession) => ApplySession;
  readonly onInterrupt?: Io['onInterrupt'];
  readonly checked?: boolean;
}

/**
 * Opens the road through a sandbox and makes its capture bucket, as `aiplan setup` does. `secrets` are environment
 * variables.
 */
export async function openRoad(
  sandbox: Sandbox,
  secrets: Readonly<Record<string, string>> = {},
  { around = (session) => session, onInterrupt = () => () => undefined, checked = false }: RoadOptions = {},
): Promise<Road> {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-road-'));
  const target = {
    account: sandbox.account,
    region,
    caller: `arn:aws:iam::${sandbox.account}:user/test`,
    endpoint: sandbox.endpoint,
  };
  const bucket = captureBucketOf(testConfiguration, target);
  const sessionFor = (mode: 'read-only' | 'apply'): OpenSession =>
    openSession({ region, endpoint: sandbox.endpoint, credentials: testCredentials, mode, captureBucket: bucket });
  const [reader, writer] = [sessionFor('read-only'), sessionFor('apply')];
  const io: Io = { ...quickIo(folder, secrets), onInterrupt };
  const world: CommandContext = {
    io,
    options: { color: false, quiet: true },
    configuration: testConfiguration,
    store: folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: io.host }),
    types: resourceTypes,
    schemas: loadSchema,
    folders: {
      configuration: join(folder, 'configuration'),
      state: folder,
      cache: join(folder, 'cache'),
      workingTree: join(folder, 'tree'),
      apart: true,
    },
    reader: async () => reader,
    secretReader: async () => {
      throw new Error('no secret of AWS on this road');
    },
    // One session for all runs: what a new one costs is measured elsewhere.
    applier: async () => ({
      ...around({
        ...writer,
        async renew() {
          /* these credentials do not expire */
        },
      }),
      close() {
        /* closed with the road */
      },
    }),
    target: async () => target,
    recorded: () => null,
    close() {
      /* nothing of its own */
    },
  };
  await runOutsideRun(
    writer,
    () =>
      setupProgram({ account: target.account, region, endpoint: sandbox.endpoint, bucket: null }, { stamp: 'road' }),
    { run: 'setup', step: 'capture bucket', setup: true },
  );
  const madeFrom = async (source: Source): Promise<Made> => {
    const planned = checked ? (await makeCheckedPlan(world, source)).planned : await makePlan(world, source);
    return { source, planned, plan: planned.plan };
  };
  const journalFile = (id: string): string => join(folder, 'store', 'runs', id, 'journal.jsonl');
  const linesOf = (id: string): readonly string[] =>
    readFileSync(journalFile(id), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  return {
    text: (name, resources) =>
      JSON.stringify({
        aiplan: 1,
        name,
        intent: 'The contract of every resource type.',
        target: { account: target.account, region },
        resources,
      }),
    plan: async (text) => madeFrom(parseSource(world, text, 'contract.yaml')),
    planRollback: async (id) => madeFrom(await rollbackSource(world, id)),
    planRollbackAsFarAsPossible: async (id) => asFarAsPossible(await rollbackSource(world, id), madeFrom),
    bringOut: async (id, step, as, instead = {}) =>
      madeFrom(await bringingOut(world, { run: id, step, as, instead, fromAws: false })),
    again: ({ source }) => madeFrom(source),
    apply: ({ planned, source }) =>
      run(world, approve(planned, approvalOf(planned.plan, io), testConfiguration, io.clock.now()), source),
    async live(type, identity) {
      const definition = resourceTypes.get(type);
      if (definition === undefined) throw new Error(`no type ${type}`);
      const { resources, failures } = await definition.read(reader, {
        identities: [identity],
        all: false,
        detailed: new Set([identity]),
      });
      if (failures.length > 0) throw new Error(JSON.stringify(failures));
      return resources.find(({ state }) => !definition.rules.goneStates.includes(state));
    },
    async all(type) {
      const definition = resourceTypes.get(type);
      if (definition === undefined) throw new Error(`no type ${type}`);
      const known = (await definition.read(reader, { identities: [], all: true, detailed: new Set() })).resources
        .filter(({ identity, state }) => identity !== bucket && !definition.rules.goneStates.includes(state))
        .map(({ identity }) => identity);
      if (known.length === 0) return [];
      const { resources, failures } = await definition.read(reader, {
        identities: known,
        all: false,
        detailed: new Set(known),
      });
      if (failures.length > 0) throw new Error(JSON.stringify(failures));
      return resources;
    },
    async readable(type) {
      const definition = resourceTypes.get(type);
      if (definition === undefined) throw new Error(`no type ${type}`);
      const known = (await definition.read(reader, { identities: [], all: true, detailed: new Set() })).resources
        .filter(({ identity, state }) => identity !== bucket && !definition.rules.goneStates.includes(state))
        .map(({ identity }) => identity);
      return known.length === 0
        ? []
        : (await definition.read(reader, { identities: known, all: false, detailed: new Set(known) })).resources;
    },
    resume: (id) => resumed(world, io, id),
    newest() {
      const runs = readdirSync(join(folder, 'store', 'runs')).toSorted();
      const id = runs.at(-1) ?? '';
      return { run: id, records: linesOf(id).length };
    },
    cut(id, count) {
      writeFileSync(
        journalFile(id),
        linesOf(id)
          .slice(0, count)
          .map((line) => `${line}\n`)
          .join(''),
      );
    },
    records: (id) => readJournal(world.store.place, id).records,
    mutations: (since) =>
      sandbox.proxy.requests
        .slice(since)
        .filter(({ mutating }) => mutating)
        .map(({ service, operation }) => `${service}:${operation}`),
    requestCount: () => sandbox.proxy.requests.length,
    close() {
      reader.close();
      writer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `aiplan resume` does for a person who confirms everything. */
async function resumed(world: CommandContext, io: Io, id: string): Promise<Report | readonly string[]> {
  const { records } = await world.store.readRun(id);
  refuseResume(records);
  const confirmed = recordsOf(records, 'begin')[0]?.plan;
  if (confirmed === undefined) throw new Error(`${id} has no beginning`);
  const target = await world.target();
  const source: Source = { ...(await sourceOfPlan(world, confirmed, `run ${id}`, '')), resumes: id };
  const settlement = await reconcile(records, {
    session: await world.reader(),
    types: world.types,
    schemas: world.schemas,
    now: io.clock.now(),
    pace: { consistency: 0 },
  });
  const planned = await makePlan(world, source, rewind(await readLiveFor(world, source), records, world.types));
  const remaining = remainingOf(records, settlement, planned, new Date(io.clock.now()).toISOString());
  if (remaining.stale.length > 0) return remaining.stale.map(({ step, why }) => `${step ?? 'the plan'}: ${why}`);
  const plan = { ...remaining.planned.plan, target };
  const approved = approve(
    { ...remaining.planned, plan },
    approvalOf(plan, io),
    testConfiguration,
    io.clock.now(),
    confirmed,
  );
  const lock = await world.store.acquireLock(target, {
    run: id,
    owner: io.user,
    host: io.host,
    pid: io.pid,
    startedAt: new Date(io.clock.now()).toISOString(),
  });
  const watch = lineWatch(world);
  const signals = stopSignals(io, watch);
  const journal = await world.store.continueJournal(id, io.clock, { steps: plan.steps.length });
  let opened;
  try {
    opened = await openPorts(world, {
      run: id,
      target,
      journal,
      lock,
      signals,
      watch,
      replan: async (asBefore) => {
        const live = await readLiveFor(world, source);
        return makePlan(world, source, asBefore?.(live) ?? live);
      },
    });
    return await resume(approved, { by: io.user, host: io.host, pid: io.pid }, opened.ports);
  } finally {
    signals.close();
    opened?.close();
    await journal.close();
    await lock.release();
  }
}

/** A process without terminal, whose clock jumps over every pause. */
function quickIo(folder: string, secrets: Readonly<Record<string, string>>): Io {
  let skipped = 0;
  let drawn = 0;
  return {
    environment: secrets,
    current: folder,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    user: 'ada',
    host: 'here',
    pid: process.pid,
    clock: {
      now: () => Date.now() + skipped,
      async sleep(milliseconds) {
        skipped += milliseconds;
        await new Promise((done) => {
          setImmediate(done);
        });
      },
    },
    random(count) {
      drawn += 1;
      return Uint8Array.from({ length: count }, (_, index) => (drawn >> (8 * (index % 4))) & 0xff);
    },
    onInterrupt: () => () => undefined,
  };
}

/** Everything that the plan asks for, confirmed. */
function approvalOf(plan: Plan, io: Io): Approval {
  const needs = needed(plan);
  const now = io.clock.now();
  return {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
    nonce: Buffer.from(io.random(16)).toString('hex'),
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 600_000).toISOString(),
    tier: 'T0',
    by: 'ada',
    confirmations: needs.confirmations.map((step) => ({
      step: step.id,
      stepDigest: step.digest,
      typed: step.confirm ?? '',
      shown: '',
      typedLoss: lossPhrase(step),
    })),
    typedName: needs.name ? plan.name : null,
  };
}
