import { UserError } from '../../src/base/error.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { diceOf, type Dice } from './dice.ts';
import { grow, type Grown } from './drill-account.ts';
import { censusOf, differences, pictureOf, type Allowed, type Picture } from './drill-picture.ts';
import { INSTANCE, writePlan, type Census } from './drill-plan.ts';
import { denyReads } from './unreadable.ts';
import { openRoad, type Entries, type Made, type Road } from './road.ts';

/** How a round ended: `ended`: the account is as it was; `refused`: at plan, by its codes; `fault`: of the product. */
export interface Round {
  readonly seed: number;
  readonly end: 'ended' | 'refused' | 'fault';
  readonly how: string;
  readonly entries: Entries;
  readonly wrong: readonly string[];
}

/** Kills the process of a run at a call: nothing leaves it any more, and its journal ends there. */
class Killer {
  #at: { readonly call: number; readonly when: 'before' | 'after' } | null = null;
  #seen = 0;
  #dead = false;
  died: { readonly run: string; readonly records: number; readonly at: string } | null = null;
  road: Road | null = null;

  arm(call: number, when: 'before' | 'after'): void {
    this.#at = { call, when };
    this.#seen = 0;
    this.died = null;
  }

  disarm(): void {
    this.#at = null;
    this.#dead = false;
  }

  readonly around = (session: ApplySession): ApplySession => {
    const alive = (): void => {
      if (this.#dead) throw new Error('the process is dead');
    };
    return {
      ...session,
      read: async (call) => {
        alive();
        return session.read(call);
      },
      mutate: async (call, resolved, permit) => {
        alive();
        this.#seen += 1;
        if (this.#at === null || this.#seen !== this.#at.call) return session.mutate(call, resolved, permit);
        const { when } = this.#at;
        this.#dead = true;
        this.died = { ...(this.road as Road).newest(), at: `${when} ${call.operation} ${call.identity}` };
        if (when === 'after') await session.mutate(call, resolved, permit);
        throw new Error('the process is dead');
      },
    };
  };
}

const problemsOf = ({ plan }: Made): readonly { readonly step: string | null; readonly text: string }[] =>
  plan.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ step, code, message }) => ({ step, text: `${code}: ${message}` }));

/** One round on a fresh account: grown, planned for, applied, perhaps killed and gone on with, taken back, compared. */
export async function playRound(sandbox: Sandbox, seed: number): Promise<Round> {
  const dice = diceOf(seed);
  await sandbox.reset();
  const killer = new Killer();
  const road = await openRoad(sandbox, {}, { around: killer.around, checked: true });
  killer.road = road;
  try {
    const grown = await grow(sandbox, dice);
    return await new Play(sandbox, seed, dice, { road, killer, grown }).round();
  } finally {
    road.close();
  }
}

interface Stage {
  readonly road: Road;
  readonly killer: Killer;
  readonly grown: Grown;
}

class Play {
  readonly #sandbox: Sandbox;
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #stage: Stage;
  #entries: Entries = {};
  readonly #log: string[] = [];

  constructor(sandbox: Sandbox, seed: number, dice: Dice, stage: Stage) {
    this.#sandbox = sandbox;
    this.#seed = seed;
    this.#dice = dice;
    this.#stage = stage;
  }

  async round(): Promise<Round> {
    const { road, grown } = this.#stage;
    const census = await censusOf(road);
    this.#entries = writePlan(this.#dice, census, grown);
    let hidden = (): void => undefined;
    try {
      // Dice of their own: a seed grows the same account and plan as ever.
      hidden = denyReads(this.#sandbox.proxy, strangers(diceOf(this.#seed ^ 0x5eed), census, this.#entries));
      const made = await this.#planned();
      if (typeof made === 'string') return this.#end('refused', made, []);
      if (made.plan.steps.every(({ action }) => action === 'keep'))
        return this.#end('refused', 'nothing to change', []);
      const before = await pictureOf(road, this.#sandbox);
      return await this.#applied(made, before, census);
    } catch (error) {
      return this.#end('fault', error instanceof UserError ? `${error.code}` : 'thrown', [
        error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
      ]);
    } finally {
      hidden();
    }
  }

  #end(end: Round['end'], how: string, wrong: readonly string[]): Round {
    return { seed: this.#seed, end, how: [...this.#log, how].join(', '), entries: this.#entries, wrong };
  }

