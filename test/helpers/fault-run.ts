import { UserError } from '../../src/base/error.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ApplyPorts } from '../../src/domain/records/ports.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Bench } from './apply-world.ts';
import { disturbance, type Disturbance, type Fault, type Watch } from './fault-points.ts';
import { changePlan, restoredAs, run, unmapped } from './fault-scenario.ts';
import { Killed } from './mortal.ts';

/** How the disturbed run itself ended. `nothing`: it died before its journal began. */
export type FirstEnd = 'done' | 'refused' | 'failed' | 'stopped' | 'killed' | 'disk' | 'nothing' | 'abandoned';

/** How a run of this name ended that died: `nothing` where its journal has not begun. */
export const deadEnd =
  (name: string) =>
  (bench: Bench): FirstEnd =>
    bench.journalOf(name).length === 0 ? 'nothing' : 'killed';

/** What a disturbed run is carried out with. */
export interface Through {
  readonly session: Disturbance['session'];
  readonly beforeAppend: Disturbance['beforeAppend'];
  readonly afterAppend: Disturbance['afterAppend'];
  readonly ports: Partial<ApplyPorts>;
}

interface Ended {
  readonly end: FirstEnd;
  readonly told: Disturbance;
  readonly message: string;
}

/**
 * Runs a change plan, or a rollback of it, with one fault at one effect. Whatever is not a way to end that a run may
 * have is thrown.
 */
export const disturbedRun = (
  bench: Bench,
  fault: Fault | null,
  number: number,
  plan = changePlan,
  name = run,
  watch?: Watch,
): Promise<Ended> =>
  disturbedBy(bench, { fault, number, name, watch }, (through) => bench.apply(plan, { run: name, ...through }));

/** Carries out work that writes the journal `name`, with one fault at one effect. Throws as `disturbedRun`. */
export async function disturbedBy(
  bench: Bench,
  {
    fault,
    number,
    name,
    watch,
  }: {
    readonly fault: Fault | null;
    readonly number: number;
    readonly name: string;
    readonly watch?: Watch | undefined;
  },
  work: (through: Through) => Promise<Report>,
): Promise<Ended> {
  const told = disturbance(bench.world, bench.clock, fault, number, watch);
  let end: FirstEnd;
  let message = '';
  try {
    const report = await work({
      session: told.session,
      beforeAppend: told.beforeAppend,
      afterAppend: told.afterAppend,
      ports: { vault: told.vault(bench.vault) },
    });
    end =
      report.outcome === 'stale' && report.calls > 0
        ? 'failed'
        : report.outcome === 'stale' || report.outcome === 'blocked'
          ? 'refused'
          : report.outcome === 'open'
            ? 'killed'
            : report.outcome;
    message = report.message ?? '';
  } catch (error) {
    if (error instanceof Killed) end = deadEnd(name)(bench);
    else if (error instanceof UserError && error.code === 'store-unwritable')
      end = bench.journalOf(name).length === 0 ? 'nothing' : 'disk';
    else throw error;
  }
  await told.settle();
  return { end, told, message };
}

/** The resources of the world, as a reader of everything would name them. */
const named = (bench: Bench): ReadonlySet<string> =>
  new Set(
    bench.world
      .list()
      .filter(({ state }) => state !== 'deleting')
      .map(({ type, identity }) => `${type} ${identity}`),
  );

/**
 * What may never be, in words: something there that neither the journal nor the state before names; something gone that
 * was not confirmed; something gone that held data, without a verified capture that holds all of it.
 */
