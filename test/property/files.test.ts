import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseChangePlan } from '../../src/language/parse.ts';
import { parseLive } from '../../src/cli/context/command-context.ts';
import { approve } from '../../src/plan/approve.ts';
import { auditEvents } from '../../src/audit/view.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { heldCaptures } from '../../src/recovery/captures/captures.ts';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import { staleSteps } from '../../src/run/drift/stale-steps.ts';
import { plan as planOf } from '../../src/plan/planner.ts';
import { reportOf } from '../../src/history/journal-reading.ts';
import { refuseResume } from '../../src/recovery/resume/resume.ts';
import { rewind } from '../../src/recovery/resume/rewind.ts';
import { withPins } from '../../src/recovery/rollback/pinned-claims.ts';
import { rollbackChangePlan } from '../../src/recovery/rollback/rollback.ts';
import { madeIn } from '../../src/run/apply/run-end.ts';
import { reconcile } from '../../src/recovery/resume/reconcile.ts';
import type { AuditRecord } from '../../src/domain/records/audit.ts';
import { canonical, sha256 } from '../../src/base/digest.ts';
import { AwsError, UserError } from '../../src/base/error.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { Json } from '../../src/base/json.ts';
import { runEnd, shapedAs } from '../../src/domain/records/mark-shapes.ts';
import type { RunEnd } from '../../src/domain/records/run-end.ts';
import type { Planned } from '../../src/domain/plan.ts';
import { loadConfiguration } from '../../src/store/configuration.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { journalRoot } from '../../src/store/journal/journal-line.ts';
import { parseJournal } from '../../src/store/journal/journal-reading.ts';
import { ownerOf } from '../../src/store/locks/lock-state.ts';
import { parsePlanText } from '../../src/store/objects/plan-file.ts';
import { summaryOf } from '../../src/store/journal/runs.ts';
import { parseSignedApproval, verifyApproval } from '../../src/store/signing/signatures.ts';
import { documentRows, planDocument } from '../../src/views/plan/plan-document.ts';
import { planHtml } from '../../src/views/html/html.ts';
import { planMarkdown } from '../../src/views/html/markdown.ts';
import { reportRows } from '../../src/views/run/report-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { runOfMark } from '../../providers/s3/capture-bucket/run-marks.ts';
import { resourceTypes } from '../../providers/index.ts';
import { approvalFor, chained, digestedPlan, sampleRun } from '../helpers/audit-samples.ts';
import { benchOf, changePlanOf, entryOf, testConfiguration } from '../helpers/apply-world.ts';
import { frameKnowledge, lookTime, planNamed, recordedFor, textOf } from '../helpers/frame-plans.ts';
import { createMemoryWorld, DATABASE, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';
import { mutant } from '../helpers/mutants.ts';
import { platformPlan } from '../helpers/platform-plan.ts';

/** Mutants of each kind of file: some at each test; thousands with `AIPLAN_MUTANTS=5000`. */
const some = Number(process.env['AIPLAN_MUTANTS'] ?? 120);
const first = Number(process.env['AIPLAN_SEED'] ?? 1);

/**
 * Tries mutants; a mutant may be refused as a user's error that says what is wrong, and may do nothing else but pass.
 */
async function tried(kind: string, work: (seed: number) => unknown, count = some): Promise<void> {
  const bugs: string[] = [];
  let refused = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      await work(seed);
    } catch (error) {
      if (error instanceof UserError || error instanceof AwsError) {
        refused += 1;
        if (
          error instanceof UserError &&
          (error.code === '' || error.message === '' || /undefined|\[object/u.test(error.message))
        )
          bugs.push(`${kind} seed ${seed}: says nothing: ${error.message}`);
      } else
        bugs.push(
          `${kind} seed ${seed}: ${(error as Error).stack?.split('\n').slice(0, 4).join(' | ') ?? String(error)}`,
        );
    }
    if (bugs.length > 4) break;
  }
  expect(bugs).toEqual([]);
  // A test whose mutants are all taken, or all refused, tries nothing.
  expect(refused).toBeGreaterThan(count / 20);
  expect(refused).toBeLessThan(count);
}

