import { heldCaptures, type HeldCapture } from '../../recovery/captures/captures.ts';
import { opOf } from '../../plan/steps/preview-context.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import type { Reconciliation } from '../../recovery/resume/reconcile.ts';
import { AwsError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { JsonObject } from '../../base/json.ts';
import { backupsBegun, backupsOf, permitted } from '../../../providers/aws/values/capture-expiry.ts';
import type { CommandContext } from '../context/command-context.ts';

type Looking = Pick<CommandContext, 'reader' | 'configuration'>;

/**
 * The part of a capture in AWS that was begun and never read back, as references; empty where a complete reading shows
 * nothing. `all`: the captures of the same run among others. Throws AwsError.
 */
export async function begunIn(
  context: Pick<CommandContext, 'reader'>,
  held: HeldCapture,
  all: readonly HeldCapture[],
): Promise<JsonObject> {
  const others = new Set(
    all
      .filter(({ begun, run }) => begun !== true && run === held.run)
      .flatMap(({ capture }) => permitted(backupsOf(capture), [])),
  );
  return runOutsideRun(
    await context.reader(),
    () => backupsBegun(held.capture, { run: held.run, op: opOf(held.run, held.step), others }),
    { run: held.run, step: held.step },
  );
}

/**
 * A settlement with what became of captures whose answer or reading back the run never had, one sentence each. A failed
 * read is reported as unknown (law 9).
 */
export async function withCapturesBegun(
  context: Looking,
  settlement: Reconciliation,
  records: readonly JournalRecord[],
): Promise<Reconciliation> {
  const all = heldCaptures([records], context.configuration.capture);
  const found = await Promise.all(
    all
      .filter(({ begun }) => begun === true)
      .map(async (held) => [held.step, await sentence(context, held, all)] as const),
  );
  if (found.length === 0) return settlement;
  return {
    ...settlement,
    standings: settlement.standings.map((standing) => ({
      ...standing,
      evidence: [...standing.evidence, ...found.flatMap(([step, text]) => (step === standing.step.id ? [text] : []))],
    })),
  };
}

async function sentence(context: Looking, held: HeldCapture, all: readonly HeldCapture[]): Promise<string> {
  const call = String(held.capture.refs['begunBy']);
  try {
    const names = permitted(backupsOf({ refs: await begunIn(context, held, all) }), []);
    return names.length === 0
      ? `${call}: AWS has nothing of it`
      : `${call}: AWS has ${names.join(', ')}, which was never read back; nothing is removed by it, and \`aiplan captures\` lists it until it expires`;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return `${call}: what became of it cannot be read now (${error.code})`;
  }
}