export async function unaccounted(
  bench: Bench,
  before: JsonObject,
  records: readonly JournalRecord[],
): Promise<readonly string[]> {
  const found: string[] = [];
  const journal = JSON.stringify(records.slice(1));
  const after = await bench.state();
  const begin = records.find((record) => record.kind === 'begin');
  const now = named(bench);
  const former = new Set(Object.keys(before));
  for (const name of now) {
    if (former.has(name)) continue;
    const identity = name.slice(name.indexOf(' ') + 1);
    const live = await bench.world.get(name.slice(0, name.indexOf(' ')), identity);
    const op = live?.systemTags['aiplan:op'];
    if (!journal.includes(`"${identity}"`) && (op === undefined || !journal.includes(`"${op}"`)))
      found.push(`${name} is there and in no journal`);
  }
  for (const name of bench.world.snapshots())
    if (!journal.includes(name)) found.push(`snapshot ${name} is in no journal`);
  for (const name of former) {
    if (now.has(name)) continue;
    const identity = name.slice(name.indexOf(' ') + 1);
    const step =
      begin?.kind === 'begin'
        ? begin.plan.steps.find(
            (one) => one.identity === identity && (one.action === 'delete' || one.action === 'replace'),
          )
        : undefined;
    if (step === undefined) {
      found.push(`${name} is gone and nobody confirmed that`);
      continue;
    }
    if (
      step.destruction !== null &&
      begin?.kind === 'begin' &&
      step.confirm !== null &&
      !begin.approval.confirmations.some((one) => one.step === step.id)
    )
      found.push(`${name} is gone without its confirmation`);
    const rows = (before[name] as JsonObject)['rows'];
    if (!Array.isArray(rows)) continue;
    const captured = records.findIndex(
      (record) => record.kind === 'captured' && record.step === step.id && record.verified,
    );
    const removal = records.findIndex(
      (record) =>
        ((record.kind === 'intent' && /^Delete(?:Database|Object|Box)$/u.test(record.declared.operation)) ||
          (record.kind === 'intent-batch' && record.operations.includes('s3:DeleteObject'))) &&
        record.step === step.id,
    );
    const capture = records[captured];
    const held =
      capture?.kind === 'captured'
        ? bench.world.held(String(capture.capture.refs['snapshot'] ?? capture.capture.refs['copies']))
        : null;
    if (captured < 0 || removal < 0 || captured > removal)
      found.push(`${name} is gone without a verified capture before it`);
    else if (JSON.stringify([...(held ?? [])].sort()) !== JSON.stringify([...(rows as readonly string[])].sort()))
      found.push(`the capture of ${name} does not hold what it held`);
  }
  for (const [index, record] of records.entries()) {
    const removes =
      record.kind === 'intent'
        ? /^Delete(?:Database|Box)$/u.test(record.declared.operation)
        : record.kind === 'intent-batch' && record.operations.includes('s3:DeleteObject');
    if (
      removes &&
      'step' in record &&
      !records
        .slice(0, index)
        .some((other) => other.kind === 'captured' && other.step === record.step && other.verified)
    )
      found.push(`step ${record.step} sent a removal without a verified capture before it`);
  }
  for (const [name, was] of Object.entries(before)) {
    if (name.endsWith('bystander') && JSON.stringify(after[name]) !== JSON.stringify(was))
      found.push(`${name} was touched`);
  }
  return found;
}

/**
 * Takes a run back, waiting where it says that AWS has not finished, and once more where AWS showed late what had been
 * done: then nothing was changed, and `why` says so. Answers the map of identities, or what went wrong.
 */
export async function backAgain(
  bench: Bench,
  first: string,
  name: string,
): Promise<{
  readonly map: Readonly<Record<string, string>>;
  readonly wrong: string | null;
  readonly why: string | null;
}> {
  let why: string | null = null;
  for (let tries = 1; ; tries += 1) {
    const draft = await bench.rollback(first);
    const bad = draft.findings.filter(({ severity }) => severity !== 'info');
    const waits = bad.length > 0 && bad.every(({ code }) => code === 'rollback-wait');
    if (waits && tries < 30) continue;
    if (bad.length > 0)
      return { map: {}, wrong: bad.map(({ code, message }) => `${code}: ${message}`).join('; '), why };
    const report = await bench.apply(draft.changePlan, { run: why === null ? name : `${name}-anew` });
    if (report.outcome === 'stale' && report.calls === 0 && why === null) {
      why = `at the second try, because ${report.message ?? ''}`;
      continue;
    }
    if (report.outcome !== 'done' || report.findings.length > 0)
      return {
        map: report.map,
        wrong: `the rollback is ${report.outcome}: ${report.message ?? ''} ${report.findings.map(({ message }) => message).join('; ')}`,
        why,
      };
    return { map: report.map, wrong: null, why };
  }
}

/**
 * What differs between the state now and another, former identities put in the place of new ones; null where nothing
 * does.
 */
export const differsFrom = async (
  bench: Bench,
  wanted: JsonObject,
  map: Readonly<Record<string, string>>,
): Promise<string | null> =>
  differenceOf(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...map }), wanted);

/** What differs between two states, in words; null where nothing does. */
export function differenceOf(now: JsonObject, wanted: JsonObject): string | null {
  const names = [...new Set([...Object.keys(now), ...Object.keys(wanted)])].filter(
    (name) => JSON.stringify(sorted(now[name])) !== JSON.stringify(sorted(wanted[name])),
  );
  return names.length === 0
    ? null
    : names
        .map((name) => `${name}: ${JSON.stringify(now[name])} instead of ${JSON.stringify(wanted[name])}`)
        .join('; ');
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};