const sealed = (plan: object): string => JSON.stringify({ ...plan, seal: sha256(canonical(plan)) });

describe('plan files, well sealed as they may be', () => {
  const plans = [
    platformPlan(),
    digestedPlan(),
    planNamed('move').plan,
    planNamed('one-delete').plan,
    planNamed('replace').plan,
  ];
  it('are shown, or refused with what is wrong', async () => {
    await tried('plan', (seed) => {
      const plan = parsePlanText(sealed(mutant(plans[seed % plans.length] ?? {}, seed)), 'a.plan.json');
      documentRows(planDocument(plan, lookTime, { picture: true, knowledge: frameKnowledge })).map(plainText);
      planHtml(plan, lookTime, { knowledge: frameKnowledge });
      planMarkdown(plan, lookTime, { picture: true, knowledge: frameKnowledge });
      digestsFit(plan);
      const fresh = planNamed('move').plan;
      staleSteps({ plan }, { plan: fresh } as Planned, (type) => resourceTypes.get(type)?.rules);
      approve(
        { plan, work: new Map(), reads: new Map(), configuration: testConfiguration },
        approvalFor(plan),
        testConfiguration,
        lookTime,
      );
    });
  });
});

describe('live files', () => {
  const names = ['move', 'one-delete', 'replace'];
  it('are planned against, or refused with what is wrong', async () => {
    await tried('live', (seed) => {
      const name = names[seed % names.length] ?? '';
      const live = parseLive(JSON.stringify(mutant(recordedFor(name).live, seed)), 'live.json');
      const text = textOf(name);
      const { changePlan } = parseChangePlan(text, {
        file: 'plan.yaml',
        schemas: loadSchema,
        types: resourceTypes,
        readText: () => '',
        secrets: { prefixes: [], files: [] },
      });
      if (changePlan === null) throw new Error('the sample is wrong');
      const { plan } = planOf({
        changePlan,
        text,
        live,
        types: resourceTypes,
        schemas: loadSchema,
        configuration: testConfiguration,
        now: new Date(lookTime).toISOString(),
      });
      documentRows(planDocument(plan, lookTime, { picture: true, knowledge: frameKnowledge })).map(plainText);
    });
  });
});

describe('journals, well chained as they may be', () => {
  const run = '20260226-230000-0001';
  let world: MemoryWorld;
  let records: readonly JournalRecord[];
  let settledWorld: {
    readonly session: MemoryWorld['session'];
    readonly types: MemoryWorld['types'];
    readonly schemas: MemoryWorld['schemas'];
  };
  beforeAll(async () => {
    world = createMemoryWorld({
      seed: [
        { type: NOTE, identity: 'readme', properties: { Text: 'old' } },
        { type: DATABASE, identity: 'courses', rows: ['a'], properties: { Class: 'db.large' } },
      ],
    });
    const bench = benchOf(world);
    await bench.apply(
      changePlanOf([
        entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: 'hello' } }),
        entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } }),
        entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
      ]),
      { run },
    );
    records = bench.journalOf(run);
    settledWorld = { session: world.session, types: world.types, schemas: world.schemas };
  });
  const chain = (all: readonly JournalRecord[]): string => {
    let prev = journalRoot;
    return all
      .map((record, index) => {
        const line = canonical(
          typeof record === 'object' && record !== null ? { ...record, seq: index + 1, prev } : record,
        );
        prev = sha256(line);
        return `${line}\n`;
      })
      .join('');
  };

  it('are told of, undone and resumed, or refused with what is wrong', async () => {
    await tried('journal', async (seed) => {
      const { records: read } = parseJournal(chain(mutant(records, seed)), 'journal.jsonl');
      summaryOf(run, 'journal.jsonl', read);
      reportRows(reportOf(read)).map(plainText);
      heldCaptures([read], testConfiguration.capture);
      auditEvents({
        audit: [],
        journals: [{ run, path: 'journal.jsonl', records: read, problem: null }],
        plans: new Map(),
      });
      verifyAudit(
        {
          audit: [],
          journals: [{ run, path: 'journal.jsonl', records: read, problem: null }],
          plans: new Map(),
          approvals: new Map(),
          marks: [],
          settled: [],
          rewritten: { objects: [], problem: null },
        } as never,
        { whereOf: String, approvalPlace: String, settledPlace: String },
      );
      madeIn(read);
      const now = '2026-02-26T23:30:00.000Z';
      await reconcile(read, { ...settledWorld, now: Date.parse(now), pace: { consistency: 0 } });
      rewind(
        {
          format: 'aiplan/live@1',
          target: world.target,
          readAt: now,
          recorded: false,
          resources: [],
          absent: [],
          complete: [],
          failures: [],
          calls: {},
          account: {},
        },
        read,
        world.types,
      );
      const { changePlan } = await rollbackChangePlan(read, { ...settledWorld, now, consistency: 0, earlier: [read] });
      await benchOf(world).plan(changePlan);
      // The run of the sample is done, so that resuming it is refused as a rule; what matters is how.
      expect(codeOf(() => refuseResume(read))).not.toMatch(/^bug/u);
    });
  });
});

