import { describe, expect, it } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { canonical } from '../../src/base/digest.ts';
import { UserError } from '../../src/base/error.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import { approve } from '../../src/plan/approve.ts';
import { openRunOf, unfinishedOf } from '../../src/history/open-runs.ts';
import { recordsOf, reportOf } from '../../src/history/journal-reading.ts';
import { refuseResume } from '../../src/recovery/resume/resume.ts';
import { allHistoriesOf } from '../../src/history/step-history.ts';
import { reconcile, waitUntil } from '../../src/recovery/resume/reconcile.ts';
import { testConfiguration, type Bench } from '../helpers/apply-world.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';
import { DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';
import { look, resumeOnce, StaleRun } from '../helpers/resume-world.ts';

/** Runs until an operation (of a step) is about to be sent or was just carried out; then the process is dead. */
async function killedAt(
  bench: Bench,
  operation: string,
  when: 'before' | 'after',
  step: string | null = null,
  plan: ChangePlan = changePlan,
): Promise<void> {
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error('killed');
  };
  const session = (same: ApplySession): ApplySession => ({
    ...same,
    async read(call) {
      return dead ? die() : same.read(call);
    },
    async mutate(call, resolved, permit) {
      const isIt = call.operation === operation && (step === null || permit.step === step);
      if (dead || (isIt && when === 'before')) die();
      const answer = await same.mutate(call, resolved, permit);
      return isIt ? die() : answer;
    },
  });
  await bench
    .apply(plan, {
      run,
      session,
      beforeAppend: () => {
        if (dead) die();
      },
    })
    .catch((error: unknown) => {
      if (!dead) throw error;
    });
}

const standing = async (bench: Bench, step: string) =>
  (await look(bench, changePlan, run)).settlement.standings.find((one) => one.step.id === step);

describe('settling', () => {
  it.each([
    [
      'CreateGroup',
      'before',
      'Group',
      'not-done',
      /ec2:CreateGroup on "op-\w+" was sent at 2026-02-26 .*with the token op-\w+; no answer is journaled[^]*AWS has nothing with the tag aiplan:op=op-\w+/u,
    ],
    [
      'CreateGroup',
      'after',
      'Group',
      'done',
      /no answer is journaled[^]*AWS has g-\w+ \(present\) with the tag aiplan:op=op-\w+/u,
    ],
    ['PutNote', 'after', 'Note', 'done', /s3:PutNote on "readme" was sent[^]*live as wanted: /u],
    [
      'CloseDatabase',
      'after',
      'Db',
      'partly',
      /rds:ModifyDatabase was carried out[^]*making it quiet for its capture had begun/u,
    ],
    ['DeleteDatabase', 'after', 'Db', 'done', /AWS has no courses any more/u],
    ['DeleteDatabase', 'before', 'Db', 'partly', /its removal was sent and had no effect/u],
    ['DeleteGroup', 'after', 'Web', 'done', /AWS has no g-web any more/u],
  ] as const)('%s, killed %s it: %s is %s', async (operation, when, step, verdict, says) => {
    const bench = freshBench();
    await killedAt(bench, operation, when, step);
    const found = await standing(bench, step);
    expect([found?.verdict, found?.recorded, found?.problems]).toEqual([verdict, false, []]);
    expect(found?.evidence.join('\n')).toMatch(says);
  });

  it('waits until AWS must show what became of a lost call, and no longer', async () => {
    const bench = freshBench();
    await killedAt(bench, 'CreateGroup', 'before');
    const records = bench.journalOf(run);
    const at = Date.parse(records.at(-1)?.at ?? '');
    const read = (now: number) => reconcile(records, { ...bench.world, now });
    expect(waitUntil(await read(at + 1))).toBe(at + 60_000);
    expect((await read(at + 1)).standings.find(({ step }) => step.id === 'Group')?.verdict).toBe('unknown');
    expect(waitUntil(await read(at + 60_000))).toBeNull();
  });

  it('does not settle what it cannot read', async () => {
    const bench = freshBench();
    await killedAt(bench, 'PutNote', 'after', 'Note');
    bench.world.fail('s3:ListNotes', { kind: 'denied', code: 'AccessDenied', times: 5 });
    const settlement = await reconcile(bench.journalOf(run), { ...bench.world, now: bench.clock.now() + 61_000 });
    const note = settlement.standings.find(({ step }) => step.id === 'Note');
    expect([note?.verdict, note?.problems, note?.evidence.join(' ')]).toEqual([
      'unknown',
      ['what cannot be read cannot be settled'],
      expect.stringMatching(/AccessDenied/u),
    ]);
  });
});

