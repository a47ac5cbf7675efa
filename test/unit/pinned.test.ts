import { describe, expect, it } from '@jest/globals';
import { pinnedRollback } from '../../src/cli/planning/pinned-rollback.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { withPins } from '../../src/recovery/rollback/pinned-claims.ts';
import { madeIn } from '../../src/run/apply/run-end.ts';
import { rollbackChangePlan } from '../../src/recovery/rollback/rollback.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { RunManifest } from '../../src/domain/records/run-manifest.ts';
import { fakeClock, memoryVault } from '../helpers/apply-ports.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';
import { memoryS3 } from '../helpers/memory-s3.ts';
import { Killed } from '../helpers/mortal.ts';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import type { ReadCall } from '../../src/domain/call.ts';

const run = '20260226-230000-0001';
const second = '20260226-230000-0002';
/** As somebody would forge it: the same words, and other hashes, because the chain is made anew. */
const forged = (
  records: readonly JournalRecord[],
  change: (text: string) => string = (text) => text,
): readonly JournalRecord[] =>
  records.map((record) => ({
    ...(JSON.parse(change(JSON.stringify(record))) as JournalRecord),
    prev: `anew ${record.seq}`,
  }));
const confirms = async (bench: Bench, changePlan: ChangePlan) =>
  (await bench.plan(changePlan)).plan.steps.map(({ id, confirm, coveredBy, grant, destruction }) => ({
    id,
    confirm,
    coveredBy,
    why: [...(grant?.opens ?? []), ...(destruction?.loses ?? [])].join('; '),
  }));
const drafted = (
  bench: Bench,
  records: readonly JournalRecord[],
  earlier: readonly (readonly JournalRecord[])[] = [],
) =>
  rollbackChangePlan(records, {
    session: bench.world.session,
    types: bench.world.types,
    schemas: bench.world.schemas,
    now: new Date((bench.clock.time += 61_000)).toISOString(),
    earlier,
  });
const killedAt = async (
  bench: Bench,
  changePlan: ChangePlan,
  when: (text: string) => boolean,
  id = run,
): Promise<void> => {
  let dead = false;
  const die = (entry: object): void => {
    if (dead || when(JSON.stringify(entry))) {
      dead = true;
      throw new Killed();
    }
  };
  await expect(bench.apply(changePlan, { run: id, beforeAppend: die })).rejects.toBeInstanceOf(Killed);
};

describe('the undo of a tag that was harmless to add', () => {
  const tagged = async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: NOTE, identity: 'readme', properties: { Text: 'a' } },
          { type: NOTE, identity: 'theirs', properties: { Text: 'b', Tags: { grown: 'yes' } } },
        ],
      }),
    );
    await bench.apply(changePlanOf([entryOf('Note', NOTE, { id: 'readme', properties: { Tags: { grown: 'yes' } } })]), {
      run,
    });
    return bench;
  };

  it("needs no confirmation of its own where the run's end in the capture bucket pins the journal", async () => {
    const bench = await tagged();
    const { changePlan } = await bench.rollback(run);
    expect(await confirms(bench, changePlan)).toEqual([{ id: 'Note', confirm: null, coveredBy: run, why: '' }]);
    const report = await bench.apply(changePlan, { run: second });
    expect([report.outcome, (await bench.world.get(NOTE, 'readme'))?.properties['Tags']]).toEqual(['done', {}]);
  });

  it('needs one where only a journal says that the run added it: forged, cut, without an end, or resumed after it', async () => {
    const bench = await tagged();
    const { ends } = bench.vault;
    const records = bench.journalOf(run);
    const theirs = forged(records, (text) => text.replaceAll('readme', 'theirs'));
    const later = [...records, { ...records[1]!, seq: records.length + 1 }];
    for (const [journal, kept] of [
      [theirs, ends],
      [theirs, []],
      [records, []],
      [later, ends],
      [records.slice(0, -2), ends],
    ] as const) {
      const { changePlan } = await drafted(bench, journal);
      const [step] = await confirms(
        bench,
        withPins(changePlan, { own: { records: journal, ends: kept }, earlier: [], runs: [], captures: [] }),
      );
      expect([step?.confirm === null, step?.coveredBy, step?.why]).toEqual([
        false,
        undefined,
        expect.stringContaining('the tag "grown" is removed'),
      ]);
    }
  });
});

