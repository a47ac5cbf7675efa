import { describe, expect, it } from '@jest/globals';
import { recentTagFindings, recentTags } from '../../src/cli/planning/recent-tags.ts';
import type { LiveState } from '../../src/domain/live.ts';
import { tagChangesOf } from '../../src/history/recent-tags.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE } from '../helpers/memory-world.ts';

const RUN = '20260226-230000-0001';
const remove = changePlanOf([entryOf('Db', DATABASE, { action: 'delete', id: 'courses' })]);

/** A run that gave the database of somebody other tags. */
async function tagged() {
  const memory = createMemoryWorld({
    seed: [{ type: DATABASE, identity: 'courses', properties: { Tags: { creator: 'maria', team: 'a' } } }],
  });
  const bench = benchOf(memory);
  const report = await bench.apply(
    changePlanOf([
      entryOf('Db', DATABASE, {
        id: 'courses',
        properties: { Tags: { creator: 'scratch', Name: 'scratch-copy', team: null } },
        expect: { Tags: { team: 'a' } },
      }),
    ]),
    { run: RUN },
  );
  expect(report.outcome).toBe('done');
  const live = { resources: [(await memory.get(DATABASE, 'courses'))!], target: { account: '123456789012' } };
  return { records: bench.journalOf(RUN), live: live as unknown as LiveState };
}

describe('a tag that a run changed', () => {
  it('is known from its journal, with the former value', async () => {
    const { records } = await tagged();
    expect(tagChangesOf(records).map(({ key, before, after, run }) => [key, before, after, run])).toEqual([
      ['Name', null, 'scratch-copy', RUN],
      ['creator', 'maria', 'scratch', RUN],
      ['team', 'a', null, RUN],
    ]);
    expect(tagChangesOf([])).toEqual([]);
  });

  it('is said on the card of a destruction, and of nothing else', async () => {
    const { records, live } = await tagged();
    const changes = tagChangesOf(records);
    const found = recentTagFindings(remove, live, changes);
    expect(found.map(({ code, severity, step }) => [code, severity, step])).toEqual(
      Array.from({ length: 3 }, () => ['tag-changed-lately', 'warning', 'Db']),
    );
    const said = found.map(({ message }) => message).join('\n');
    expect(said).toMatch(
      /the tag "creator" of "courses" is "scratch" since the aiplan run .*; before, it was "maria"/u,
    );
    expect(said).toMatch(/the tag "Name" of "courses" is "scratch-copy" since .*; before, there was none/u);
    expect(said).toMatch(/the tag "team" of "courses" is gone since .*; before, it was "a"/u);
    const update = changePlanOf([entryOf('Db', DATABASE, { id: 'courses', properties: { Retention: 9 } })]);
    expect(recentTagFindings(update, live, changes)).toEqual([]);
    // Whoever set it back has told the truth again; two changes name what was before both.
    const back = { resources: [{ ...live.resources[0]!, properties: { Tags: { creator: 'maria', team: 'a' } } }] };
    expect(recentTagFindings(remove, back, changes)).toEqual([]);
    const again = changes.map((one) => ({ ...one, before: 'between', run: 'later', at: '2099-01-01T00:00:00.000Z' }));
    expect(recentTagFindings(remove, live, [...again, ...changes])).toEqual(found);
  });

  it('is looked for in the runs of the last days only, and a damaged journal hides no other', async () => {
    const { records, live } = await tagged();
    const at = Date.parse(records[0]!.at);
    const asked = async (now: number) => {
      let read = 0;
      const found = await recentTags(
        {
          io: { clock: { now: () => now } },
          store: {
            eachRun: (work: (one: unknown) => 'stop' | void) => {
              for (const journal of [null, { records }, { records }]) {
                read += 1;
                if (work({ run: RUN, path: '', journal, problem: null }) === 'stop') break;
              }
              return Promise.resolve();
            },
          },
        } as unknown as Parameters<typeof recentTags>[0],
        remove,
        live,
      );
      return [found.length, read];
    };
    expect(await asked(at + 86_400_000)).toEqual([3, 3]);
    expect(await asked(at + 15 * 86_400_000)).toEqual([0, 2]);
  });
});