describe('somebody else, while the run lay there,', () => {
  const stale = async (bench: Bench): Promise<string> =>
    resumeOnce(bench, changePlan, run).then(
      ({ outcome }) => outcome,
      (error: unknown) => {
        if (error instanceof StaleRun) return error.message;
        throw error;
      },
    );
  const untouched = async (
    killed: readonly [string, 'before' | 'after', string?],
    meddle: (bench: Bench) => void | Promise<void>,
    says: RegExp,
  ): Promise<void> => {
    const bench = freshBench();
    await killedAt(bench, ...killed);
    await meddle(bench);
    const sent = bench.world.sent.length;
    expect(await stale(bench)).toMatch(says);
    expect(bench.world.sent.length).toBe(sent);
  };

  it('changed what is still to be changed: named, nothing sent', () =>
    untouched(
      ['CreateGroup', 'after'],
      ({ world }) => {
        world.put({ type: NOTE, identity: 'readme', properties: { Text: 'mine' }, incarnation: 'readme#0' });
      },
      /^Note: readme was changed by somebody else: .*Text/u,
    ));
  it('changed what is half changed to something else', () =>
    untouched(
      ['PutNote', 'before', 'Note'],
      ({ world }) => {
        world.put({ type: NOTE, identity: 'readme', properties: { Text: 'mine' }, incarnation: 'readme#0' });
      },
      /^Note: readme was changed by somebody else/u,
    ));
  it('made the very change that is still to be made', () =>
    untouched(
      ['CreateGroup', 'after'],
      ({ world }) => {
        world.put({
          type: NOTE,
          identity: 'readme',
          properties: { Text: 'new', Settings: { a: 1, b: { c: 3 }, d: 4 } },
          incarnation: 'readme#0',
        });
      },
      /^Note: readme was changed by somebody else/u,
    ));
  it('took the name of what is to be destroyed', () =>
    untouched(
      ['CloseDatabase', 'after'],
      ({ world }) => {
        world.put({ type: DATABASE, identity: 'courses', incarnation: 'another', rows: ['theirs'] });
      },
      /^Db: courses is gone, and this run never sent its removal/u,
    ));
  it('deleted what is to be destroyed', () =>
    untouched(
      ['CreateGroup', 'after'],
      ({ world }) => {
        world.drop(GROUP, 'g-old');
      },
      /Old: g-old is gone, and this run never sent its removal: somebody else deleted it/u,
    ));
  it('deleted what the run has made', () =>
    untouched(
      ['PutNote', 'after'],
      async ({ world }) => {
        const made = await Promise.all(
          world
            .list()
            .filter(({ type }) => type === GROUP)
            .map(({ type, identity }) => world.get(type, identity)),
        );
        world.drop(GROUP, made.find((live) => live?.systemTags['aiplan:resource'] === 'Group')?.identity ?? '');
      },
      /Group: g-\w+ was made by this run and is gone/u,
    ));
  it('took the tag from what the run has made and not finished', () =>
    untouched(
      ['CreateDatabase', 'after'],
      ({ world }) => {
        world.put({ type: DATABASE, identity: 'made', properties: { Class: 'db.small' } });
      },
      /Made: made does not carry the tag aiplan:op=op-\w+/u,
    ));
  it('began to use what is to be destroyed', () =>
    untouched(
      ['CloseDatabase', 'after'],
      ({ world }) => {
        world.put({ type: DATABASE, identity: 'newcomer', properties: { GroupIds: ['g-web'] } });
      },
      /g-web/u,
    ));
  it('gets in after the person has confirmed: the run stops as stale before it sends anything', async () => {
    const bench = freshBench();
    await killedAt(bench, 'CreateGroup', 'after');
    let sent = 0;
    const report = await resumeOnce(bench, changePlan, run, {
      between() {
        bench.world.put({ type: NOTE, identity: 'readme', properties: { Text: 'mine' }, incarnation: 'readme#0' });
        sent = bench.world.sent.length;
      },
    });
    expect([report.outcome, report.message, bench.world.sent.length]).toEqual([
      'stale',
      expect.stringMatching(/nothing more was sent: "Note": readme was changed by somebody else/u),
      sent,
    ]);
    // It is still there to be dealt with.
    expect(unfinishedOf(bench.journalOf(run))).not.toBeNull();
  });
});

