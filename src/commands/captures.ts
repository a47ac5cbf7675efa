import { heldCaptures, type HeldCapture } from '../engine/captures.ts';
import { refsText } from '../engine/report.ts';
import { exitCodes, UserError, type ExitCode } from '../model/error.ts';
import type { JournalRecord } from '../model/journal.ts';
import { age } from '../views/format.ts';
import { row, span, type Row } from '../views/rows.ts';
import type { RestoreOptions } from './captures-restore.ts';
import { print, printJson, tell } from './output.ts';
import type { World } from './world.ts';

/** `aiplan captures [expire | restore RUN/STEP]`: the captures that this store's journals know; `expire` removes the expired ones, `restore` brings one out. */
export async function captures(world: World, verb: string | undefined, capture: string | undefined, restoring: RestoreOptions): Promise<ExitCode> {
  const { io, options, configuration } = world;
  if (verb === 'restore') return (await import('./captures-restore.ts')).restoreCapture(world, capture, restoring);
  if (verb !== undefined && verb !== 'expire') throw new UserError('unknown-verb', `"${verb}" is not a verb of captures`, { help: 'aiplan captures, aiplan captures restore RUN/STEP, or aiplan captures expire' });
  const unread: UserError[] = [];
  // One that a person closed although its journal is damaged was given up for good.
  const readable = (await world.store.listRuns()).filter(({ outcome, closed }) => outcome !== 'damaged' || closed === undefined);
  const runs = (await Promise.all(readable.map(({ run }) => recordsOf(world, run, unread)))).filter((records) => records.length > 0);
  const held = heldCaptures(runs, configuration.capture);
  const now = io.clock.now();
  if (verb === 'expire') {
    const { expireCaptures } = await import('./captures-expire.ts');
    return expireCaptures(world, held);
  }
  if (options.json === true) printJson(io, held);
  else print(io, options, held.length === 0 ? [row(0, 'no captures yet')] : held.flatMap((capture) => captureRows(capture, now)));
  for (const { message, where } of unread) tell(io, options, [row(0, span('its captures are not listed: ', 'warning'), message, where === undefined ? '' : ` (${where})`)], 'error');
  return unread.length === 0 ? exitCodes.done : exitCodes.error;
}

/** The records of a run; none of one whose journal is damaged, which is noted and hides no other. */
async function recordsOf({ store }: Pick<World, 'store'>, run: string, unread: UserError[]): Promise<readonly JournalRecord[]> {
  try {
    return (await store.readRun(run)).records;
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'journal-damaged') throw error;
    unread.push(error);
    return [];
  }
}

/** One capture in the list. */
export function captureRows(held: HeldCapture, now: number): readonly Row[] {
  const expired = Date.parse(held.expiresAt) <= now;
  return [
    row(0, span(held.identity, 'title'), ` ${held.type} `, span(held.verified ? 'complete' : held.begun === true ? 'begun, never read back' : 'NOT complete', held.verified ? 'good' : 'destroy'), span(` run ${held.run} ${held.step}`, 'muted')),
    row(4, `${held.capture.how} ${refsText(held.capture.refs)}`),
    ...(held.verified && held.capture.how !== 'none' ? [row(4, span(`aiplan captures restore ${held.run}/${held.step}`, 'muted'))] : []),
    row(4, `taken ${age(held.takenAt, now)}; `, held.kept === null ? (expired ? span('expired', 'warning') : `expires ${age(held.expiresAt, now)}`) : span(`kept: ${held.kept}`, 'good')),
  ];
}
