import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cli } from '../helpers/cli.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { forget, type Copy } from './copies.ts';
import { machineOf, runsOf, storeText, type Machine } from './machine.ts';
import { kindOf, type KillPoint } from './points.ts';
import { broken, type Told, type Wanted } from './try.ts';
import { difference, secrets, type Lane, type Start } from './world.ts';

/** A command may take so long on a busy machine, in milliseconds; less than a lane waits (lane.ts). */
const timeout = 240_000;

/** A boundary of a call, and the points that begin there: one for each command that follows. */
interface Boundary {
  readonly points: readonly KillPoint[];
}
/** The machine's disk and AWS at the moment at which the process was stopped for good. */
interface Moment {
  readonly disk: string;
  readonly aws: Copy;
  /**
   * Equal for two moments of a run that left the same behind: every byte of the disk, everything that the proxy
   * remembers, and no mutating request carried out between them. A command that follows cannot tell one from the other.
   */
  readonly key: string;
  /** Whether the process ran on after it was copied. */
  readonly copied: boolean;
}

/**
 * Kills a real process at a call, and then a person resumes or rolls back, with real processes.
 *
 * Several boundaries of one run share the run: at each the process is stopped (SIGSTOP), its disk and AWS are copied,
 * and it goes on; at the last it is killed (SIGKILL). A process that is stopped has left behind exactly what a killed
 * one leaves: it never ran on in the copy. Each point then has a copy of its own, in which the process is gone. A
 * point that is tried alone is killed, and so is every one where the emulator cannot be forked. Of moments that left the
 * same behind the first is tried, and the others are told with its name.
 */
export async function tryKills(
  lane: Lane,
  points: readonly [KillPoint, ...KillPoint[]],
  wanted: Wanted,
  tell: (point: KillPoint, told: Told) => void,
): Promise<void> {
  const [{ scenario }] = points;
  const start = await lane.begin(scenario);
  const moments = new Map<Boundary, Moment>();
  const tried = new Map<string, { readonly name: string; readonly told: Told }>();
  try {
    const machine = await machineOf(lane, start, scenario);
    const boundaries = boundariesOf(points);
    const why = await interrupted(lane, machine, boundaries, moments);
    for (const boundary of boundaries) {
      const moment = moments.get(boundary);
      for (const point of boundary.points) {
        if (moment === undefined && lane.copies) {
          tell(point, { words: [], wrong: [`the run was not stopped there: ${why ?? 'nobody knows why'}`] });
          continue;
        }
        if (moment === undefined) {
          tell(point, why === null ? await followed(lane, point, start, machine, wanted) : { words: [], wrong: [why] });
          continue;
        }
        const key = `${moment.key} ${point.way}`;
        const alike = tried.get(key);
        if (alike !== undefined) {
          tell(point, { ...alike.told, alike: alike.name, copied: moment.copied });
          continue;
        }
        await lane.turnTo(moment.aws);
        machine.turnTo(moment.disk);
        const told = await followed(lane, point, start, machine, wanted);
        tried.set(key, { name: point.name, told });
        tell(point, { ...told, copied: moment.copied });
      }
      if (moment !== undefined) await thrownAway(moment);
      moments.delete(boundary);
    }
  } finally {
    for (const moment of moments.values()) await thrownAway(moment);
    start.road.close();
  }
}

async function thrownAway({ disk, aws }: Moment): Promise<void> {
  rmSync(disk, { recursive: true });
  await forget(aws.emulator);
}

/** The points by the boundary at which they begin. */
function boundariesOf(points: readonly KillPoint[]): readonly Boundary[] {
  const found = new Map<string, KillPoint[]>();
  for (const point of points) {
    const key = `${point.when} ${point.call.operation}#${point.call.nth}`;
    found.set(key, [...(found.get(key) ?? []), point]);
  }
  return [...found.values()].map((some) => ({ points: some }));
}

/** Runs `apply` up to the last of these boundaries, where it is killed. Answers why it was not; null where it was. */
async function interrupted(
  lane: Lane,
  machine: Machine,
  boundaries: readonly Boundary[],
  moments: Map<Boundary, Moment>,
): Promise<string | null> {
  const { proxy } = lane.sandbox;
  const left = new Set(boundaries);
  const counts = new Map<string, number>();
  let child: ChildProcess | undefined;
  /** Mutating requests that were let through. */
  let released = 0;
  /** Requests that have been carried out and wait here for their answer. */
  let waiting = 0;
  let queue: Promise<void> = Promise.resolve();
  const isQuiet = async (): Promise<void> => {
    // A request of which the process had sent a part only never comes to an end.
    for (let tries = 0; proxy.active > waiting && tries < 200; tries += 1)
      await new Promise((done) => {
        setTimeout(done, 5);
      });
  };
  const take = async (boundary: Boundary, goesOn: boolean): Promise<void> => {
    await isQuiet();
    const [disk, aws] = [machine.copy(), await lane.copy()];
    moments.set(boundary, { disk, aws, key: keyOf(disk, aws, released), copied: goesOn });
  };
  /** Stops the process for good, or for as long as it takes to copy what it has left behind. Answers which. */
  const strike = async (boundary: Boundary): Promise<'killed' | 'copied'> => {
    left.delete(boundary);
    if (left.size === 0) {
      child?.kill('SIGKILL');
      return 'killed';
    }
    child?.kill('SIGSTOP');
    await isStopped(child?.pid ?? 0);
    await take(boundary, true);
    child?.kill('SIGCONT');
    return 'copied';
  };
  /** One after the other: nobody else is answered meanwhile. */
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const done = queue.then(work);
    queue = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  };
  const unhook = proxy.onRequest(async (request) => {
    const operation = kindOf(request);
    const nth = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, nth);
    const at = (when: KillPoint['when']): Boundary | undefined =>
      [...left].find(
        ({ points: [point] }) => point?.when === when && point.call.operation === operation && point.call.nth === nth,
      );
    const [before, after, answered] = [at('before'), at('after'), at('answered')];
    if (before !== undefined && (await inTurn(() => strike(before))) === 'killed')
      return { kind: 'drop', when: 'before' };
    await queue;
    if (request.mutating) released += 1;
    if (after === undefined && answered === undefined) return undefined;
    return {
      kind: 'watched',
      async carriedOut() {
        if (after === undefined) return 'answer';
        waiting += 1;
        try {
          return (await inTurn(() => strike(after))) === 'killed' ? 'cut' : 'answer';
        } finally {
          waiting -= 1;
        }
      },
      answered() {
        if (answered !== undefined) void inTurn(() => strike(answered));
      },
    };
  });
  const ended = await machine.cli.run(['apply', 'faults.plan.json', '--approval', machine.approval], {
    environment: secrets,
    timeout,
    onStarted: (started) => {
      child = started;
    },
  });
  unhook();
  await queue;
  if (ended.signal !== 'SIGKILL') return `it ended with ${ended.code}: ${ended.stdout}${ended.stderr}`;
  const last = boundaries.find((boundary) => !moments.has(boundary));
  if (last !== undefined && lane.copies) await take(last, false);
  return null;
}

