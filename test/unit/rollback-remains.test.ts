import { describe, expect, it } from '@jest/globals';
import type { RestoreOrder } from '../../src/domain/change-plan.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, ResourceTypes } from '../../src/domain/resource-type.ts';
import { rollbackChangePlan } from '../../src/recovery/rollback/rollback.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP } from '../helpers/memory-world.ts';
import { Killed } from '../helpers/mortal.ts';

const run = '20260226-230000-0001';
const withType = (types: ResourceTypes, name: string, change: (type: ResourceType) => ResourceType): ResourceTypes => {
  const all = types.all.map((type) => (type.type === name ? change(type) : type));
  return { all, get: (type) => all.find((item) => item.type === type) };
};
const capture = {
  how: 'config',
  refs: {},
  pointInTime: null,
  bytes: null,
  encrypted: null,
  extras: {},
} as unknown as Json;

describe('a restore that continues what is there', () => {
  const group = async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
          { type: GROUP, identity: 'g-2', properties: { GroupName: 'web', Tags: { 'aiplan:restored-from': 'g-1' } } },
        ],
      }),
    );
    const live = (await bench.world.get(GROUP, 'g-1')) as LiveResource;
    bench.world.drop(GROUP, 'g-1');
    const order: RestoreOrder = {
      run: 'x',
      step: 'Web',
      formerIdentity: 'g-1',
      formerIncarnation: live.incarnation,
      live,
      capture,
    };
    const changePlan = (more: Partial<RestoreOrder>) =>
      changePlanOf(
        [
          entryOf('Web', GROUP, {
            action: 'create',
            properties: { GroupName: 'web' },
            reason: 'run x deleted it',
            restore: { ...order, ...more },
          }),
        ],
        { rollbackOf: 'x' },
      );
    return { bench, changePlan };
  };

  it('makes nothing twice', async () => {
    const { bench, changePlan } = await group();
    const report = await bench.apply(changePlan({ remains: { identity: 'g-2', incarnation: 'g-2#0' } }));
    expect([report.outcome, report.map, bench.world.sent]).toEqual(['done', { 'g-1': 'g-2' }, []]);
  });

  it('is blocked where that is gone, or another one by now', async () => {
    const { bench, changePlan } = await group();
    for (const remains of [
      { identity: 'g-2', incarnation: 'g-2#7' },
      { identity: 'g-3', incarnation: 'g-3#0' },
    ]) {
      const { plan } = await bench.plan(changePlan({ remains }));
      expect(plan.findings.map(({ severity, message }) => `${severity} ${message}`)).toContainEqual(
        expect.stringMatching(/^error .*"g-[23]", is gone or has changed hands/u),
      );
    }
  });

  it('is not asked whether its own name and addresses are free, nor what a create is asked', async () => {
    const { bench, changePlan } = await group();
    const ports = {
      types: withType(bench.world.types, GROUP, (type) => ({
        ...type,
        *preflight() {
          return ['the launch image is gone'];
        },
        capture: {
          ...type.capture!,
          *restorable(context) {
            return { problems: context.remains === undefined ? ['the name is taken'] : [], losses: [] };
          },
        },
      })),
    };
    expect((await bench.apply(changePlan({}), { run: '20260226-230000-0002', ports })).outcome).toBe('blocked');
    expect(
      (await bench.apply(changePlan({ remains: { identity: 'g-2', incarnation: 'g-2#0' } }), { ports })).outcome,
    ).toBe('done');
  });
});

describe('a deletion that AWS has not finished', () => {
  it('is waited for before the name is used again', async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large' }, rows: ['a'] }],
        polls: 12,
      }),
    );
    const before = await bench.state();
    await stoppedAfter(
      bench,
      'DeleteDatabase',
      changePlanOf([entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } })]),
    );
    expect(bench.world.list()).toMatchObject([{ identity: 'courses', state: 'deleting' }]);
    const { changePlan, findings } = await bench.rollback(run);
    expect([findings, changePlan.resources.map(({ action }) => action), bench.world.list().length]).toEqual([
      [],
      ['create'],
      1,
    ]);
    expect((await bench.apply(changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });
});

/** Applies, and dies right after AWS has carried out an operation. */
async function stoppedAfter(bench: Bench, operation: string, changePlan: Parameters<Bench['apply']>[0]): Promise<void> {
  let dead = false;
  const refuseDead = (): void => {
    if (dead) throw new Killed('dead');
  };
  await bench
    .apply(changePlan, {
      run,
      beforeAppend: refuseDead,
      session: (session) => ({
        ...session,
        async mutate(call, resolved, permit) {
          refuseDead();
          const answer = await session.mutate(call, resolved, permit);
          dead = call.operation === operation;
          refuseDead();
          return answer;
        },
      }),
    })
    .catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
  expect(bench.world.sent.at(-1)?.operation).toBe(operation);
}

