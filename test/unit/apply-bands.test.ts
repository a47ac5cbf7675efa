import { describe, expect, it } from '@jest/globals';
import { movedObservations } from '../../src/run/drift/confirmed-evidence.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { boundObservations } from '../../src/domain/bands.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { resourceTypes } from '../../providers/index.ts';
import type { ResourceTypes } from '../../src/domain/resource-type.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { withType } from '../helpers/unreadable.ts';
import { createMemoryWorld, DATABASE, NOTE, type Seed } from '../helpers/memory-world.ts';

const rows = (number: number): readonly string[] => Array.from({ length: number }, (_, index) => `row ${index}`);
const database = (number: number): Seed => ({
  type: DATABASE,
  identity: 'courses',
  properties: { Class: 'db.large' },
  rows: rows(number),
});
const note: Seed = { type: NOTE, identity: 'readme', properties: { Text: 'old' } };
const deleteDatabase = entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } });
const updateNote = entryOf('Note', NOTE, { action: 'update', id: 'readme', properties: { Text: 'new' } });

describe('what was observed when a step was confirmed is held against what is there', () => {
  it.each<[string, number, number, string]>([
    ['nothing became something', 0, 300, 'stale'],
    ['more than twice', 10, 21, 'stale'],
    ['twice', 10, 20, 'done'],
    ['less', 10, 1, 'done'],
  ])('before the first change: %s', async (_name, shown, then, outcome) => {
    const world = createMemoryWorld({ seed: [database(shown), note] });
    const report = await benchOf(world).apply(changePlanOf([deleteDatabase, updateNote]), {
      between: () => {
        world.rows('courses', rows(then));
      },
    });
    expect(report.outcome).toBe(outcome);
    if (outcome === 'stale') {
      expect(report).toMatchObject({
        exitCode: 4,
        calls: 0,
        message: expect.stringContaining(`rows: ${shown} → ${then}`),
      });
      expect(world.sent).toEqual([]);
    }
  });
  it('right before its step, when the run is on its way', async () => {
    const world = createMemoryWorld({ seed: [database(0), note] });
    const report = await benchOf(world).apply(changePlanOf([updateNote, deleteDatabase]), {
      beforeAppend(entry) {
        if (entry.kind === 'step' && entry.step === 'Note' && entry.state === 'done') world.rows('courses', rows(300));
      },
    });
    expect(report).toMatchObject({ outcome: 'stale', exitCode: 4, message: expect.stringContaining('rows: 0 → 300') });
    expect(world.sent.map(({ operation }) => operation)).toEqual(['PutNote']);
  });
  it('an update that was harmless for an empty resource is not made to one that was filled since', async () => {
    const byContents = (types: ResourceTypes): ResourceTypes =>
      withType(types, DATABASE, (type) => ({
        ...type,
        rules: {
          ...type.rules,
          destructive: type.rules.destructive.map((rule) =>
            rule.path === 'Retention'
              ? { ...rule, given: (_before: unknown, live) => Number(live?.observed['rows'] ?? 0) > 0 }
              : rule,
          ),
        },
      }));
    const shorter = entryOf('Db', DATABASE, {
      action: 'update',
      id: 'courses',
      properties: { Retention: 1 },
      dependsOn: ['Note'],
    });
    for (const [now, outcome, sent] of [
      [0, 'done', ['CreateDatabaseSnapshot', 'PutNote', 'ModifyDatabase']],
      [300, 'stale', ['CreateDatabaseSnapshot', 'PutNote']],
    ] as const) {
      const made = createMemoryWorld({
        seed: [{ ...database(0), properties: { Class: 'db.large', Retention: 7 } }, note],
      });
      const world = { ...made, types: byContents(made.types) };
      const report = await benchOf(world).apply(changePlanOf([updateNote, shorter]), {
        beforeAppend(entry) {
          if (entry.kind === 'step' && entry.step === 'Note' && entry.state === 'done')
            world.rows('courses', rows(now));
        },
      });
      expect([report.outcome, world.sent.map(({ operation }) => operation)]).toEqual([outcome, sent]);
    }
  });
  it('right before the removal: what was filled while it was captured is left alone, and opened again', async () => {
    const world = createMemoryWorld({ seed: [database(0)] });
    const report = await benchOf(world).apply(changePlanOf([deleteDatabase]), {
      afterAppend(entry) {
        if (entry.kind === 'captured') world.rows('courses', rows(300));
      },
    });
    expect(report).toMatchObject({ outcome: 'stale', exitCode: 4, message: expect.stringContaining('rows: 0 → 300') });
    expect(world.list()).toEqual([{ type: DATABASE, identity: 'courses', state: 'available' }]);
    expect(world.sent.map(({ operation }) => operation)).not.toContain('DeleteDatabase');
  });
  it('a signed approval counts with what was shown when it was signed, whatever the plan file says', async () => {
    const world = createMemoryWorld({ seed: [database(0)] });
    const bench = benchOf(world);
    const changePlan = changePlanOf([deleteDatabase]);
    const { plan } = await bench.plan(changePlan);
    const signed = (observed: JsonObject | undefined): Approval => ({
      format: 'aiplan/approval@1',
      planDigest: plan.digest,
      planName: plan.name,
      target: plan.target,
      nonce: '0'.repeat(32),
      createdAt: '',
      expiresAt: '',
      tier: 'T1',
      by: 'ada',
      typedName: null,
      confirmations: needed(plan).confirmations.map((step) => ({
        step: step.id,
        stepDigest: step.digest,
        typed: step.confirm ?? '',
        shown: '',
        typedLoss: lossPhrase(step),
        ...(observed === undefined ? {} : { observed }),
      })),
    });
    const shown = boundObservations(plan.steps[0]?.evidence.observed ?? {});
    world.rows('courses', rows(300));
    const now = (await bench.plan(changePlan)).plan;
    const rulesOf = (type: string) => (world.types.get(type) ?? resourceTypes.get(type))?.rules;
    expect(now.digest).toBe(plan.digest);
    // Loaded for apply, the plan is made again: its own evidence is what is there by now.
    expect(movedObservations(signed(shown), now, now, rulesOf)).toContain('rows: 0 → 300');
    expect(movedObservations(signed(undefined), plan, now, rulesOf)).toContain('rows: 0 → 300');
    expect(
      movedObservations(signed(boundObservations(now.steps[0]?.evidence.observed ?? {})), plan, now, rulesOf),
    ).toBe('');
  });
});

describe('a rule that looks at the live resource', () => {
  const values: readonly (Json | undefined)[] = [undefined, null, true, 'a', 7, [], {}, { Status: 'Enabled' }];

  it.each(resourceTypes.all.map(({ type, rules }) => [type, rules] as const))(
    'says so by its parameters, so that it is asked again before its step: %s',
    (_type, rules) => {
      for (const { path, given, when } of [...rules.destructive, ...rules.grants]) {
        let isRead = false;
        const watched = new Proxy(
          { type: '', identity: 'x', properties: {}, attributes: {}, binding: {}, observed: {}, systemTags: {} },
          {
            get(target, name) {
              isRead = true;
              return Reflect.get(target, name) as unknown;
            },
          },
        ) as unknown as LiveResource;
        for (const before of values) {
          isRead = false;
          given?.(before, watched);
          expect([path, 'given', isRead && (given?.length ?? 0) < 2]).toEqual([path, 'given', false]);
          for (const after of values) {
            isRead = false;
            when?.(before, after, watched);
            expect([path, 'when', isRead && (when?.length ?? 0) < 3]).toEqual([path, 'when', false]);
          }
        }
      }
    },
  );
});
