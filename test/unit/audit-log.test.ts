import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  auditedJournal,
  auditedSession,
  notePlanned,
  recordApproved,
  recordDeclined,
  recordPlanned,
  recordRefusal,
} from '../../src/cli/context/audit-log.ts';
import type { GlobalOptions, Io } from '../../src/cli/context/io.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { AuditEntry } from '../../src/domain/records/audit.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import type { Call, Permit } from '../../src/domain/call.ts';
import { AwsError, UserError } from '../../src/base/error.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { approvalFor, digestedPlan, sampleRun } from '../helpers/audit-samples.ts';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import { deleteDatabase } from '../helpers/sample-plan.ts';
import { readEverything } from '../../src/cli/audit/audit-evidence.ts';

const plan = digestedPlan();
const approval = approvalFor(plan);
let folder: string;
let store: Store;
let said: string;
let broken: boolean;
const world = (environment: Record<string, string> = {}) => ({
  io: {
    user: 'ada',
    host: 'laptop',
    environment,
    clock: fakeClock(Date.parse('2026-02-26T23:15:00Z')),
    stderr: {
      write: (text: string) => {
        said += text;
        return true;
      },
    },
  } as unknown as Io,
  options: { color: false } satisfies GlobalOptions,
  store: {
    ...store,
    appendAudit: (entry: AuditEntry, clock: Io['clock']) =>
      broken ? Promise.reject(new UserError('store-unwritable', 'no space left')) : store.appendAudit(entry, clock),
  } as Store,
});
const everything = () => readEverything({ store, configuration: { allowedSigners: null } as Configuration });
const kinds = async (): Promise<readonly string[]> => (await store.readAudit()).map(({ kind }) => kind);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-audit-'));
  store = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'laptop' });
  said = '';
  broken = false;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('plans and reviews', () => {
  it('are noted once, with the whole plan kept under its digest', async () => {
    const here = world({ CLAUDECODE: '1' });
    await recordPlanned(here, plan);
    await recordApproved(here, plan, approval, 'typed in the terminal');
    expect(await store.readAudit()).toMatchObject([
      {
        kind: 'planned',
        by: 'ada',
        host: 'laptop',
        agent: 'Claude Code',
        plan: plan.digest,
        claims: { agent: 'an agent' },
        steps: 4,
      },
      {
        kind: 'reviewed',
        decision: 'approved',
        approver: 'ada',
        nonce: approval.nonce,
        confirmations: approval.confirmations,
      },
    ]);
    expect(await store.keptPlan(plan.digest)).toEqual(plan);
  });

  it('are kept without the text of sensitive properties, and still have their digest', async () => {
    const sensitive = digestedPlan([
      {
        ...deleteDatabase,
        changes: [
          { path: 'UserData', before: null, after: { $masked: 'set' }, effect: 'grant', authored: '#!/bin/sh canary' },
        ],
      },
    ]);
    await recordPlanned(world(), sensitive);
    const kept = await store.keptPlan(sensitive.digest);
    expect(JSON.stringify(kept)).not.toContain('canary');
    expect(kept === null ? null : digestsFit(kept)).toBe(true);
  });

  it('made from recorded state are not', async () => {
    await recordPlanned(world(), { ...plan, recorded: true });
    expect(await kinds()).toEqual([]);
  });

  it('stop everything where they cannot be noted, but for a plan that is only kept and for a no', async () => {
    broken = true;
    await expect(recordPlanned(world(), plan)).rejects.toMatchObject({ code: 'store-unwritable' });
    await expect(recordApproved(world(), plan, approval, 'x')).rejects.toMatchObject({ code: 'store-unwritable' });
    await notePlanned(world(), plan);
    await recordDeclined(world(), plan, 'T0', { why: 'left', confirmations: [], typedName: null });
    expect(said.match(/could not be noted in the audit log: no space left/gu)).toHaveLength(2);
  });
});

describe('refusals', () => {
  const refusal = new UserError('confirmation-missing', 'nobody is there');
  it('of commands on the way to a change are noted, with what they were about', async () => {
    const here = world();
    await recordPlanned(here, plan);
    await recordRefusal(here, refusal, 'apply');
    await recordRefusal(world(), new UserError('wrong-account', 'x'), 'plan');
    expect((await store.readAudit()).slice(1)).toMatchObject([
      {
        kind: 'refused',
        code: 'confirmation-missing',
        message: 'nobody is there',
        command: 'apply',
        plan: plan.digest,
        target: plan.target,
      },
      { kind: 'refused', code: 'wrong-account', plan: null, target: null },
    ]);
  });

  it('of a run that is resumed name the run', async () => {
    await recordRefusal(world(), new UserError('run-stale', 'somebody else was there'), 'resume', null, [
      '20260226-231501-a1b2',
    ]);
    await recordRefusal(world(), new UserError('run-ended', 'it is done'), 'runs', null, [
      'abandon',
      '20260226-231501-a1b2',
    ]);
    expect(await store.readAudit()).toMatchObject([
      { kind: 'refused', code: 'run-stale', run: '20260226-231501-a1b2' },
      { kind: 'refused', command: 'runs', run: '20260226-231501-a1b2' },
    ]);
  });

  it('that are none are not: other commands, other errors, bugs', async () => {
    await recordRefusal(world(), refusal, 'check');
    await recordRefusal(world(), new UserError('no-such-file', 'x'), 'apply');
    await recordRefusal(world(), new TypeError('x'), 'apply');
    expect(await kinds()).toEqual([]);
  });

  it('a no in a review is one record, not two', async () => {
    const here = world();
    await recordDeclined(here, plan, 'T0', { why: 'left', confirmations: [], typedName: null });
    await recordRefusal(here, new UserError('not-approved', 'not approved: left'), 'apply');
    expect(await kinds()).toEqual(['planned', 'reviewed']);
  });

  it('stay refusals where they cannot be noted, and that is told', async () => {
    broken = true;
    await recordRefusal(world(), refusal, 'apply');
    expect(said).toContain('this refusal could not be noted in the audit log: no space left');
  });
});

