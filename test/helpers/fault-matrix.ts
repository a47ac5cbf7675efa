import { createHash } from 'node:crypto';
import type { Bench } from './apply-world.ts';
import { deathsOf } from './fault-deaths.ts';
import type { FollowUp, Told } from './fault-follow-ups.ts';
import type { Disturbance, Fault, Point, Watch } from './fault-points.ts';
import type { FirstEnd } from './fault-run.ts';

/** A run of whatever is disturbed, with one fault at one effect, or none. */
type Disturb = (
  bench: Bench,
  fault: Fault | null,
  number: number,
  watch?: Watch,
) => Promise<{ readonly end: FirstEnd; readonly told: Disturbance; readonly message: string }>;

export interface MatrixOptions {
  /** A new world in which the disturbed run begins. */
  readonly start: () => Bench;
  readonly disturb: Disturb;
  /** How a run ended that died and left this. */
  readonly dead: (bench: Bench) => FirstEnd;
  readonly faults: readonly Fault[];
  /** By name: each begins where the disturbed run ended, on its own. */
  readonly followUps: Readonly<Record<string, FollowUp>>;
  /** What may never be after the disturbed run. */
  readonly invariant: (bench: Bench) => Promise<readonly string[]>;
}

export interface Matrix {
  /** Pairs of a fault and an effect of its kind. */
  readonly pairs: number;
  /** Those of them in which AWS has no such answer for such a call. */
  readonly impossible: number;
  /** All others: how many were tried. */
  readonly cells: number;
  readonly effects: number;
  /** Different states that runs ended in; a follow-up depends on nothing else and is carried out once for each. */
  readonly states: number;
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Why a follow-up did less than it might, which is no fault of its own: how often each. */
  readonly reasons: ReadonlyMap<string, number>;
  /** One line for each cell in which something is wrong. */
  readonly wrong: readonly string[];
}

interface After {
  readonly words: readonly string[];
  readonly whys: readonly string[];
  readonly wrongs: readonly string[];
}

/** Tries every fault at every effect at which it can strike. Nothing is left out. */
export async function tryAll(options: MatrixOptions): Promise<Matrix> {
  const { start, disturb, dead, faults } = options;
  const calm = start();
  const deaths = await deathsOf(calm, async (watch) => (await disturb(calm, null, -1, watch)).told.points);
  const rows = new Map<string, Map<string, number>>(faults.map(({ name }) => [name, new Map<string, number>()]));
  const wrong: string[] = [];
  const reasons = new Map<string, number>();
  const known = new Map<string, After>();
  let cells = 0;
  const every = pairsOf(faults, deaths.points);
  for (const { fault, point } of every.filter(isPossible)) {
    const row = rows.get(fault.name) ?? new Map<string, number>();
    const add = (word: string): void => {
      row.set(word, (row.get(word) ?? 0) + 1);
    };
    const { bench, end, message, struck } =
      fault.kills === undefined
        ? await disturbed(start(), fault, point, disturb)
        : deadAt(deaths.at(fault.kills, point), dead);
    const where = `${fault.name}, effect ${point.number} ${point.name}: ${wordOf[end]}${message === '' ? '' : ` (${message})`}`;
    if (!struck) wrong.push(`${where}: the fault never struck`);
    add(wordOf[end]);
    const key = createHash('sha1').update(bench.image()).digest('base64');
    const outcome = known.get(key) ?? (await followed(bench, options));
    known.set(key, outcome);
    for (const word of outcome.words) add(word);
    for (const why of outcome.whys)
      reasons.set(`${fault.name}, ${why}`, (reasons.get(`${fault.name}, ${why}`) ?? 0) + 1);
    for (const text of outcome.wrongs) wrong.push(`${where}: ${text}`);
    cells += 1;
  }
  return {
    pairs: every.length,
    impossible: every.filter((pair) => !isPossible(pair)).length,
    cells,
    effects: deaths.points.length,
    states: known.size,
    rows,
    reasons,
    wrong,
  };
}