/** A digest of the disk, of what the proxy remembers and of how far the run had got. */
function keyOf(disk: string, { memory }: Copy, released: number): string {
  const hash = createHash('sha256').update(`${released}\0`);
  for (const name of readdirSync(disk, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const path = join(disk, name);
    hash.update(`${name}\0`);
    if (statSync(path).isFile()) hash.update(readFileSync(path)).update('\0');
  }
  return hash
    .update(JSON.stringify(memory, (_, value: unknown) => (value instanceof Map ? [...value] : value)))
    .digest('hex');
}

/** Returns when every thread of the process has been stopped. */
async function isStopped(pid: number): Promise<void> {
  const folder = `/proc/${pid}/task`;
  const isRunning = (): boolean =>
    existsSync(folder) &&
    readdirSync(folder).some((task) => !/\) [TtZX] /u.test(readFileSync(`${folder}/${task}/stat`, 'utf8')));
  while (isRunning())
    await new Promise((done) => {
      setTimeout(done, 1);
    });
}

/** Lets a person resume or roll back after the process is gone, and looks at what came of it. */
async function followed(
  lane: Lane,
  point: KillPoint,
  start: Start,
  { cli, approval, sign }: Machine,
  wanted: Wanted,
): Promise<Told> {
  const wrong = broken(start, await lane.census(), storeText(cli)).map((text) => `after the kill: ${text}`);
  const run = existsSync(runsOf(cli)) ? readdirSync(runsOf(cli))[0] : undefined;
  if (run === undefined) {
    // It died while the approval was marked as used, which is before a run begins: there is nothing to go on with,
    // and nothing has changed.
    const moved = difference(await lane.state(start.road), start.before);
    return {
      words: ['killed', 'refused, unchanged'],
      wrong: [...wrong, ...(moved === null ? [] : [`no run began, and the state differs: ${moved}`])],
    };
  }
  const words: string[] = [];
  let isBack = point.way === 'rollback';
  if (!isBack) {
    const resumed = await cli.run(['resume', run, '--approval', approval], { environment: secrets, timeout });
    if (resumed.code === 0) words.push('resumed');
    // A run that cannot go on as it was confirmed says so and changes nothing; then it is taken back.
    else if (resumed.code === 4 && /run-stale/u.test(resumed.stderr)) {
      words.push('resume refused');
      isBack = true;
    } else wrong.push(`resume ended with ${resumed.code}: ${resumed.stdout}${resumed.stderr}`);
  }
  if (isBack) {
    const back = await takeBack(cli, run, sign);
    if (back === null) words.push('rolled back');
    else wrong.push(back);
  }
  const differs = difference(await lane.state(start.road), isBack ? start.before : wanted(point.scenario));
  if (differs !== null) wrong.push(`the state differs: ${differs}`);
  return { words: ['killed', ...words], wrong: [...wrong, ...broken(start, await lane.census(), storeText(cli))] };
}

/** Takes a run back, as soon as AWS has finished what it began. Answers what went wrong. */
async function takeBack(cli: Cli, run: string, approvalFor: (plan: Plan) => string): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    const planned = await cli.run(['--json', 'rollback', run, '-o', 'back.plan.json'], { timeout });
    const plan = (planned.stdout.trimStart().startsWith('{') ? JSON.parse(planned.stdout) : {}) as Plan;
    if (planned.code === 3 && /"(?:rollback-wait|wrong-state)"/u.test(planned.stdout) && tries < 6) continue;
    if (planned.code !== 0)
      return `rollback cannot be planned (${planned.code}): ${JSON.stringify(plan.findings?.filter(({ severity }) => severity === 'error') ?? planned.stdout)}${planned.stderr}`;
    if (plan.steps.length === 0) return null;
    const applied = await cli.run(['apply', 'back.plan.json', '--approval', approvalFor(plan)], { timeout });
    return applied.code === 0 ? null : `the rollback ended with ${applied.code}: ${applied.stdout}${applied.stderr}`;
  }
}