  /** A plan that can be approved; what a step of it is refused for goes out first, as an agent would take it out. */
  async #planned(): Promise<Made | string> {
    const { road } = this.#stage;
    const codes = new Set<string>();
    for (let tries = 0; tries < 6 && Object.keys(this.#entries).length > 0; tries += 1) {
      let made: Made;
      try {
        made = await road.plan(road.text(`drill-${this.#seed}`, this.#entries));
      } catch (error) {
        return `the language: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`;
      }
      const problems = problemsOf(made);
      if (problems.length === 0) return made;
      for (const { text } of problems) codes.add(text.split(':', 1)[0] ?? text);
      const out = new Set(problems.map(({ step }) => step));
      const left = Object.entries(this.#entries).filter(
        ([address, entry]) => !out.has(address) && !JSON.stringify(entry).includes('"Ref"'),
      );
      if (left.length === Object.keys(this.#entries).length) break;
      this.#entries = Object.fromEntries(left);
    }
    return [...codes].toSorted().join(' ');
  }

  async #applied(made: Made, before: Picture, census: Census): Promise<Round> {
    const { road, killer } = this.#stage;
    const kills = this.#dice.chance(0.45);
    if (kills) killer.arm(this.#dice.between(1, 14), this.#dice.pick(['before', 'after']));
    let report = await road.apply(made);
    const { died } = killer;
    killer.disarm();
    if (died !== null) {
      road.cut(report.run, died.records);
      this.#log.push(`killed ${died.at}`);
    } else if (report.outcome !== 'done') {
      const said = [report.message ?? '', ...report.findings.map(({ code, message }) => `${code}: ${message}`)];
      if (report.calls === 0 && report.outcome === 'blocked')
        return this.#end('fault', 'apply refused what plan had let pass', said);
      return this.#undone(report, before, census, made, said);
    }
    if (died !== null && this.#dice.chance(0.5)) {
      const resumed = await road.resume(report.run);
      if (!('outcome' in resumed)) return this.#end('fault', 'the run could not be resumed', resumed);
      this.#log.push('resumed');
      report = resumed;
      if (report.outcome !== 'done')
        return this.#end('fault', `resumed, it ended ${report.outcome}`, [
          report.message ?? '',
          ...report.findings.map(({ message }) => message),
        ]);
    }
    return this.#undone(report, before, census, made, []);
  }

  /**
   * Identities of buckets that the run made and the rollback leaves, because one that nobody can read may write into
   * them (law 9). Anything else that a rollback leaves out is a fault: the sentence about it.
   */
  #staysByLaw(back: Made, { plan }: Made): readonly string[] | string {
    const left: string[] = [];
    for (const { code, message, step } of back.source.left ?? []) {
      const made = plan.steps.find(({ id, action }) => id === step && action === 'create');
      const name = made?.changes.find(({ path }) => path === 'BucketName')?.after;
      if (code !== 'unknown-evidence' || typeof name !== 'string') return `${code}: ${message}`;
      left.push(name);
    }
    if (left.length > 0) this.#log.push(`${left.join(' ')} stays beside a bucket that nobody can read`);
    return left;
  }

  /**
   * Takes the run back, in more than one try where AWS is still at work, and compares. `said`: what went wrong before.
   */
  async #undone({ run }: Report, before: Picture, census: Census, made: Made, said: readonly string[]): Promise<Round> {
    const { road, killer } = this.#stage;
    const map: Record<string, string> = {};
    const leftovers = new Set(made.plan.steps.flatMap((step) => step.leftovers));
    const kills = this.#dice.chance(0.25);
    for (let tries = 0; tries < 12; tries += 1) {
      const back = await road.planRollbackAsFarAsPossible(run);
      const problems = problemsOf(back);
      if (problems.length > 0 && problems.every(({ text }) => text.startsWith('rollback-wait'))) continue;
      if (problems.length > 0)
        return this.#end('fault', 'the rollback is blocked', [...said, ...problems.map(({ text }) => text)]);
      const stays = this.#staysByLaw(back, made);
      if (typeof stays === 'string')
        return this.#end('fault', 'the rollback leaves what it could undo', [...said, stays]);
      for (const identity of stays) leftovers.add(identity);
      if (kills && tries === 0) killer.arm(this.#dice.between(1, 8), this.#dice.pick(['before', 'after']));
      for (const step of back.plan.steps) for (const leftover of step.leftovers) leftovers.add(leftover);
      const report = await road.apply(back);
      const { died } = killer;
      killer.disarm();
      for (const [from, to] of Object.entries(report.map)) map[from] = to;
      if (died !== null && kills && tries === 0) {
        road.cut(report.run, died.records);
        this.#log.push(`rollback killed ${died.at}`);
        continue;
      }
      if (report.outcome !== 'done')
        return this.#end('fault', `the rollback ended ${report.outcome}`, [
          ...said,
          report.message ?? '',
          ...report.findings.map(({ code, message }) => `${code}: ${message}`),
        ]);
      const wrong = differences(
        before,
        await pictureOf(road, this.#sandbox),
        allowed(made, back, map, leftovers, census),
      );
      if (said.length > 0) return this.#end('fault', 'apply failed partly done', [...said, ...wrong]);
      return wrong.length === 0
        ? this.#end('ended', 'as it began', [])
        : this.#end('fault', 'it did not end as it began', wrong);
    }
    return this.#end('fault', 'the rollback waits for ever', said);
  }
}