describe('a deletion of what the run made', () => {
  it('is not covered by a journal that was made anew, though the capture bucket lists what is deleted', async () => {
    const bench = benchOf(createMemoryWorld({ seed: [] }));
    await bench.apply(
      changePlanOf([entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: 'hello' } })]),
      { run },
    );
    const { changePlan } = await bench.rollback(run);
    expect(await confirms(bench, changePlan)).toMatchObject([{ confirm: null, coveredBy: run }]);
    const anew = forged(bench.journalOf(run));
    expect(
      await confirms(
        bench,
        withPins((await drafted(bench, anew)).changePlan, {
          own: { records: anew, ends: bench.vault.ends },
          earlier: [],
          runs: [],
          captures: [],
        }),
      ),
    ).toMatchObject([{ confirm: 'fresh', coveredBy: undefined }]);
  });
});

describe('what a killed run put out of service', () => {
  const quieted = async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large' }, rows: ['a'] }],
      }),
    );
    await killedAt(
      bench,
      changePlanOf([entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } })]),
      (text) => text.includes('"kind":"intent"') && text.includes('CreateDatabaseSnapshot'),
    );
    return bench;
  };

  it('is opened again without a confirmation only as the capture bucket knows it from before the first change', async () => {
    const bench = await quieted();
    const { changePlan } = await bench.rollback(run);
    expect(changePlan.resources).toMatchObject([{ action: 'update', reopen: { run, pinned: true } }]);
    expect(await confirms(bench, changePlan)).toEqual([{ id: 'Db', confirm: null, coveredBy: run, why: '' }]);
  });

  it('is a grant where only the journal says how it was', async () => {
    const bench = await quieted();
    const runs = [...bench.vault.manifests.values()]
      .filter((manifest): manifest is RunManifest => manifest.format === 'aiplan/run@1')
      .map((manifest) => ({ key: 'k', written: manifest.at, manifest }));
    const records = bench.journalOf(run);
    const open = forged(records, (text) =>
      text.replaceAll('"state":"available"', '"state":"available","attributes":{"Made":"up"}'),
    );
    const cases: readonly (readonly [readonly JournalRecord[], typeof runs])[] = [
      [open, runs],
      [records, []],
      [records, runs.map((lying) => ({ ...lying, manifest: { ...lying.manifest, run: second } }))],
      // Whoever writes a second one later does not put it before the run's own.
      [
        open,
        [
          ...runs,
          ...runs.map((lying) => ({
            ...lying,
            written: '2999-01-01T00:00:00.000Z',
            manifest: JSON.parse(
              JSON.stringify(lying.manifest).replaceAll(
                '"state":"available"',
                '"state":"available","attributes":{"Made":"up"}',
              ),
            ) as RunManifest,
          })),
        ],
      ],
    ];
    for (const [journal, manifests] of cases) {
      const { changePlan } = await drafted(bench, journal);
      const [step] = await confirms(
        bench,
        withPins(changePlan, { own: { records: journal, ends: [] }, earlier: [], runs: manifests, captures: [] }),
      );
      expect(step).toEqual({
        id: 'Db',
        confirm: 'courses',
        coveredBy: undefined,
        why: `only the journal of run ${run} says how it was before the run put it out of service`,
      });
    }
  });
});