describe('approvals, the audit log, locks and configuration', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-files-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('an approval counts, or is refused with what is wrong', async () => {
    const plan = digestedPlan();
    const approval = { ...approvalFor(plan), tier: 'T1' as const };
    writeFileSync(join(folder, 'signers'), 'ada@example.org ssh-ed25519 AAAA\n');
    await tried('approval', (seed) => {
      const signed = parseSignedApproval(
        JSON.stringify(mutant({ format: 'aiplan/signed-approval@1', approval, signature: 'none' }, seed)),
        'a.approval.json',
      );
      approve(
        { plan, work: new Map(), reads: new Map(), configuration: testConfiguration },
        signed.approval,
        testConfiguration,
        Date.parse(plan.createdAt),
      );
      // Only a lost signature is left to say no to.
      if (canonical(signed.approval) !== canonical(approval)) return;
      expect(() => verifyApproval(signed, join(folder, 'signers'), 0)).toThrow(UserError);
    });
  });

  it('the audit log is told and verified, or refused with its place', async () => {
    const plan = digestedPlan();
    const sample = sampleRun(plan);
    const actor = { by: 'ada', host: 'laptop', agent: null };
    const entries: readonly object[] = [
      {
        kind: 'planned',
        ...actor,
        target: plan.target,
        plan: plan.digest,
        name: plan.name,
        claims: { intent: 'x' },
        steps: 4,
        blocked: 0,
        rollbackOf: null,
      },
      {
        kind: 'reviewed',
        ...actor,
        target: plan.target,
        plan: plan.digest,
        name: plan.name,
        tier: 'T0',
        decision: 'approved',
        why: 'typed',
        rejected: [],
        confirmations: sample.approval.confirmations,
        typedName: null,
        approver: 'ada',
        nonce: sample.approval.nonce,
      },
      {
        kind: 'refused',
        ...actor,
        target: null,
        plan: null,
        code: 'plan-blocked',
        message: 'x',
        command: 'apply',
        run: null,
      },
      {
        kind: 'run-began',
        ...actor,
        target: plan.target,
        run: sample.run,
        command: 'apply',
        plan: plan.digest,
        journal: { records: 1, head: 'sha256:x' },
      },
      {
        kind: 'called',
        ...actor,
        target: plan.target,
        run: 'setup',
        step: 'x',
        call: 1,
        operation: 's3:PutObject',
        identity: 'b',
        state: 'sent',
        requestId: null,
        milliseconds: null,
        code: null,
        message: null,
      },
      {
        kind: 'run-ended',
        ...actor,
        target: plan.target,
        run: sample.run,
        outcome: 'done',
        journal: { records: 9, head: 'sha256:x' },
      },
    ];
    const log = chained(entries, '2026-02-26T23:15:00Z');
    const journal = chained(sample.entries, '2026-02-26T23:15:00Z') as unknown as readonly JournalRecord[];
    await tried('audit', async (seed) => {
      const store = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'laptop' });
      rmSync(join(folder, 'store'), { recursive: true, force: true });
      mkdirSync(join(folder, 'store', 'audit'), { recursive: true });
      let prev = journalRoot;
      for (const [index, record] of (mutant(log, seed) as readonly Json[]).entries()) {
        const line = canonical(
          typeof record === 'object' && record !== null ? { ...record, seq: index + 1, prev } : record,
        );
        prev = sha256(line);
        writeFileSync(join(folder, 'store', 'audit', `${String(index + 1).padStart(8, '0')}.json`), `${line}\n`);
      }
      const audit: readonly AuditRecord[] = await store.readAudit();
      const logs = {
        audit,
        journals: [{ run: sample.run, path: 'j', records: journal, problem: null }],
        plans: new Map([[plan.digest, plan]]),
        approvals: new Map(),
        marks: [],
        settled: [],
        rewritten: { objects: [], problem: null },
      } as never;
      auditEvents(logs);
      verifyAudit(logs, { whereOf: String, approvalPlace: String, settledPlace: String });
    });
  });

  it("locks and marks that cannot be read are nobody's, and hide nothing", async () => {
    const owner = {
      run: '20260226-230000-0001',
      owner: 'ada',
      host: 'laptop',
      pid: 1,
      startedAt: '2026-02-26T23:15:00Z',
      heartbeat: '2026-02-26T23:15:00Z',
      space: 'x',
    };
    for (let seed = first; seed < first + some; seed += 1) {
      const found = ownerOf(JSON.stringify(mutant(owner, seed)));
      if (found !== null)
        expect([
          typeof found.run,
          typeof found.host,
          typeof found.pid,
          typeof found.owner,
          typeof found.startedAt,
        ]).toEqual(['string', 'string', 'number', 'string', 'string']);
    }
    expect(ownerOf('{')).toBeNull();
  });

  it('marks that were changed name a run by its id or nobody, and hide no other mark', async () => {
    const run = '20260226-230000-0001';
    const isRun = (name: string | null): boolean => name === null || /^\d{8}-\d{6}-[0-9a-f]{4}$/u.test(name);
    const end = {
      format: 'aiplan/run-end@1',
      run,
      at: '2026-02-26T23:15:00.000Z',
      outcome: 'done',
      records: 9,
      head: `sha256:${'7'.repeat(64)}`,
      made: [{ step: 'A', type: 'T', identity: 'i', incarnation: null }],
    };
    const root = join(folder, 'marks');
    const store = folderStore({ folder: root, spool: join(folder, 'spool'), host: 'laptop' });
    const name = `${run}.closed.123456789012-eu-west-1.move.-.json`;
    for (const below of ['spent', 'applied', 'settled', `runs/${run}`])
      mkdirSync(join(root, below), { recursive: true });
    writeFileSync(join(root, 'spent', `${'ef'.repeat(16)}.json`), JSON.stringify({ format: 'aiplan/spent@1', run }));
    const taken = { marks: 0, ends: 0 };
    for (let seed = first; seed < first + some; seed += 1) {
      const spent = JSON.stringify(mutant({ format: 'aiplan/spent@1', run }, seed));
      for (const [below, file] of [
        ['spent', 'cd'.repeat(16)],
        ['applied', 'ab'.repeat(16)],
      ] as const)
        writeFileSync(join(root, below, `${file}.json`), spent);
      writeFileSync(
        join(root, 'settled', name),
        JSON.stringify(
          mutant({ format: 'aiplan/settled@1', run, how: 'closed', by: 'ada', at: '2026-02-26T23:15:00Z' }, seed),
        ),
      );
      const marks = await store.marks();
      expect([
        marks.length,
        marks.every((mark) => isRun(mark.run)),
        marks.some((mark) => mark.name === 'ef'.repeat(16) && mark.run === run),
      ]).toEqual([3, true, true]);
      taken.marks += marks.filter((mark) => mark.run !== null).length - 1;
      expect((await store.listRuns()).map(({ closed }) => [typeof closed?.by, closed?.at])).toEqual([
        ['string', expect.stringMatching(/^(?:unknown|\d{4}-\d\d-\d\dT[\d:.]+Z)$/u)],
      ]);
      expect(isRun(runOfMark(JSON.stringify(mutant({ format: 'aiplan/used@1', run }, seed))))).toBe(true);
      const found = shapedAs<RunEnd>(runEnd, JSON.stringify(mutant(end, seed)));
      if (found === null) continue;
      taken.ends += 1;
      withPins(changePlanOf([entryOf('A', NOTE, { action: 'delete', id: 'i' })], { rollbackOf: run }), {
        own: { records: [], ends: [found] },
        earlier: [],
        runs: [],
        captures: [],
      });
    }
    // Most mutants are refused, and some are still marks.
    expect([taken.marks < some, taken.ends > 0, taken.ends < some]).toEqual([true, true, true]);
  });

  it('a configuration is taken, or refused with its place', async () => {
    const base = {
      allowed_signers: '/etc/signers',
      minimum_tier: 'T1',
      allow_yes: false,
      plan_expiry_minutes: 30,
      max_confirmations: 5,
      secret_prefixes: ['AIPLAN_SECRET_'],
      secret_files: ['/etc/x'],
      protected: ['a*'],
      accounts: ['123456789012'],
      aliases: { 123456789012: 'prod' },
      capture_bucket: 'b',
      capture_max_objects: 5,
      capture_expiry_days: 20,
      store: '/var/aiplan',
      store_region: 'eu-west-1',
      store_profile: 'p',
    };
    const folders = {
      configuration: join(folder, 'configuration'),
      state: join(folder, 'state'),
      cache: join(folder, 'cache'),
      workingTree: join(folder, 'tree'),
      apart: true,
    };
    for (const path of [folders.configuration, folders.workingTree]) mkdirSync(path, { recursive: true });
    await tried('configuration', (seed) => {
      writeFileSync(join(folders.configuration, 'config.yaml'), JSON.stringify(mutant(base, seed)));
      loadConfiguration(folders, join(folder, 'none.yaml'));
    });
    for (const text of [
      'a: &a [1]\nb: *a\n',
      'aliases: &a { x: y }\nprotected: *a\n',
      '*x',
      '&a []',
      'x: !!binary aaa',
      '- 1',
      '"',
      '? [a]\n: b',
      'aliases: { ? [a] : b }',
      '%YAML 9\n---\na',
      'a: 1\n---\nb: 2',
      '\u0000',
      `${'['.repeat(3000)}`,
      'x: !<tag:yaml.org,2002:js/undefined> x',
      '<<: {a: 1}',
      'plan_expiry_minutes: 99999999999999999999',
      'plan_expiry_minutes: .nan',
    ]) {
      rmSync(join(folders.configuration, 'config.yaml'), { force: true });
      for (const path of [join(folders.workingTree, 'aiplan.yaml'), join(folders.configuration, 'config.yaml')]) {
        writeFileSync(path, text);
        expect([text.slice(0, 40), codeOf(() => loadConfiguration(folders, join(folder, 'none.yaml')))]).toEqual([
          text.slice(0, 40),
          expect.stringMatching(/^(none|bad-configuration|loosening-configuration)$/u),
        ]);
        rmSync(path);
      }
    }
  });
});

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof UserError ? error.code : `bug ${String(error)}`;
  }
}

describe('odd JSON', () => {
  it('too deep, too large a number, or not JSON at all is said, not a bug', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const text of [
      '{',
      'null',
      '[]',
      '1',
      '"x"',
      '1e999',
      deep,
      `{"format":"aiplan/plan@1","seal":1e999}`,
      `{"format":"aiplan/plan@1","steps":${deep}}`,
      `{"format":"aiplan/plan@1","target":{"x":1e999}}`,
    ]) {
      expect([text.slice(0, 40), codeOf(() => parsePlanText(text, 'x'))]).toEqual([
        text.slice(0, 40),
        expect.stringMatching(/^(not-a-plan-file|plan-file-edited)$/u),
      ]);
      expect([text.slice(0, 40), codeOf(() => parseLive(text, 'x'))]).toEqual([text.slice(0, 40), 'not-a-live-file']);
      expect([text.slice(0, 40), codeOf(() => parseSignedApproval(text, 'x'))]).toEqual([
        text.slice(0, 40),
        'not-an-approval',
      ]);
      expect([text.slice(0, 40), codeOf(() => parseJournal(`${text}\n`, 'x'))]).toEqual([
        text.slice(0, 40),
        'journal-damaged',
      ]);
    }
  });
});
