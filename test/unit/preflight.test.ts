import { describe, expect, it } from '@jest/globals';
import { foresee, unforeseen, usesBucket, type ForeseePorts } from '../../src/run/apply/preflight-findings.ts';
import { look, send, type AwsReader } from '../../src/domain/call.ts';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';
import { AwsError } from '../../src/base/error.ts';
import type { ResourceType, ResourceTypes } from '../../src/domain/resource-type.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { memorySecrets, memoryVault } from '../helpers/apply-ports.ts';
import { createMemoryWorld, DATABASE, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';

const entries = [
  entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } }),
  entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
];
const freshWorld = (): MemoryWorld =>
  createMemoryWorld({
    seed: [
      { type: NOTE, identity: 'readme' },
      { type: DATABASE, identity: 'courses', properties: { Class: 'db.large' } },
    ],
  });

/** The types of the world, one of them with other programs. */
const withType = (types: ResourceTypes, name: string, change: (type: ResourceType) => ResourceType): ResourceTypes => {
  const all = types.all.map((type) => (type.type === name ? change(type) : type));
  return { all, get: (type) => all.find((item) => item.type === type) };
};
/** Applies with changed types; answers the problems as `step code message`. */
async function problems(change: (world: MemoryWorld) => ResourceTypes): Promise<readonly string[]> {
  const world = freshWorld();
  const ports = { types: change(world) };
  const told = await foreseenIn(world, entries, ports);
  const report = await benchOf(world).apply(changePlanOf(entries), { ports });
  expect([report.outcome, world.sent]).toEqual(['blocked', []]);
  const said = report.findings.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`);
  // Whatever apply refuses, plan and check refuse with the same sentence.
  expect(told).toEqual(said);
  return said;
}

/** What a plan of the entries says that apply would refuse, as `step code message`. */
async function foreseenIn(
  world: MemoryWorld,
  some: readonly ResourceEntry[],
  ports: Partial<ForeseePorts> = {},
): Promise<readonly string[]> {
  const bench = benchOf(world);
  const found = await foresee(await bench.plan(changePlanOf(some)), {
    session: world.session,
    types: world.types,
    schemas: world.schemas,
    clock: bench.clock,
    secrets: memorySecrets(),
    stop: new AbortController().signal,
    vault: bench.vault,
    ...ports,
  });
  expect(world.sent).toEqual([]);
  return found.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`);
}

