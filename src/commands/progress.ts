import { row, span } from '../views/rows.ts';
import { tell } from './output.ts';
import type { World } from './world.ts';

/** Work that is over within this many milliseconds tells nothing of itself; what takes longer tells this often. */
const every = 2_000;

/** Tells on standard error how far long work has come: `1,200 of 10,000 manifests read`. `--quiet` silences it. */
export function told({ io, options }: Pick<World, 'io' | 'options'>, what: string): (done: number, of: number) => void {
  let last = io.clock.now();
  return (done, of) => {
    const now = io.clock.now();
    if (now - last < every || done >= of) return;
    last = now;
    tell(io, options, [row(0, span(`${counted(done)} of ${counted(of)} ${what}`, 'muted'))]);
  };
}

/** A count with thousands separators. */
const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/gu, ',');
