import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/base/json.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { openCli, type Cli } from '../helpers/cli.ts';
import { makePerson, sign } from '../helpers/person.ts';
import type { Made, Road } from '../helpers/road.ts';
import { disturbances, kindOf, type FaultPoint, type KillPoint } from './points.ts';
import { difference, secrets, type Census, type Lane, type Start } from './world.ts';

/** What became of a point: words that the matrix counts, and everything that is wrong. */
export interface Told {
  readonly words: readonly string[];
  readonly wrong: readonly string[];
}

/** How a disturbed run must end where it ends well. */
export type Wanted = (scenario: FaultPoint['scenario']) => JsonObject;

/** Kills a real process at a call, and goes on as the point says, with real processes. */
export async function tryKill(lane: Lane, point: KillPoint, wanted: Wanted): Promise<Told> {
  const start = await lane.begin(point.scenario);
  const cli = openCli(lane.sandbox.endpoint);
  try {
    const person = makePerson(cli);
    cli.write('plan.yaml', start.text);
    const approvalFor = (plan: Plan): string =>
      cli.write('signed.approval.json', JSON.stringify(sign(cli, approvalOf(plan), person.key)));
    const approval = approvalFor(
      (await cli.json(['plan', 'plan.yaml', '-o', 'faults.plan.json'], { environment: secrets })) as Plan,
    );
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    let seen = 0;
    const also = (): void => {
      child?.kill('SIGKILL');
    };
    const unhook = lane.sandbox.proxy.onRequest((request) => {
      if (kindOf(request) !== point.call.operation || (seen += 1) !== point.call.nth) return undefined;
      return point.when === 'answered' ? { kind: 'answered', also } : { kind: 'drop', when: point.when, also };
    });
    const killed = await cli.run(['apply', 'faults.plan.json', '--approval', approval], {
      environment: secrets,
      onStarted: (started) => {
        child = started;
      },
    });
    unhook();
    if (killed.signal !== 'SIGKILL')
      return {
        words: [],
        wrong: [`it was not killed but ended with ${killed.code}: ${killed.stdout}${killed.stderr}`],
      };
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
      const resumed = await cli.run(['resume', run, '--approval', approval], { environment: secrets });
      if (resumed.code === 0) words.push('resumed');
      // A run that cannot go on as it was confirmed says so and changes nothing; then it is taken back.
      else if (resumed.code === 4 && /run-stale/u.test(resumed.stderr)) {
        words.push('resume refused');
        isBack = true;
      } else wrong.push(`resume ended with ${resumed.code}: ${resumed.stdout}${resumed.stderr}`);
    }
    if (isBack) {
      const back = await takeBack(cli, run, approvalFor);
      if (back === null) words.push('rolled back');
      else wrong.push(back);
    }
    const differs = difference(await lane.state(start.road), isBack ? start.before : wanted(point.scenario));
    if (differs !== null) wrong.push(`the state differs: ${differs}`);
    return { words: ['killed', ...words], wrong: [...wrong, ...broken(start, await lane.census(), storeText(cli))] };
  } finally {
    cli.close();
    start.road.close();
  }
}

/** Takes a run back, as soon as AWS has finished what it began. Answers what went wrong. */
async function takeBack(cli: Cli, run: string, approvalFor: (plan: Plan) => string): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    const planned = await cli.run(['--json', 'rollback', run, '-o', 'back.plan.json']);
    const plan = (planned.stdout.trimStart().startsWith('{') ? JSON.parse(planned.stdout) : {}) as Plan;
    if (planned.code === 3 && /"(?:rollback-wait|wrong-state)"/u.test(planned.stdout) && tries < 6) continue;
    if (planned.code !== 0)
      return `rollback cannot be planned (${planned.code}): ${JSON.stringify(plan.findings?.filter(({ severity }) => severity === 'error') ?? planned.stdout)}${planned.stderr}`;
    if (plan.steps.length === 0) return null;
    const applied = await cli.run(['apply', 'back.plan.json', '--approval', approvalFor(plan)]);
    return applied.code === 0 ? null : `the rollback ended with ${applied.code}: ${applied.stdout}${applied.stderr}`;
  }
}

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

/** The journals of runs of this process. */
export const textOf = (road: Road, runs: readonly string[]): string =>
  runs.map((run) => JSON.stringify(road.records(run))).join('\n');

const runsOf = (cli: Cli): string => join(cli.state, 'aiplan', 'store', 'runs');

/** Every journal in a machine's store. */
function storeText(cli: Cli): string {
  const folder = runsOf(cli);
  if (!existsSync(folder)) return '';
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
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

/** Everything that a plan asks, said. */
function approvalOf(plan: Plan): Approval {
  const needs = needed(plan);
  return {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: plan.target,
    nonce: randomBytes(16).toString('hex'),
    createdAt: new Date().toISOString(),
    expiresAt: plan.expiresAt,
    tier: 'T1',
    by: 'ada',
    typedName: needs.name ? plan.name : null,
    confirmations: needs.confirmations.map((step) => ({
      step: step.id,
      stepDigest: step.digest,
      typed: step.confirm ?? '',
      shown: '',
      typedLoss: lossPhrase(step),
    })),
  };
}
