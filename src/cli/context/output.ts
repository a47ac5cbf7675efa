import { escapeJson } from '../../base/sanitise.ts';
import { rowsToText } from '../../views/base/text.ts';
import type { Row } from '../../views/base/rows.ts';
import type { GlobalOptions, Io } from './io.ts';

const widest = 120;

const colored = (stream: NodeJS.WriteStream, io: Io, options: GlobalOptions): boolean =>
  stream.isTTY === true &&
  options.color &&
  (io.environment['NO_COLOR'] ?? '') === '' &&
  io.environment['TERM'] !== 'dumb';

/** A terminal that does not know its size says 0 columns. */
export const widthOf = ({ columns }: Pick<NodeJS.WriteStream, 'columns'>): number =>
  Math.max(20, Math.min(widest, columns || widest));

/** Rows to standard output: the result of a command. */
export function print(io: Io, options: GlobalOptions, rows: readonly Row[]): void {
  io.stdout.write(asText(io, options, rows));
}

/** The text that `print` would print, for a pager or a file; `color` false takes the colours away. */
export const asText = (
  io: Io,
  options: GlobalOptions,
  rows: readonly Row[],
  { color = true }: { readonly color?: boolean } = {},
): string => rowsToText(rows, { width: widthOf(io.stdout), color: color && colored(io.stdout, io, options) });

/** Rows to standard error: progress, notes and errors. `quiet` silences notes, never errors. */
export function tell(io: Io, options: GlobalOptions, rows: readonly Row[], kind: 'note' | 'error' = 'note'): void {
  if (kind === 'note' && options.quiet === true) return;
  io.stderr.write(rowsToText(rows, { width: widthOf(io.stderr), color: colored(io.stderr, io, options) }));
}

/** One JSON document to standard output. */
export function printJson(io: Io, value: unknown): void {
  io.stdout.write(`${escapeJson(JSON.stringify(value, null, 2))}\n`);
}
