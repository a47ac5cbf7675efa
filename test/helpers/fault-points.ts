import { callName, type Call } from '../../src/domain/call.ts';
import type { ApplySession, CaptureVault } from '../../src/domain/records/ports.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { FakeClock } from './apply-ports.ts';
import type { MemoryWorld } from './memory-world.ts';
import { Killed } from './mortal.ts';

/**
 * What a run does to the world outside: reads and calls of AWS, lines of the journal, the capture bucket, credentials.
 */
export type Effect = 'read' | 'call' | 'line' | 'vault' | 'renew';

/** One effect of a run, by its number in the order of effects. */
export interface Point {
  readonly number: number;
  readonly effect: Effect;
  readonly name: string;
  readonly call: Call | null;
  /** The step that a call belongs to; of a read, its input as text. */
  readonly about: string;
}

/** What a fault may do at its point. */
export interface Scene {
  readonly point: Point;
  readonly world: MemoryWorld;
  readonly clock: FakeClock;
  /** Carries the effect out. */
  perform(): Promise<unknown>;
  /** The process is dead: nothing that it would do afterwards happens. */
  die(): never;
  /** From now on every effect of these kinds fails so. */
  lasting(effects: readonly Effect[], error: (name: string) => Error): void;
  /** Happens when the run has ended: AWS carries a request out late. */
  later(work: () => Promise<unknown>): void;
}

/** A way in which an effect goes wrong. */
export interface Fault {
  readonly name: string;
  readonly on: Effect;
  /** False where the fault cannot happen at that effect. */
  readonly at?: (point: Point) => boolean;
  /** Of a line: it strikes before the line is written. */
  readonly before?: boolean;
  /** All that it does is to kill the process there, before the effect or right after it. */
  readonly kills?: 'before' | 'after';
  readonly act: (scene: Scene) => unknown;
}

export interface Disturbance {
  readonly session: (session: ApplySession) => ApplySession;
  readonly vault: (vault: CaptureVault) => CaptureVault;
  readonly beforeAppend: (entry: JournalEntry) => void;
  readonly afterAppend: (entry: JournalEntry) => void;
  /** Every effect so far. */
  readonly points: readonly Point[];
  /** The effect at which the fault struck; null where the run never came to it. */
  readonly struck: Point | null;
  /** The fault that was ordered, or chosen at its point. */
  readonly fault: Fault | null;
  /** Whether the process is dead. */
  readonly dead: boolean;
  /** Ends everything that was disturbed: the network is there again, late requests have arrived. */
  settle(): Promise<void>;
}

/** Sees every effect right before it happens and right after it has. */
export type Watch = (when: 'before' | 'after', point: Point) => void;

/** Effects after which a run counts as one that waits for ever. */
const endless = 1_500;

/** A run in which one fault strikes at the n-th effect; without a fault, its effects are only counted. */
export function disturbance(
  world: MemoryWorld,
  clock: FakeClock,
  wanted: Fault | ((point: Point) => Fault) | null = null,
  number = -1,
  watch: Watch = () => undefined,
): Disturbance {
  const points: Point[] = [];
  const late: (() => Promise<unknown>)[] = [];
  let lasting: { readonly effects: readonly Effect[]; readonly error: (name: string) => Error } | null = null;
  let struck: Point | null = null;
  let dead = false;
  let line: Point | null = null;
  let fault: Fault | null = typeof wanted === 'function' ? null : wanted;

  const arrive = (effect: Effect, name: string, call: Call | null, about: string): Point => {
    if (dead) throw new Killed('dead already');
    if (points.length > endless)
      throw new Error(
        `the run comes to no end: ${points
          .slice(-3)
          .map((point) => point.name)
          .join(', ')}`,
      );
    const point: Point = { number: points.length, effect, name, call, about };
    points.push(point);
    if (point.number === number && typeof wanted === 'function') fault = wanted(point);
    return point;
  };
  const sceneOf = (point: Point, perform: () => Promise<unknown>): Scene => ({
    point,
    world,
    clock,
    perform,
    die() {
      dead = true;
      throw new Killed(`${point.effect} ${point.name}`);
    },
    lasting(effects, error) {
      lasting = { effects, error };
    },
    later(work) {
      late.push(work);
    },
  });
  const through = async <Result>(
    effect: Effect,
    name: string,
    call: Call | null,
    perform: () => Promise<Result>,
    about = '',
  ): Promise<Result> => {
    const point = arrive(effect, name, call, about);
    if (lasting?.effects.includes(effect) === true) throw lasting.error(name);
    if (point.number !== number || fault === null || fault.on !== effect || fault.at?.(point) === false) {
      watch('before', point);
      try {
        return await perform();
      } finally {
        watch('after', point);
      }
    }
    struck = point;
    return fault.act(sceneOf(point, perform)) as Promise<Result>;
  };
  return {
    points,
    get struck() {
      return struck;
    },
    get dead() {
      return dead;
    },
    get fault() {
      return fault;
    },
    session: (session) => ({
      ...session,
      read: (call) => through('read', callName(call), null, () => session.read(call), JSON.stringify(call.input)),
      mutate: (call, resolved, permit) =>
        through('call', callName(call), call, () => session.mutate(call, resolved, permit), permit.step),
      renew: () => through('renew', 'renew', null, () => session.renew()),
    }),
    vault: (vault) =>
      Object.fromEntries(
        Object.entries(vault).map(([name, member]: [string, unknown]) => [
          name,
          typeof member === 'function'
            ? (...words: unknown[]) =>
                through('vault', name, null, () => (member as (...all: unknown[]) => Promise<unknown>)(...words))
            : member,
        ]),
      ) as unknown as CaptureVault,
    // A line is written at once: what strikes before it leaves none, what strikes after it leaves it.
    beforeAppend(entry) {
      line = arrive('line', entry.kind, null, '');
      if (lasting?.effects.includes('line') === true) throw lasting.error(entry.kind);
      if (line.number === number && fault?.on === 'line' && fault.before === true) {
        struck = line;
        fault.act(sceneOf(line, async () => undefined));
      }
      watch('before', line);
    },
    afterAppend() {
      if (line !== null) watch('after', line);
      if (line !== null && line.number === number && fault?.on === 'line' && fault.before !== true) {
        struck = line;
        fault.act(sceneOf(line, async () => undefined));
      }
    },
    async settle() {
      lasting = null;
      world.lag(0, 0);
      for (const work of late.splice(0)) await work();
    },
  };
}