describe('what an earlier rollback brought back', () => {
  const begun = async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
          { type: NOTE, identity: 'n', properties: { Text: 'a' } },
        ],
      }),
    );
    await bench.apply(
      changePlanOf([entryOf('Web', GROUP, { action: 'delete', id: 'g-1', expect: { GroupName: 'web' } })]),
      { run },
    );
    const { changePlan } = await bench.rollback(run);
    await killedAt(bench, changePlan, (text) => text.includes('"kind":"remapped"'), second);
    return bench;
  };

  it("is resumed after a confirmation, where only that rollback's journal speaks of it", async () => {
    const bench = await begun();
    const { changePlan } = await bench.rollback(run);
    expect(changePlan.resources).toMatchObject([{ action: 'create', restore: { remains: expect.anything() } }]);
    expect(await confirms(bench, changePlan)).toEqual([
      {
        id: 'Web',
        confirm: expect.any(String),
        coveredBy: undefined,
        why: 'only the journal of an earlier rollback says what of it is back already',
      },
    ]);
    expect((await bench.apply(changePlan, { run: '20260226-230000-0003' })).outcome).toBe('done');
  });

  it('is covered where the ends of both in the capture bucket pin their journals', async () => {
    const bench = await begun();
    const { changePlan } = await bench.rollback(run);
    const records = bench.journalOf(second);
    const end = {
      format: 'aiplan/run-end@1' as const,
      run: second,
      at: '2026-02-26T23:30:00.000Z',
      outcome: 'failed' as const,
      records: records.length,
      head: '',
      made: [],
    };
    const { sha256, canonical } = await import('../../src/base/digest.ts');
    const ends = [{ ...end, head: sha256(canonical(records.at(-1))), made: madeIn(records) }];
    const own = { records: bench.journalOf(run), ends: bench.vault.ends.filter((one) => one.run === run) };
    expect(
      await confirms(bench, withPins(changePlan, { own, earlier: [{ records, ends }], runs: [], captures: [] })),
    ).toMatchObject([{ confirm: null, coveredBy: run }]);
    expect(
      await confirms(
        bench,
        withPins(changePlan, { own, earlier: [{ records: forged(records), ends }], runs: [], captures: [] }),
      ),
    ).not.toMatchObject([{ coveredBy: run }]);
  });
});

describe('reading what the capture bucket bears out', () => {
  const lying = async () => ({ runs: [], captures: [], leftOut: [], touched: [] });
  const captures = 'aiplan-captures-123456789012-eu-west-1';
  const target = { account: '123456789012', region: 'eu-west-1', endpoint: null, caller: 'x' };
  const worldOf = (read: (call: ReadCall) => Promise<object | null>): CommandContext =>
    ({
      configuration: { capture: { bucket: null } },
      target: async () => target,
      reader: async () => ({
        counts: {},
        read,
        close() {
          /* nothing is open */
        },
      }),
    }) as unknown as CommandContext;
  const changePlan = changePlanOf([entryOf('Note', NOTE, { id: 'readme', properties: { Tags: { grown: null } } })], {
    rollbackOf: run,
  });

  it('that cannot be read bears nothing out, and stops nothing', async () => {
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:ListBucket',
      message: 'no',
      executed: 'no',
    });
    const { changePlan: same, said } = await pinnedRollback(
      worldOf(() => Promise.reject(denied)),
      changePlan,
      [],
      [],
      lying,
    );
    expect([same, said.map(({ code, severity }) => [code, severity])]).toEqual([
      changePlan,
      [['ends-unread', 'warning']],
    ]);
  });

  it('says of a journal that was cut or made anew that the capture bucket knows it otherwise', async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: NOTE, identity: 'readme', properties: { Text: 'a' } }] }),
      fakeClock(),
      memoryVault(),
    );
    await bench.apply(changePlanOf([entryOf('Note', NOTE, { id: 'readme', properties: { Tags: { grown: 'yes' } } })]), {
      run,
    });
    const s3 = memoryS3([captures]);
    await openVault(s3, { ...target, bucket: null }, run).putEnd!(bench.vault.ends[0]!);
    const world = worldOf((call) => s3.read(call));
    const genuine = await pinnedRollback(world, changePlan, bench.journalOf(run), [], lying);
    expect([genuine.changePlan.resources.map(({ pinned }) => pinned), genuine.said]).toEqual([[true], []]);
    const anew = await pinnedRollback(world, changePlan, forged(bench.journalOf(run)), [], lying);
    expect([anew.changePlan.resources.map(({ pinned }) => pinned), anew.said.map(({ code }) => code)]).toEqual([
      [undefined],
      ['journal-behind'],
    ]);
  });
});