describe('what was stopped or closed for its capture', () => {
  const closed = async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large' } }] }),
    );
    await stoppedAfter(
      bench,
      'CloseDatabase',
      changePlanOf([entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } })]),
    );
    return bench;
  };
  it('is opened as soon as it can be: it may still be on its way into quiet', async () => {
    const bench = await closed();
    bench.world.fail('rds:OpenDatabase', {
      code: 'InvalidState',
      kind: 'conflict',
      message: 'it is closing',
      times: 3,
    });
    const report = await bench.apply((await bench.rollback(run)).changePlan, { run: 'back' });
    expect([report.outcome, (await bench.world.get(DATABASE, 'courses'))?.state]).toEqual(['done', 'available']);
    // Another refusal is none of that kind.
    const refused = await closed();
    refused.world.fail('rds:OpenDatabase', { code: 'AccessDenied', kind: 'denied' });
    expect((await refused.apply((await refused.rollback(run)).changePlan, { run: 'back' })).outcome).toBe('failed');
  });

  it('is not opened again where an earlier rollback opened it', async () => {
    const bench = await closed();
    await bench.apply((await bench.rollback(run)).changePlan, { run: 'back' });
    const again = await bench.rollback(run);
    expect([again.changePlan.resources, again.findings.map(({ code }) => code)]).toEqual([[], ['rollback-put-back']]);
  });
});

describe('an update that was stopped while it had the resource in another state', () => {
  const open = {
    ...entryOf('Db', DATABASE, { id: 'courses', properties: { Class: 'db.small' }, expect: { Class: 'db.large' } }),
  };
  const halted = async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.small' } }] }),
    );
    const before = (await bench.world.get(DATABASE, 'courses')) as LiveResource;
    bench.world.put({ type: DATABASE, identity: 'courses', properties: { Class: 'db.large' }, state: 'closed' });
    return { bench, before };
  };

  it('gets its values first and its state last', async () => {
    const { bench, before } = await halted();
    const reopen = { run: 'x', step: 'Db', capture: null, live: before };
    const calls = async (last: boolean) =>
      (
        await bench.plan(
          changePlanOf([{ ...open, reopen: { ...reopen, ...(last ? { last } : {}) } }], { rollbackOf: 'x' }),
        )
      ).plan.steps[0]?.calls;
    expect(await calls(false)).toEqual(['rds:OpenDatabase', 'rds:CreateDatabaseSnapshot', 'rds:ModifyDatabase']);
    expect(await calls(true)).toEqual(['rds:CreateDatabaseSnapshot', 'rds:ModifyDatabase', 'rds:OpenDatabase']);
    const report = await bench.apply(
      changePlanOf([{ ...open, reopen: { ...reopen, last: true } }], { rollbackOf: 'x' }),
    );
    expect([report.outcome, bench.world.sent.map(({ operation }) => operation)]).toEqual([
      'done',
      ['CreateDatabaseSnapshot', 'ModifyDatabase', 'OpenDatabase'],
    ]);
    expect(await bench.world.get(DATABASE, 'courses')).toMatchObject({
      state: 'available',
      properties: { Class: 'db.small' },
    });
  });

  it('is told from a state that somebody chose: only where the update, or its undoing, did not come to its end', async () => {
    const { bench, before } = await halted();
    const types = withType(bench.world.types, DATABASE, (type) => ({
      ...type,
      rules: { ...type.rules, changeableStates: ['available', 'closed'] },
    }));
    const step = {
      id: 'Db',
      type: DATABASE,
      action: 'update',
      identity: 'courses',
      changes: [{ path: 'Class', before: 'db.small', after: 'db.large', effect: 'restart' }],
      recoverability: { level: 'reversible', loses: [] },
    };
    const entries = (plan: object, ended: boolean) =>
      [
        {
          kind: 'begin',
          run: 'r',
          target: { account: '1', region: 'r' },
          plan: { name: 'move', steps: [step], ...plan },
        },
        { kind: 'before', step: 'Db', live: before, entry: open, changes: [] },
        { kind: 'step', step: 'Db', state: 'started', identity: 'courses', after: null, message: null },
        {
          kind: 'intent',
          step: 'Db',
          call: 1,
          purpose: 'change',
          declared: {
            service: 'rds',
            operation: 'ModifyDatabase',
            input: {},
            identity: 'courses',
            retry: 'absolute',
            purpose: '',
          },
        },
        ...(ended
          ? [
              { kind: 'outcome', step: 'Db', call: 1, ok: true, answer: {} },
              { kind: 'step', step: 'Db', state: 'done', identity: 'courses', after: null, message: null },
            ]
          : []),
      ].map((entry, seq) => ({ seq, prev: '', at: '2026-02-26T23:00:00.000Z', ...entry })) as unknown as Parameters<
        typeof rollbackChangePlan
      >[0];
    const reopened = async (ended: boolean, earlier: Parameters<typeof rollbackChangePlan>[1]['earlier'] = []) => {
      const { changePlan } = await rollbackChangePlan(entries({}, ended), {
        session: bench.world.session,
        types,
        schemas: bench.world.schemas,
        now: '2026-02-27T00:00:00.000Z',
        earlier,
      });
      return changePlan.resources.map(({ properties, reopen }) => [properties, reopen?.last]);
    };
    expect(await reopened(false)).toEqual([[{ Class: 'db.small' }, true]]);
    expect(await reopened(true)).toEqual([[{ Class: 'db.small' }, undefined]]);
    expect(await reopened(true, [entries({ rollbackOf: 'r' }, false)])).toEqual([[{ Class: 'db.small' }, true]]);
  });
});