describe('the journal of a run', () => {
  const sample = sampleRun(plan, 1);
  const journaled = async (here = world()) => {
    await recordApproved(here, plan, sample.approval, 'typed');
    await store.markPlanUsed(plan, sample.run);
    await store.markApprovalUsed(sample.approval.nonce, sample.run);
    const journal = auditedJournal(here, await store.createJournal(sample.run, here.io.clock), {
      target: plan.target,
      plan: plan.digest,
    });
    return { here, journal };
  };

  it('is told to the audit log at its beginning, before anything else, and at its end; all of it verifies', async () => {
    const { journal } = await journaled();
    await journal.append(sample.entries[0]!);
    expect(await kinds()).toEqual(['planned', 'reviewed', 'run-began']);
    for (const entry of sample.entries.slice(1)) await journal.append(entry);
    await journal.close();
    expect(await kinds()).toEqual(['planned', 'reviewed', 'run-began', 'run-ended']);
    const { logs, damaged, planProblems } = await everything();
    expect({ damaged, planProblems }).toEqual({ damaged: [], planProblems: [] });
    expect(verifyAudit(logs, { whereOf: String, approvalPlace: String, settledPlace: String })).toMatchObject({
      broken: [],
      notes: [],
      records: 4,
      runs: 1,
      calls: 4,
      plans: 1,
    });
  });

  it('cannot begin where the audit log cannot be told', async () => {
    const { journal } = await journaled();
    broken = true;
    await expect(journal.append(sample.entries[0]!)).rejects.toMatchObject({ code: 'store-unwritable' });
    await journal.close();
    const { logs } = await everything();
    expect(verifyAudit(logs, { whereOf: String, approvalPlace: String, settledPlace: String })).toMatchObject({
      broken: [],
      notes: [{ code: 'nothing-sent' }],
    });
  });

  it('is not lost where only its end cannot be told', async () => {
    const { journal } = await journaled();
    for (const entry of sample.entries.slice(0, -1)) await journal.append(entry);
    broken = true;
    await journal.append(sample.entries.at(-1)!);
    await journal.close();
    expect(said).toContain('the end of the run could not be noted');
    const { logs } = await everything();
    expect(verifyAudit(logs, { whereOf: String, approvalPlace: String, settledPlace: String })).toMatchObject({
      broken: [],
      notes: [{ code: 'end-not-told' }],
    });
  });
});

describe('calls outside a run', () => {
  const call: Call = {
    service: 's3',
    operation: 'CreateBucket',
    input: { Bucket: 'captures' },
    identity: 'captures',
    retry: 'named',
    purpose: 'x',
  };
  const permit: Permit = { run: 'setup', step: 'capture bucket', operations: ['s3:CreateBucket'] };
  const session = (mutate: ApplySession['mutate']): ApplySession & { close(): void } => ({
    counts: {},
    read: async () => null,
    renew: async () => undefined,
    close: () => undefined,
    mutate,
  });
  const states = async (): Promise<readonly unknown[]> =>
    (await store.readAudit()).map((record) =>
      record.kind === 'called' ? [record.state, record.requestId, record.code] : record.kind,
    );

  it('stand in the audit log before they are sent, and after their answer', async () => {
    const before: unknown[] = [];
    const sending = auditedSession(
      world(),
      session(async () => {
        before.push(...(await states()));
        return { output: {}, requestId: 'r-1', attempts: 1 };
      }),
      plan.target,
      'setup',
    );
    await sending.mutate(call, call.input, permit);
    expect(before).toEqual([['sent', null, null]]);
    expect(await states()).toEqual([
      ['sent', null, null],
      ['answered', 'r-1', null],
    ]);
  });

  it('are told apart: refused, or lost', async () => {
    const failing = (executed: 'no' | 'unknown') =>
      auditedSession(
        world(),
        session(() =>
          Promise.reject(
            new AwsError({
              code: 'X',
              kind: 'denied',
              operation: 's3:CreateBucket',
              message: 'no',
              requestId: 'r',
              executed,
            }),
          ),
        ),
        plan.target,
        'setup',
      ).mutate(call, call.input, permit);
    await expect(failing('no')).rejects.toMatchObject({ code: 'X' });
    await expect(failing('unknown')).rejects.toMatchObject({ code: 'X' });
    expect(await states()).toEqual([
      ['sent', null, null],
      ['refused', 'r', 'X'],
      ['sent', null, null],
      ['lost', 'r', 'X'],
    ]);
  });

  it('are not sent where that cannot be noted', async () => {
    broken = true;
    let sent = 0;
    await expect(
      auditedSession(
        world(),
        session(async () => {
          sent += 1;
          return { output: {}, requestId: 'r', attempts: 1 };
        }),
        plan.target,
        'setup',
      ).mutate(call, call.input, permit),
    ).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(sent).toBe(0);
  });
});