describe('preflight', () => {
  it('asks every type and says everything at once', async () => {
    expect(
      await problems(({ types }) =>
        withType(
          withType(types, DATABASE, (type) => ({
            ...type,
            *preflight() {
              return ['the snapshot quota is used up'];
            },
          })),
          NOTE,
          (type) => ({
            ...type,
            *preflight() {
              return ['one', 'two'];
            },
          }),
        ),
      ),
    ).toEqual(['Note preflight one', 'Note preflight two', 'Db preflight the snapshot quota is used up']);
  });

  it('a destruction that could not be restored is a problem', async () => {
    expect(
      await problems(({ types }) =>
        withType(types, DATABASE, (type) => ({
          ...type,
          capture: {
            ...type.capture!,
            *restorable() {
              return { problems: ['the key is disabled'], losses: [] };
            },
          },
        })),
      ),
    ).toEqual(['Db not-restorable the key is disabled']);
  });

  it('what cannot be checked is a problem too', async () => {
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 'rds:DescribeAccountAttributes',
      message: 'no',
      executed: 'no',
    });
    expect(
      await problems(({ types }) =>
        withType(types, DATABASE, (type) => ({
          ...type,
          *preflight() {
            throw denied;
          },
        })),
      ),
    ).toEqual(['Db preflight-unknown it cannot be checked: rds:DescribeAccountAttributes: AccessDenied: no']);
  });

  it('a check that would change something is refused before anything leaves', async () => {
    expect(
      await problems(({ types }) =>
        withType(types, DATABASE, (type) => ({
          ...type,
          *preflight() {
            yield* send({
              service: 'rds',
              operation: 'DeleteDatabase',
              identity: 'courses',
              input: { DatabaseName: 'courses' },
              retry: 'none',
              purpose: 'sabotage',
            });
            return [];
          },
        })),
      ),
    ).toEqual([
      expect.stringContaining(
        'Db preflight-unknown it cannot be checked: rds:DeleteDatabase is a mutating call in a check',
      ),
    ]);
  });

  it('a restore is no create: it is held against what it uses itself', async () => {
    const world = freshWorld();
    const bench = benchOf(world);
    const { run, outcome } = await bench.apply(changePlanOf(entries.slice(1)));
    expect(outcome).toBe('done');
    const { changePlan } = await bench.rollback(run);
    const types = withType(world.types, DATABASE, (type) => ({
      ...type,
      *preflight() {
        return ['no database is made any more'];
      },
    }));
    const report = await bench.apply(changePlan, { run: '20260226-230001-0002', ports: { types } });
    expect([report.outcome, report.findings]).toEqual(['done', []]);
  });

  it('names programs that a type does not have', async () => {
    expect(await problems(({ types }) => withType(types, DATABASE, ({ remove: _remove, ...type }) => type))).toEqual([
      'Db not-supported Test::Memory::Database: this version cannot delete',
    ]);
  });

  it('names a state in which nothing can be changed', async () => {
    expect(
      await problems(({ types }) =>
        withType(types, NOTE, (type) => ({ ...type, rules: { ...type.rules, changeableStates: ['ready', 'idle'] } })),
      ),
    ).toEqual(['Note state readme is "present"; it can be changed while it is "ready" or "idle"']);
  });

  it('a capture bucket that does not keep what is written into it blocks every run that captures anything', async () => {
    const weak = { ...memoryVault(), check: async () => ['The capture bucket "captures": versioning is not enabled.'] };
    for (const some of [entries, entries.slice(0, 1)]) {
      const world = freshWorld();
      expect(await foreseenIn(world, some, { vault: weak })).toEqual([
        ' capture-bucket-weak The capture bucket "captures": versioning is not enabled.',
      ]);
      const report = await benchOf(world).apply(changePlanOf(some), { ports: { vault: weak } });
      expect([
        report.outcome,
        world.sent,
        report.findings.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`),
      ]).toEqual(['blocked', [], [' capture-bucket-weak The capture bucket "captures": versioning is not enabled.']]);
    }
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:HeadBucket',
      message: 'no',
      executed: 'no',
    });
    const unknown = await benchOf(freshWorld()).apply(changePlanOf(entries), {
      ports: { vault: { ...memoryVault(), check: () => Promise.reject(denied) } },
    });
    expect(unknown.findings.map(({ code }) => code)).toEqual(['preflight-unknown']);
    // What only makes something new captures nothing.
    const made = await benchOf(createMemoryWorld({ seed: [] })).apply(
      changePlanOf([entryOf('New', NOTE, { action: 'create', properties: { NoteName: 'new', Text: 'new' } })]),
      { ports: { vault: weak } },
    );
    expect(made.outcome).toBe('done');
  });

  it('needs no bucket for what destroys nothing', async () => {
    const world = freshWorld();
    const report = await benchOf(world).apply(changePlanOf(entries.slice(0, 1)), {
      ports: { vault: memoryVault(null) },
    });
    expect(report.outcome).toBe('done');
  });

  it('says without a capture bucket what apply says', async () => {
    const vault = memoryVault(null);
    const report = await benchOf(freshWorld()).apply(changePlanOf(entries), { ports: { vault } });
    expect(report.findings.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`)).toEqual(
      await foreseenIn(freshWorld(), entries, { vault }),
    );
    expect(report.findings).toHaveLength(1);
  });

  it('a secret that is missing where it is planned is a warning: whoever applies has it', async () => {
    const world = createMemoryWorld();
    const bench = benchOf(world);
    const planned = await bench.plan(
      changePlanOf([
        entryOf('Db', DATABASE, {
          action: 'create',
          properties: {
            DatabaseName: 'new',
            Engine: 'postgres',
            Class: 'db.small',
            Password: { $secret: { env: 'AIPLAN_SECRET_DB' } },
          },
        }),
      ]),
    );
    const found = await foresee(planned, {
      session: world.session,
      types: world.types,
      schemas: world.schemas,
      clock: bench.clock,
      secrets: memorySecrets(),
      stop: new AbortController().signal,
      vault: bench.vault,
    });
    expect(found).toMatchObject([{ code: 'secret-missing', severity: 'warning', step: 'Db', line: 1 }]);
  });

  it.each([
    ['its restore', { action: 'delete', expect: { Class: 'db.large' } }],
    ['the update back', { properties: { Script: 'new boot' } }],
  ] as const)('an undo that needs a secret which the run kept asks for the capture bucket: %s', async (_, what) => {
    const world = createMemoryWorld({
      seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large', Script: 'boot' } }],
    });
    const bench = benchOf(world);
    const { run } = await bench.apply(changePlanOf([entryOf('Db', DATABASE, { id: 'courses', ...what })]));
    const planned = await bench.plan((await bench.rollback(run)).changePlan);
    expect([planned.plan.steps.map(({ destruction }) => destruction), usesBucket(planned)]).toEqual([[null], true]);
    const ports = {
      session: world.session,
      types: world.types,
      schemas: world.schemas,
      clock: bench.clock,
      secrets: memorySecrets(),
      stop: new AbortController().signal,
    };
    expect(await foresee(planned, { ...ports, vault: bench.vault })).toEqual([]);
    expect(await foresee(planned, { ...ports, vault: memoryVault(null) })).toMatchObject([
      { code: 'no-capture-bucket', step: 'Db' },
    ]);
  });

  it('a plan that keeps nothing asks for no capture bucket', async () => {
    const bench = benchOf(createMemoryWorld());
    expect(
      usesBucket(
        await bench.plan(
          changePlanOf([entryOf('Note', NOTE, { action: 'create', properties: { NoteName: 'new', Text: 'x' } })]),
        ),
      ),
    ).toBe(false);
  });

  it('looks at nothing that does not change, and once at what many ask for', async () => {
    const seed = Array.from({ length: 40 }, (_, index) => ({
      type: NOTE,
      identity: `note-${index}`,
      properties: { Text: 'old' },
    }));
    const world = createMemoryWorld({ seed });
    const asked: string[] = [];
    const types = withType(world.types, NOTE, (type) => ({
      ...type,
      *preflight(context) {
        yield* look({ service: 's3', operation: 'ListNotes', input: {} });
        yield* look({ service: 's3', operation: 'GetNote', input: { NoteName: context.live?.identity ?? '' } });
        return [];
      },
    }));
    const session: AwsReader = {
      counts: {},
      read: async (call) => {
        asked.push(call.operation);
        return {};
      },
    };
    const some = seed.map(({ identity }, index) =>
      entryOf(`N${index}`, NOTE, { id: identity, properties: { Text: index < 10 ? 'new' : 'old' } }),
    );
    expect(await foreseenIn(world, some, { types, session })).toEqual([]);
    expect(asked.filter((operation) => operation === 'ListNotes')).toHaveLength(1);
    expect(asked.filter((operation) => operation === 'GetNote')).toHaveLength(10);
    asked.length = 0;
    expect(await foreseenIn(world, some.slice(10), { types, session })).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('says once that a plan from recorded state was not checked', async () => {
    const planned = await benchOf(freshWorld()).plan(changePlanOf(entries));
    expect(unforeseen(planned)).toMatchObject([{ code: 'not-checked', severity: 'info', step: null }]);
    expect(unforeseen({ ...planned, plan: { ...planned.plan, steps: [] } })).toEqual([]);
  });

  it('says once what does not exist, where the plan has said it already', async () => {
    const world = freshWorld();
    const bench = benchOf(world);
    const planned = await bench.plan(changePlanOf(entries));
    const found = (findings: readonly string[]) =>
      foresee(
        {
          ...planned,
          plan: {
            ...planned.plan,
            findings: findings.map((message) => ({
              code: 'dead-id',
              severity: 'error',
              step: 'Note',
              message,
              line: 1,
              column: 1,
            })),
            steps: planned.plan.steps.map((step) => (step.id === 'Note' ? { ...step, blocked: true } : step)),
          },
        },
        {
          session: world.session,
          types: withType(world.types, NOTE, (type) => ({
            ...type,
            *preflight() {
              return ['subnet "s-1" does not exist', 'the image is another one'];
            },
          })),
          schemas: world.schemas,
          clock: bench.clock,
          secrets: memorySecrets(),
          stop: new AbortController().signal,
          vault: bench.vault,
        },
      );
    expect((await found(['"s-1" does not exist'])).map(({ message }) => message)).toEqual(['the image is another one']);
    expect(await found(['"s-2" does not exist'])).toHaveLength(2);
  });
});