describe('what was confirmed', () => {
  const begun = async (): Promise<Bench> => {
    const bench = freshBench();
    await killedAt(bench, 'CreateGroup', 'after');
    return bench;
  };

  it('binds what remains: the steps carry the digests that a person confirmed, and only what is left is asked', async () => {
    const bench = await begun();
    const { remaining } = await look(bench, changePlan, run);
    const confirmed = recordsOf(bench.journalOf(run), 'begin')[0]?.plan;
    const { plan } = remaining.planned;
    expect(plan.steps.map(({ id }) => id)).not.toContain('Group');
    expect(
      plan.steps.every(({ id, digest }) => confirmed?.steps.find((step) => step.id === id)?.digest === digest),
    ).toBe(true);
    expect([plan.resumes, plan.digest === confirmed?.digest, digestsFit(plan)]).toEqual([run, false, true]);
    expect(digestsFit({ ...plan, steps: plan.steps.map((step) => ({ ...step, identity: 'another' })) })).toBe(false);
    expect(digestsFit({ ...plan, steps: plan.steps.slice(1) })).toBe(false);
    const { approval } = bench.approve(remaining.planned);
    expect(approve(remaining.planned, approval, testConfiguration, bench.clock.now()).approval).toBe(approval);
    for (const missing of approval.confirmations) {
      expect(() =>
        approve(
          remaining.planned,
          { ...approval, confirmations: approval.confirmations.filter((one) => one !== missing) },
          testConfiguration,
          bench.clock.now(),
        ),
      ).toThrow(/was not confirmed/u);
    }
    expect(() =>
      approve(remaining.planned, { ...approval, typedName: null }, testConfiguration, bench.clock.now()),
    ).toThrow(/plan name/u);
  });

  it('counts again where it was signed, until it expires; what was typed never does', async () => {
    const bench = await begun();
    const { remaining } = await look(bench, changePlan, run);
    const begin = recordsOf(bench.journalOf(run), 'begin')[0];
    if (begin === undefined) throw new Error('no beginning');
    const [signed, now] = [{ ...begin.approval, tier: 'T1' as const }, Date.parse(begin.approval.expiresAt) - 1];
    const at = (approval: typeof begin.approval, time: number) =>
      approve(
        { ...remaining.planned, plan: { ...remaining.planned.plan, expiresAt: new Date(time + 1_000).toISOString() } },
        approval,
        testConfiguration,
        time,
        begin.plan,
      ).approval;
    expect(at(signed, now)).toBe(signed);
    expect(() => at(begin.approval, now)).toThrow(expect.objectContaining({ code: 'approval-foreign' }));
    expect(() => at(signed, now + 1)).toThrow(expect.objectContaining({ code: 'approval-expired' }));
  });

  it.each([
    [
      'a step of the plan',
      (records: JournalRecord[]) => {
        edit(records, (begin) => {
          (begin.plan.steps.find(({ id }) => id === 'Web') as { identity: string }).identity = 'g-bystander';
        });
      },
      /the journal was edited/u,
    ],
    [
      'the change plan',
      (records: JournalRecord[]) => {
        edit(records, (begin) => {
          (begin.plan as { changePlan: string }).changePlan = canonical({ ...changePlan, intent: 'Other.' });
        });
      },
      /edited|change plan is not the one/u,
    ],
    [
      'the configuration',
      (records: JournalRecord[]) => {
        edit(records, (begin) => {
          (begin.plan as { configuration: object }).configuration = {
            ...begin.plan.configuration,
            maxConfirmations: 1,
          };
        });
      },
      /edited|configuration has changed/u,
    ],
    [
      'what a resource was before',
      (records: JournalRecord[]) => {
        for (const record of records)
          if (record.kind === 'before' && record.step === 'Web' && record.live !== null)
            (record.live.properties as Record<string, unknown>)['GroupName'] = 'other';
      },
      /Web/u,
    ],
  ] as const)('does not survive a journal in which %s was edited', async (_what, meddle, says) => {
    const bench = await begun();
    // A journal of its own: the records of the memory world are shared.
    const records = bench.journalOf(run) as JournalRecord[];
    records.splice(0, records.length, ...structuredClone(records));
    meddle(records);
    await expect(resumeOnce(bench, changePlan, run)).rejects.toThrow(says);
  });

  it('does not let another change plan through', async () => {
    const bench = await begun();
    const other = {
      ...changePlan,
      resources: changePlan.resources.map((entry) =>
        entry.address === 'Note' ? { ...entry, properties: { Text: 'evil' }, expect: {} } : entry,
      ),
    };
    await expect(resumeOnce(bench, other, run)).rejects.toThrow(/the change plan is not the one that was confirmed/u);
  });

  const edit = (records: JournalRecord[], change: (begin: Extract<JournalRecord, { kind: 'begin' }>) => void): void => {
    change(records.find((record) => record.kind === 'begin') as Extract<JournalRecord, { kind: 'begin' }>);
  };
});

