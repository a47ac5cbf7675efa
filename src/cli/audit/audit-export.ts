import { resolve } from 'node:path';
import { canonical } from '../../base/digest.ts';
import type { ExitCode } from '../../base/error.ts';
import { escapeJson } from '../../base/sanitise.ts';
import { row, span } from '../../views/base/rows.ts';
import { writeWhole } from '../../store/objects/files.ts';
import { auditOf, tellDamaged } from './audit.ts';
import type { AuditOptions } from './audit-reading.ts';
import { tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * `aiplan audit export`: the same events as `aiplan audit`, one line of canonical JSON each, after a line that says
 * what this is (`aiplan/audit@1`, FORMATS.md). No log holds a secret or sensitive text; the export masks once more.
 */
export async function auditExport(
  context: CommandContext,
  { out, run, resource, by, since, until }: AuditOptions & { readonly out?: string },
): Promise<ExitCode> {
  const options = Object.fromEntries(
    Object.entries({ run, resource, by, since, until }).filter(([, value]) => value !== undefined),
  ) as AuditOptions;
  const { io, store } = context;
  const { events, head, records, damaged } = await auditOf(context, options);
  const first = {
    format: 'aiplan/audit@1',
    exportedAt: new Date(io.clock.now()).toISOString(),
    store: store.place,
    head,
    records,
    events: events.length,
    filter: options,
  };
  const text = [first, ...events].map((line) => `${escapeJson(canonical(line))}\n`).join('');
  if (out === undefined) io.stdout.write(text);
  else {
    writeWhole(resolve(io.current, out), text);
    tell(io, context.options, [row(0, span('written', 'good'), ` ${events.length} events to ${out}`)]);
  }
  return tellDamaged(context, damaged);
}
