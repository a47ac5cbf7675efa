import { captureFacts, heldFrom, type CaptureFacts } from '../../recovery/captures/captures.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { row, span } from '../../views/base/rows.ts';
import type { RestoreOptions } from './captures-restore.ts';
import { print, printJson, tell } from '../context/output.ts';
import { told } from '../context/progress.ts';
import type { CommandContext } from '../context/command-context.ts';
import { captureRows } from './capture-rows.ts';

/**
 * `aiplan captures [expire | restore RUN/STEP]`: the captures that this store's journals know; `expire` removes the
 * expired ones, `restore` brings one out.
 */
export async function captures(
  context: CommandContext,
  verb: string | undefined,
  capture?: string,
  restoring: RestoreOptions = {},
): Promise<ExitCode> {
  const { io, options, configuration } = context;
  if (verb === 'restore') return (await import('./captures-restore.ts')).restoreCapture(context, capture, restoring);
  if (verb !== undefined && verb !== 'expire')
    throw new UserError('unknown-verb', `"${verb}" is not a verb of captures`, {
      help: 'aiplan captures, aiplan captures restore RUN/STEP, or aiplan captures expire',
    });
  const unread: { readonly message: string; readonly where: string | null }[] = [];
  const facts: CaptureFacts[] = [];
  // One that a person closed although its journal is damaged was given up for good.
  const closed = new Set((await context.store.closedRuns()).flatMap(({ run, how }) => (how === 'closed' ? [run] : [])));
  await context.store.eachRun(
    ({ run, journal, problem }) => {
      if (journal !== null) facts.push(captureFacts(journal.records, configuration.capture));
      else if (problem.code === 'journal-damaged' && !closed.has(run)) unread.push(problem);
    },
    { progress: told(context, 'runs read') },
  );
  const held = heldFrom(facts);
  const now = io.clock.now();
  if (verb === 'expire') {
    const { expireCaptures } = await import('./captures-expire.ts');
    return expireCaptures(context, held);
  }
  if (options.json === true) printJson(io, held);
  else
    print(
      io,
      options,
      held.length === 0
        ? [row(0, 'no captures yet')]
        : held.flatMap((one) =>
            captureRows(one, now, context.types.get(one.type)?.capture?.notBroughtOut?.(one.capture) ?? null),
          ),
    );
  for (const { message, where } of unread)
    tell(
      io,
      options,
      [row(0, span('its captures are not listed: ', 'warning'), message, where === null ? '' : ` (${where})`)],
      'error',
    );
  return unread.length === 0 ? exitCodes.done : exitCodes.error;
}