/**
 * Now and then one of each type that nobody can read from now on: one with which the plan has nothing to do, by any
 * name that its resources know.
 */
function strangers(dice: Dice, census: Census, entries: Entries): readonly string[] {
  const plan = JSON.stringify(entries);
  const all = Object.values(census).flat();
  const touched = all
    .filter(({ identity }) => plan.includes(`"${identity}"`))
    .map((live) => JSON.stringify(live))
    .join(' ');
  const names = all.map(({ identity }) => identity).filter((identity) => plan.includes(`"${identity}"`));
  return Object.values(census).flatMap((list) => {
    const apart = (list ?? []).filter(
      (live) => !touched.includes(live.identity) && !names.some((name) => JSON.stringify(live).includes(name)),
    );
    return apart.length > 0 && dice.chance(0.3) ? [dice.pick(apart).identity] : [];
  });
}

/** What the plans announced. */
function allowed(
  { plan }: Made,
  back: Made,
  map: Readonly<Record<string, string>>,
  leftovers: Set<string>,
  census: Census,
): Allowed {
  const lost = new Map<string, Set<string>>();
  const may = (identity: string, names: readonly string[]): void => {
    lost.set(identity, new Set([...(lost.get(identity) ?? []), ...names]));
  };
  for (const { action, identity } of plan.steps) {
    if (identity === null || (action !== 'delete' && action !== 'replace')) continue;
    // Where it came from, and what AWS assigns to a new one.
    may(identity, ['ImageId', 'SnapshotId', 'BlockDeviceMappings', 'CACertificateIdentifier', 'owner', 'attached']);
    const live = Object.values(census)
      .flat()
      .find((one) => one.identity === identity);
    for (const device of (live?.attributes['BlockDevices'] ?? []) as readonly {
      readonly VolumeId?: string;
      readonly Root?: boolean;
    }[]) {
      // The root of an instance that went stays by law 1; the new one is made from its image.
      if (device.VolumeId !== undefined) {
        leftovers.add(device.VolumeId);
        may(device.VolumeId, ['SnapshotId', 'owner']);
      }
    }
  }
  // A volume that was deleted comes back from a snapshot; the instance that it is attached to shows that too.
  for (const { action, identity } of plan.steps) {
    if (action !== 'delete' || identity === null) continue;
    for (const { identity: holder, attributes } of census[INSTANCE] ?? [])
      if (JSON.stringify(attributes['BlockDevices'] ?? []).includes(identity)) may(holder, ['BlockDeviceMappings']);
  }
  // One-way changes are announced by the plan, what stays by the rollback; an instance shows what its volume has.
  for (const step of plan.steps) {
    if (step.oneWay.length === 0 || step.identity === null) continue;
    may(
      step.identity,
      step.changes.map(({ path }) => path.split(/[.[]/u, 1)[0] ?? path),
    );
    for (const { identity, attributes } of census[INSTANCE] ?? [])
      if (JSON.stringify(attributes['BlockDevices'] ?? []).includes(step.identity))
        may(identity, ['BlockDeviceMappings', 'attached']);
  }
  for (const { code, step, message } of back.plan.findings)
    if (code === 'rollback-one-way')
      may(plan.steps.find(({ id }) => id === step)?.identity ?? '', [message.split(' ', 1)[0] ?? '']);
  return { map, leftovers, lost };
}
