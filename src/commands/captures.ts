import { heldCaptures, type HeldCapture } from '../engine/captures.ts';
import { refsText } from '../engine/report.ts';
import { exitCodes, UserError, type ExitCode } from '../model/error.ts';
import { age } from '../views/format.ts';
import { row, span, type Row } from '../views/rows.ts';
import { print, printJson } from './output.ts';
import type { World } from './world.ts';

/** `aiplan captures [expire]`: the captures that this store's journals know; `expire` removes the expired ones. */
export async function captures(world: World, verb: string | undefined): Promise<ExitCode> {
  const { io, options, configuration } = world;
  if (verb !== undefined && verb !== 'expire') throw new UserError('unknown-verb', `"${verb}" is not a verb of captures`, { help: 'aiplan captures, or aiplan captures expire' });
  const readable = (await world.store.listRuns()).filter((run) => run.outcome !== 'damaged');
  const runs = (await Promise.all(readable.map(({ run }) => world.store.readRun(run)))).map(({ records }) => records);
  const held = heldCaptures(runs, configuration.capture);
  const now = io.clock.now();
  if (verb === 'expire') {
    const { expireCaptures } = await import('./captures-expire.ts');
    return expireCaptures(world, held);
  }
  if (options.json === true) printJson(io, held);
  else print(io, options, held.length === 0 ? [row(0, 'no captures yet')] : held.flatMap((capture) => captureRows(capture, now)));
  return exitCodes.done;
}

/** One capture in the list. */
export function captureRows(held: HeldCapture, now: number): readonly Row[] {
  const expired = Date.parse(held.expiresAt) <= now;
  return [
    row(0, span(held.identity, 'title'), ` ${held.type} `, span(held.verified ? 'complete' : held.begun === true ? 'begun, never read back' : 'NOT complete', held.verified ? 'good' : 'destroy'), span(` run ${held.run} ${held.step}`, 'muted')),
    row(4, `${held.capture.how} ${refsText(held.capture.refs)}`),
    row(4, `taken ${age(held.takenAt, now)}; `, held.kept === null ? (expired ? span('expired', 'warning') : `expires ${age(held.expiresAt, now)}`) : span(`kept: ${held.kept}`, 'good')),
  ];
}