describe('going on', () => {
  it('keeps run, tags and tokens, numbers calls on, and captures anew what is still to be destroyed', async () => {
    const bench = freshBench();
    await killedAt(bench, 'CloseDatabase', 'after');
    const before = bench.journalOf(run).length;
    bench.world.rows('courses', ['a', 'b', 'c', 'late']);
    const report = await resumeOnce(bench, changePlan, run);
    const records = bench.journalOf(run);
    expect([report.run, report.outcome, records[before]]).toEqual([
      run,
      'done',
      expect.objectContaining({
        kind: 'resumed',
        session: 2,
        by: 'ada',
        settled: expect.arrayContaining([expect.objectContaining({ step: 'Db', verdict: 'partly' })]),
      }),
    ]);
    const calls = [...recordsOf(records, 'intent'), ...recordsOf(records, 'intent-batch')].map(({ call }) => call);
    expect(new Set(calls).size).toBe(calls.length);
    const taken = recordsOf(records, 'captured')
      .filter(({ step }) => step === 'Db')
      .map(({ capture }) => String(capture.refs['snapshot']));
    expect(new Set(taken).size).toBe(taken.length);
    expect(bench.world.held(taken.at(-1) ?? '')).toEqual(['a', 'b', 'c', 'late']);
  });

  it('starts an instance-like resource again that an update had stopped for its own sake, and sends no change twice', async () => {
    const bench = freshBench();
    await killedAt(bench, 'ModifyDatabase', 'after', 'Other', {
      ...changePlan,
      resources: changePlan.resources.filter(({ address }) => address === 'Other'),
    });
    const only = { ...changePlan, resources: changePlan.resources.filter(({ address }) => address === 'Other') };
    const sent = bench.world.sent.length;
    expect((await resumeOnce(bench, only, run)).outcome).toBe('done');
    expect(bench.world.sent.slice(sent)).toEqual([]);
  });

  it('is for runs that can go on: not for one that is done, abandoned, blank, or a rollback', async () => {
    const bench = freshBench();
    await bench.apply(changePlan, { run });
    const records = bench.journalOf(run);
    const code = (of: readonly JournalRecord[]): string => {
      try {
        refuseResume(of);
        return 'fine';
      } catch (error) {
        return error instanceof UserError ? error.code : String(error);
      }
    };
    expect([code(records), code([]), code(records.slice(0, -1))]).toEqual(['run-ended', 'run-is-blank', 'fine']);
    expect(
      code([...records.slice(0, -1), { ...records.at(-1), kind: 'end', outcome: 'abandoned' } as JournalRecord]),
    ).toBe('run-ended');
    await bench.apply((await bench.rollback(run)).changePlan, { run: 'back' });
    expect(code(bench.journalOf('back').slice(0, -1))).toBe('run-is-rollback');
  });

  it('after a refusal by AWS carries out what is left once its cause is mended', async () => {
    const bench = freshBench();
    bench.world.fail('s3:PutNote', { kind: 'denied', code: 'AccessDenied' });
    expect((await bench.apply(changePlan, { run })).outcome).toBe('failed');
    expect((await resumeOnce(bench, changePlan, run)).outcome).toBe('done');
    expect(reportOf(bench.journalOf(run)).steps.every(({ state }) => state === 'done' || state === 'kept')).toBe(true);
  });

  it('fails again where the cause stays, and says so', async () => {
    const bench = freshBench();
    bench.world.fail('s3:PutNote', { kind: 'denied', code: 'AccessDenied', times: 9 });
    await bench.apply(changePlan, { run });
    expect(await resumeOnce(bench, changePlan, run)).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(/AccessDenied/u),
    });
    expect(allHistoriesOf(bench.journalOf(run)).filter(({ done }) => !done).length).toBeGreaterThan(0);
  });
});

