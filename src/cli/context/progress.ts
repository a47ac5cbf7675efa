import { row, span } from '../../views/base/rows.ts';
import { tell } from './output.ts';
import type { CommandContext } from './command-context.ts';

/** Work that is over within this many milliseconds tells nothing of itself; what takes longer tells this often. */
const every = 2_000;
/** Items after which the clock is looked at. */
const batch = 50;

/** Tells on standard error how far long work has come: `1,200 of 10,000 manifests read`. `--quiet` silences it. */
export function told(
  { io, options }: Pick<CommandContext, 'io' | 'options'>,
  what: string,
): (done: number, of: number) => void {
  let last: number | null = null;
  return (done, of) => {
    // The clock is looked at now and then: what is small is over before it could tell anything.
    if (done % batch !== 0 || done >= of) return;
    const now = io.clock.now();
    last ??= now;
    if (now - last < every) return;
    last = now;
    tell(io, options, [row(0, span(`${counted(done)} of ${counted(of)} ${what}`, 'muted'))]);
  };
}

/** A count with thousands separators. */
const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/gu, ',');
