import type { JsonObject } from '../../src/base/json.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Made, Road } from '../helpers/road.ts';
import { disturbances, kindOf, type FaultPoint } from './points.ts';
import { textOf } from './machine.ts';
import { difference, type Census, type Lane, type Start } from './world.ts';

/** What became of a point: words that the matrix counts, and everything that is wrong. */
export interface Told {
  readonly words: readonly string[];
  readonly wrong: readonly string[];
  /** The point that left the same behind, and stands for this one. */
  readonly alike?: string;
  /** The process was stopped there, and disk and AWS copied; else it was killed there. */
  readonly copied?: boolean;
}

/** How a disturbed run must end where it ends well. */
export type Wanted = (scenario: FaultPoint['scenario']) => JsonObject;

/**
 * Disturbs a run in this process, over HTTP, and takes it back where it did not end as planned. Several points of one
 * fault and one scenario strike once each in the same run.
 */
export async function tryFault(
  lane: Lane,
  [point, ...others]: readonly [FaultPoint, ...FaultPoint[]],
  wanted: Wanted,
): Promise<Told> {
  const { fault, lasts = false } = disturbances[point.fault] ?? { fault: undefined };
  if (fault === undefined) throw new Error(`no fault ${point.fault}`);
  const start = await lane.begin(point.scenario);
  const { road } = start;
  try {
    const made = await road.plan(start.text);
    const left = new Set([point, ...others].map(({ operation }) => operation));
    let isOn = false;
    if (fault.kind === 'stale') lane.sandbox.proxy.rememberAnswers();
    const unhook = lane.sandbox.proxy.onRequest((request) => {
      const kind = kindOf(request);
      const strikes = left.delete(kind);
      isOn ||= strikes;
      // Expired credentials are good for no call; a refusal that lasts is one of this kind of call.
      if (!strikes && !(lasts && isOn && (fault.kind === 'expired' || kind === point.operation))) return undefined;
      return fault;
    });
    const ended = await road.apply(made).then(
      (report) => report,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    unhook();
    const wrong = left.size > 0 ? [`the fault never struck ${[...left].join(', ')}`] : [];
    if (ended instanceof Error) {
      const differs = difference(await lane.state(road), start.before);
      return {
        words: ['refused, unchanged'],
        wrong: [
          ...wrong,
          ...(differs === null ? [] : [`it threw ${ended.message}, and the state differs: ${differs}`]),
          ...broken(start, await lane.census(), ''),
        ],
      };
    }
    const journals = [ended.run];
    if (ended.outcome === 'done') {
      const differs = difference(await lane.state(road), wanted(point.scenario));
      return {
        words: ['completed'],
        wrong: [
          ...wrong,
          ...(differs === null ? [] : [`it is done, and the state differs: ${differs}`]),
          ...broken(start, await lane.census(), textOf(road, journals)),
        ],
      };
    }
    wrong.push(
      ...broken(start, await lane.census(), textOf(road, journals)).map(
        (text) => `after the ${ended.outcome} run (${ended.message}): ${text}`,
      ),
    );
    const { report, why } = await takenBack(road, ended.run);
    if (why !== null) wrong.push(why);
    if (report !== null) journals.push(report.run);
    const differs = difference(await lane.state(road), start.before);
    if (differs !== null) wrong.push(`undone after "${ended.message}", and the state differs: ${differs}`);
    return {
      words: [ended.outcome, report === null ? 'refused, unchanged' : 'rolled back'],
      wrong: [...wrong, ...broken(start, await lane.census(), textOf(road, journals))],
    };
  } finally {
    road.close();
  }
}

async function takenBack(
  road: Road,
  run: string,
): Promise<{ readonly report: Report | null; readonly why: string | null }> {
  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  let made = await road.planRollback(run);
  for (
    let tries = 1;
    tries < 8 && blocks(made).some((text) => /^(?:rollback-wait|wrong-state):/u.test(text));
    tries += 1
  )
    made = await road.planRollback(run);
  if (blocks(made).length > 0) return { report: null, why: `rollback is blocked: ${blocks(made).join('; ')}` };
  if (made.plan.steps.length === 0) return { report: null, why: null };
  const report = await road.apply(made);
  return { report, why: report.outcome === 'done' ? null : `the rollback is ${report.outcome}: ${report.message}` };
}

/**
 * What may never be: something new that no journal knows, something gone that nobody confirmed, data gone without its
 * capture.
 */
export function broken({ census: before, names }: Start, now: Census, journal: string): readonly string[] {
  const found: string[] = [];
  const own = (id: string): boolean => id.startsWith('rds:');
  for (const { id, names: others } of now.things.values()) {
    if (before.things.has(id) || own(id) || [id, ...others].some((text) => journal.includes(text))) continue;
    found.push(`UNACCOUNTED: ${id} (${others.join(', ')})`);
  }
  const confirmed = new Set(
    ['Web', 'OldWeb', 'OldGroup', 'OldDisk', 'OldDatabase', 'OldFiles'].map((name) => names[name]),
  );
  const isGone = (id: string | undefined): boolean => id !== undefined && before.things.has(id) && !now.things.has(id);
  for (const id of before.things.keys())
    if (isGone(id) && !confirmed.has(id) && !own(id)) found.push(`DESTROYED without a confirmation: ${id}`);
  const taken = now.snapshots as { readonly volumes: readonly string[]; readonly databases: readonly string[] };
  const rootOf = (name: string): string | undefined =>
    [...before.things.values()].find(
      ({ id, names: others }) => id.startsWith('vol-') && others.includes(names[name] ?? '-'),
    )?.id;
  if (isGone(names['OldDisk']) && !taken.volumes.includes(names['OldDisk'] ?? ''))
    found.push('NO CAPTURE of the volume');
  if (isGone(names['OldDatabase']) && !taken.databases.includes(names['OldDatabase'] ?? ''))
    found.push('NO CAPTURE of the database');
  for (const name of ['Web', 'OldWeb']) {
    const root = rootOf(name);
    if (isGone(names[name]) && isGone(root) && !taken.volumes.includes(root ?? ''))
      found.push(`NO CAPTURE of the instance ${name}`);
  }
  if (isGone(names['OldFiles']) && now.copies < 1) found.push('NO CAPTURE of the bucket');
  return found;
}