describe('an open run', () => {
  it('holds what it touched, made or still has to do, and nothing else', async () => {
    const bench = freshBench();
    await killedAt(bench, 'CreateGroup', 'before');
    const held = openRunOf(bench.journalOf(run));
    expect(held?.resources.map(({ identity }) => identity).sort()).toEqual(
      expect.arrayContaining(['courses', 'files', 'g-old', 'g-web', 'other', 'readme', 'shelf']),
    );
    expect(held?.resources.map(({ identity }) => identity)).not.toContain('bystander');
    expect(held?.creates.map(({ address }) => address)).toEqual(
      expect.arrayContaining(['Group', 'Fresh', 'Made', 'Old']),
    );
  });

  it('is one that sent something and has no end, or has left something half done', async () => {
    const states = async (
      operation: string,
      when: 'before' | 'after',
      change: (records: readonly JournalRecord[]) => readonly JournalRecord[] = (same) => same,
    ) => {
      const bench = freshBench();
      await killedAt(bench, operation, when);
      const records = change(bench.journalOf(run));
      return [unfinishedOf(records), openRunOf(records) !== null];
    };
    const ended = (outcome: string) => (records: readonly JournalRecord[]) => [
      ...records,
      { ...records.at(-1), kind: 'end', outcome, message: null } as JournalRecord,
    ];
    expect(await states('CreateGroup', 'before')).toEqual(['open', true]);
    expect(await states('CreateGroup', 'before', (records) => records.filter(({ kind }) => kind !== 'intent'))).toEqual(
      ['open', false],
    );
    expect(await states('PutNote', 'after', ended('stopped'))).toEqual(['half', true]);
    expect(await states('PutNote', 'after', ended('done'))).toEqual([null, false]);
    expect(await states('PutNote', 'after', ended('abandoned'))).toEqual([null, false]);
    const bench = freshBench();
    bench.world.fail('s3:PutNote', { kind: 'denied', code: 'AccessDenied' });
    await bench.apply(
      {
        ...changePlan,
        resources: changePlan.resources.filter(({ address }) => address === 'Note' || address === 'Old'),
      },
      { run },
    );
    expect([unfinishedOf(bench.journalOf(run)), openRunOf(bench.journalOf(run))]).toEqual(['left', null]);
    expect([unfinishedOf([]), openRunOf([])]).toEqual([null, null]);
  });
});