const added = (maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> => {
  const sum = new Map<string, number>();
  for (const [key, value] of maps.flatMap((map) => [...map])) sum.set(key, (sum.get(key) ?? 0) + value);
  return sum;
};

/** The matrices of several runs as one. */
export function merged(matrices: readonly Matrix[]): Matrix {
  const total = (name: 'pairs' | 'impossible' | 'cells' | 'effects' | 'states'): number =>
    matrices.reduce((sum, matrix) => sum + matrix[name], 0);
  const names = new Set(matrices.flatMap(({ rows }) => [...rows.keys()]));
  return {
    pairs: total('pairs'),
    impossible: total('impossible'),
    cells: total('cells'),
    effects: total('effects'),
    states: total('states'),
    rows: new Map(
      [...names].map((name) => [name, added(matrices.map(({ rows }) => rows.get(name) ?? new Map<string, number>()))]),
    ),
    reasons: added(matrices.map(({ reasons }) => reasons)),
    wrong: matrices.flatMap(({ wrong }) => wrong),
  };
}

interface Ended {
  readonly bench: Bench;
  readonly end: FirstEnd;
  readonly message: string;
  readonly struck: boolean;
}

async function disturbed(bench: Bench, fault: Fault, point: Point, disturb: Disturb): Promise<Ended> {
  const { end, told, message } = await disturb(bench, fault, point.number);
  return { bench, end, message, struck: told.struck !== null };
}

const deadAt = (bench: Bench, dead: MatrixOptions['dead']): Ended => ({
  bench,
  end: dead(bench),
  message: '',
  struck: true,
});

/** What can be done about a run that ended so, each on its own. */
async function followed(
  bench: Bench,
  { followUps, invariant }: Pick<MatrixOptions, 'followUps' | 'invariant'>,
): Promise<After> {
  const words: string[] = [];
  const whys: string[] = [];
  const wrongs = [...(await invariant(bench))];
  for (const [name, followUp] of Object.entries(followUps)) {
    const told: Told = await followUp(bench.fork()).catch((error: unknown) => ({
      wrong: `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    }));
    if ('word' in told) {
      words.push(told.word);
      if (told.why !== undefined) whys.push(`${told.word}: ${told.why}`);
    } else wrongs.push(`${name}: ${told.wrong}`);
  }
  return { words, whys, wrongs };
}

interface Pair {
  readonly fault: Fault;
  readonly point: Point;
}

const pairsOf = (faults: readonly Fault[], points: readonly Point[]): readonly Pair[] =>
  faults.flatMap((fault) => points.filter((point) => point.effect === fault.on).map((point) => ({ fault, point })));
const isPossible = ({ fault, point }: Pair): boolean => fault.at?.(point) ?? true;

const wordOf: Readonly<Record<FirstEnd, string>> = {
  done: 'done all the same',
  refused: 'refused',
  failed: 'failed',
  stopped: 'stopped',
  killed: 'killed',
  disk: 'store failed',
  nothing: 'not begun',
  abandoned: 'abandoned',
};

/** The matrix as a table: a fault per line, an outcome per column, with totals. */
export function matrixText(
  title: string,
  { pairs, impossible, cells, effects, states, rows, reasons, wrong }: Matrix,
): string {
  const columns = [
    'not begun',
    'refused',
    'failed',
    'stopped',
    'killed',
    'store failed',
    'done all the same',
    'as before',
    'rolled back',
    'nothing to continue',
    'resume refused',
    'completed',
    'as planned',
    'resume refused, rolled back',
  ];
  const used = [
    ...columns,
    ...new Set([...rows.values()].flatMap((row) => [...row.keys()]).filter((word) => !columns.includes(word))),
  ].filter((word) => [...rows.values()].some((row) => row.has(word)));
  const total = (word: string): number => [...rows.values()].reduce((sum, row) => sum + (row.get(word) ?? 0), 0);
  const width = Math.max(...[...rows.keys()].map(({ length }) => length));
  const line = (name: string, values: readonly (number | string)[]): string =>
    `  ${name.padEnd(width)}  ${values.map((value, index) => String(value).padStart(used[index]?.length ?? 0)).join('  ')}`;
  return [
    `${title}: ${rows.size} faults, ${effects} effects of the run; ${pairs} pairs of a fault and an effect of its kind, in ${impossible} of which AWS has no such answer; ${cells} tried, ${states} different states after them; left out: ${pairs - impossible - cells}`,
    line('', used),
    ...[...rows].map(([name, row]) =>
      line(
        name,
        used.map((word) => row.get(word) ?? '·'),
      ),
    ),
    line('all', used.map(total)),
    ...[...reasons].map(([why, count]) => `  ${count} × ${why}`),
    `  unaccounted for: ${wrong.length}`,
    '',
  ].join('\n');
}
