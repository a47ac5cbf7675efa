import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { staleSteps } from '../../src/run/drift/stale-steps.ts';
import type { Bench } from '../helpers/apply-world.ts';
import type { Fault, Point } from '../helpers/fault-points.ts';
import { disturbedRun } from '../helpers/fault-run.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';
import { BOX, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';

/** What is in the plan: a property that its step writes, where it writes any, and one that it does not. */
interface Target {
  readonly step: string;
  readonly type: string;
  readonly identity: string;
  readonly written: JsonObject | null;
  readonly other: JsonObject | null;
}

const targets: readonly Target[] = [
  { step: 'Db', type: DATABASE, identity: 'courses', written: null, other: { Size: 33 } },
  { step: 'Web', type: GROUP, identity: 'g-web', written: null, other: { Description: 'theirs' } },
  { step: 'Old', type: GROUP, identity: 'g-old', written: null, other: { Description: 'theirs' } },
  { step: 'Note', type: NOTE, identity: 'readme', written: { Text: 'theirs' }, other: { Kind: 'plain' } },
  { step: 'Other', type: DATABASE, identity: 'other', written: { Class: 'db.theirs' }, other: { Size: 33 } },
  { step: 'Files', type: BOX, identity: 'files', written: null, other: { Settings: { rules: 33 } } },
  { step: 'Shelf', type: BOX, identity: 'shelf', written: { Settings: { rules: 33 } }, other: { Policy: 'theirs' } },
  // What is new has nothing that it was before: of it only what the step wrote can be told from what AWS adds.
  { step: 'Fresh', type: NOTE, identity: 'fresh', written: { Text: 'theirs' }, other: null },
  { step: 'Made', type: DATABASE, identity: 'made', written: { Class: 'db.theirs' }, other: null },
];

type Way = (bench: Bench, target: Target) => boolean;
const ways: Readonly<Record<string, Way>> = {
  'a property that the step writes': ({ world }, { type, identity, written }) =>
    written !== null && world.meddle(type, identity, { properties: written }),
  'another property': ({ world }, { type, identity, other }) =>
    other !== null && world.meddle(type, identity, { properties: other }),
  'a tag': ({ world }, { type, identity, other }) =>
    other !== null && world.meddle(type, identity, { tags: { theirs: 'yes' } }),
  'its deletion': ({ world }, { type, identity }) => {
    const there = world.meddle(type, identity, {});
    if (there) world.drop(type, identity);
    return there;
  },
  'another one under its name': ({ world }, { type, identity, other, written }) =>
    world.meddle(type, identity, { properties: other ?? written ?? {}, replaced: true }),
};

type Interval = 'between plan and capture' | 'between capture and change' | 'between change and verification';

/** Where the step of a target stands, by the journal; null when it is done. */
function intervalOf(bench: Bench, { step }: Target): Interval | null {
  const own = bench.journalOf(run).filter((record) => 'step' in record && record.step === step);
  if (own.some((record) => record.kind === 'step' && record.state === 'done')) return null;
  if (own.some((record) => record.kind === 'intent' && record.purpose === 'change'))
    return 'between change and verification';
  return own.some((record) => record.kind === 'before') ? 'between capture and change' : 'between plan and capture';
}

/** Whether what the intruder did is still so. */
function stands(live: LiveResource | undefined, way: string, { written, other }: Target): boolean {
  if (way === 'its deletion') return live === undefined;
  if (live === undefined) return false;
  if (way === 'another one under its name') return live.incarnation.endsWith('#stranger');
  if (way === 'a tag') return (live.properties['Tags'] as JsonObject)['theirs'] === 'yes';
  return Object.entries((way === 'another property' ? other : written) ?? {}).every(
    ([name, value]) => JSON.stringify(live.properties[name]) === JSON.stringify(value),
  );
}

/** Reads that show the whole configuration. */
const looks = /:(?:DescribeDatabases|DescribeGroups|ListNotes|ListBoxes)$/u;

/** What the run did next about a target: looked at it, changed it, or nothing more. */
function nextOf(points: readonly Point[], at: number, { step, identity }: Target): 'look' | 'change' | 'nothing' {
  const next = points
    .slice(at)
    .find(
      ({ effect, about, name }) =>
        (effect === 'call' && about === step) ||
        (effect === 'read' && looks.test(name) && about.includes(`"${identity}"`)),
    );
  return next === undefined ? 'nothing' : next.effect === 'call' ? 'change' : 'look';
}

/** Where each target stands at each moment of an undisturbed run; null where it is not there, or done. */
async function momentsOf(
  points: readonly Point[],
): Promise<readonly { readonly point: Point; readonly target: Target; readonly when: Interval }[]> {
  const found: { readonly point: Point; readonly target: Target; readonly when: Interval }[] = [];
  for (const point of points.filter(({ effect }) => effect === 'read' || effect === 'call')) {
    const bench = freshBench();
    const look: Fault = {
      name: 'nothing',
      on: point.effect,
      act({ perform }) {
        for (const target of targets) {
          const when = intervalOf(bench, target);
          if (
            when !== null &&
            bench.world
              .list()
              .some(
                ({ type, identity, state }) =>
                  type === target.type && identity === target.identity && state !== 'deleting',
              )
          )
            found.push({ point, target, when });
        }
        return perform();
      },
    };
    await disturbedRun(bench, look, point.number);
  }
  return found;
}

describe('somebody else changes a resource of a run', () => {
  it('at any moment until it is verified: it is noticed, named, and not overwritten', async () => {
    const {
      told: { points },
    } = await disturbedRun(freshBench(), null, -1);
    const rows = new Map<string, Map<string, number>>();
    const wrong: string[] = [];
    let cases = 0;
    for (const { point, target, when } of await momentsOf(points)) {
      for (const [way, meddle] of Object.entries(ways)) {
        const bench = freshBench();
        let did = false;
        const fault: Fault = {
          name: way,
          on: point.effect,
          act({ perform }) {
            did = meddle(bench, target);
            return perform();
          },
        };
        if (
          (way === 'a property that the step writes' && target.written === null) ||
          ((way === 'another property' || way === 'a tag') && target.other === null)
        )
          continue;
        const { end, message, told } = await disturbedRun(bench, fault, point.number);
        if (!did) continue;
        const next = nextOf(told.points, point.number, target);
        // What comes after the last look is drift of the future: the next plan finds it.
        if (next === 'nothing' && when === 'between change and verification') continue;
        cases += 1;
        const said = [
          message,
          ...bench
            .journalOf(run)
            .flatMap((record) =>
              record.kind === 'finding' || record.kind === 'step' || record.kind === 'end'
                ? [record.message ?? '']
                : [],
            ),
        ].join('\n');
        const noticed = said.includes(target.identity) || said.includes(`"${target.step}"`);
        const kept = stands(await bench.world.get(target.type, target.identity), way, target);
        // Between the last look and the call nobody can notice anything: AWS knows no "only if it is still so" for
        // these calls.
        const late = (!noticed || !kept) && next === 'change';
        const word = late
          ? `in the moment between the last look and the call${noticed ? ', noticed after it' : ''}`
          : `${noticed ? 'noticed' : 'NOT NOTICED'}, ${kept ? 'stands' : 'NOT KEPT'}`;
        const row = rows.get(`${when}: ${way}`) ?? new Map<string, number>();
        rows.set(`${when}: ${way}`, row.set(word, (row.get(word) ?? 0) + 1));
        if (!late && (!noticed || !kept))
          wrong.push(
            `${target.step}, ${way} ${when}, before effect ${point.number} ${point.name}: ${end}, ${word} (${message})`,
          );
      }
    }
    process.stdout.write(
      `changes by others: ${cases} cases, each at every read and call of AWS\n${[...rows]
        .map(([name, row]) => `  ${name}: ${[...row].map(([word, count]) => `${count} ${word}`).join('; ')}`)
        .sort()
        .join('\n')}\n`,
    );
    expect(wrong).toEqual([]);
    expect(cases).toBeGreaterThan(1_000);
  }, 300_000);

  it("a database that the run itself has changed begins to name a group of another step: that is not the run's own, and nothing is done to the group", async () => {
    const {
      told: { points },
    } = await disturbedRun(freshBench(), null, -1);
    const wrong: string[] = [];
    let cases = 0;
    for (const point of points.filter(({ effect }) => effect === 'read' || effect === 'call')) {
      const bench = freshBench();
      let did = false;
      const fault: Fault = {
        name: 'a new user',
        on: point.effect,
        act({ perform }) {
          const records = bench.journalOf(run);
          const acted = records.some(
            (record) => record.kind === 'intent' && record.step === 'Other' && record.purpose === 'change',
          );
          const begun = records.some((record) => record.kind === 'step' && record.step === 'Web');
          if (acted && !begun) did = bench.world.meddle(DATABASE, 'other', { properties: { GroupIds: ['g-web'] } });
          return perform();
        },
      };
      const { message } = await disturbedRun(bench, fault, point.number);
      if (!did) continue;
      cases += 1;
      const sent = bench
        .journalOf(run)
        .some((record) => record.kind === 'intent' && record.step === 'Web' && record.purpose === 'change');
      if (sent || !message.includes('dependents: nothing → "Test::Memory::Database other"'))
        wrong.push(`before effect ${point.number} ${point.name}: ${message}`);
    }
    process.stdout.write(`a new user of somebody else's making: ${cases} cases\n`);
    expect(wrong).toEqual([]);
    expect(cases).toBeGreaterThan(3);
  }, 300_000);

  it('between a signed approval and its apply, hours and machines apart: the plan does not fit any more, and it is named', async () => {
    const wrong: string[] = [];
    let cases = 0;
    for (const target of targets) {
      for (const [way, meddle] of Object.entries(ways)) {
        const bench = freshBench();
        // Of what was confirmed nothing is left but the text of the plan.
        const signed = JSON.parse(JSON.stringify((await bench.plan(changePlan)).plan)) as Plan;
        if (!meddle(bench, target)) continue;
        cases += 1;
        const now = await bench.plan(changePlan);
        const said = staleSteps({ plan: signed }, now, (type) => bench.world.types.get(type)?.rules);
        if (now.plan.digest === signed.digest || !said.includes(`"${target.step}" (${target.identity}): `))
          wrong.push(`${target.step}, ${way}: ${said}`);
      }
    }
    process.stdout.write(
      `changes by others after a signed approval: ${cases} cases, ${cases - wrong.length} noticed and named\n`,
    );
    expect(wrong).toEqual([]);
    expect(cases).toBeGreaterThan(25);
  });
});
