import type { AwsReader, ReadCall } from '../../domain/call.ts';

import { sanitise } from '../../base/sanitise.ts';
import { elapsed } from '../../views/base/format.ts';
import { row, span } from '../../views/base/rows.ts';
import type { GlobalOptions, Io } from './io.ts';
import { tell, widthOf } from './output.ts';

/** Milliseconds: work that is over before `first` says nothing of itself; then it says something each `next`. */
const paces = { terminal: { first: 1_500, next: 250 }, lines: { first: 5_000, next: 5_000 } };

/**
 * Says on standard error what long reading is about, how many reads AWS has answered, and how long it takes so far: on
 * a terminal in one line that is written over and wiped at the end, elsewhere in plain lines. An answer of AWS moves it
 * on, so nothing runs beside the work. `--quiet` silences it.
 */
export class Working {
  readonly #io: Io;
  readonly #options: GlobalOptions;
  #doing: { readonly what: string; readonly since: number; reads: number; told: number } | null = null;
  #isShown = false;

  constructor(io: Io, options: GlobalOptions) {
    this.#io = io;
    this.#options = options;
  }

  /** Runs the work under these words. Work inside of other work keeps the outer words. */
  async during<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#doing !== null) return work();
    const since = this.#io.clock.now();
    this.#doing = { what, since, reads: 0, told: since };
    try {
      return await work();
    } finally {
      this.#doing = null;
      this.clear();
    }
  }

  /** Wipes the line, so that another one can be written; the next answer draws it again. */
  clear(): void {
    if (this.#isShown) this.#io.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }

  /** A session whose answers move the line on. */
  counted<Session extends Pick<AwsReader, 'read'>>(session: Session): Session {
    const read = async (call: ReadCall) => {
      const answer = await session.read(call);
      this.#answered();
      return answer;
    };
    return Object.defineProperties(
      {},
      { ...Object.getOwnPropertyDescriptors(session), read: { enumerable: true, value: read } },
    ) as Session;
  }

  #answered(): void {
    const doing = this.#doing;
    if (doing === null || this.#options.quiet === true) return;
    doing.reads += 1;
    const now = this.#io.clock.now();
    const isTerminal = this.#io.stderr.isTTY === true && this.#io.environment['TERM'] !== 'dumb';
    const pace = isTerminal ? paces.terminal : paces.lines;
    if (now - doing.told < (doing.told === doing.since ? pace.first : pace.next)) return;
    doing.told = now;
    const reads = `${doing.reads} read${doing.reads === 1 ? '' : 's'} answered, ${elapsed(now - doing.since)}`;
    if (!isTerminal) {
      tell(this.#io, this.#options, [row(0, span(`${doing.what}: ${reads}`, 'muted'))]);
      return;
    }
    const room = widthOf(this.#io.stderr) - 1;
    this.#io.stderr.write(`\r\u001b[K${sanitise(`${doing.what}: ${reads}`).slice(0, room)}`);
    this.#isShown = true;
  }
}

/** The work of a command under words that say what it is about; see `Working`. */
export const during = <Result>(
  { working }: { readonly working?: Working },
  what: string,
  work: () => Promise<Result>,
): Promise<Result> => (working === undefined ? work() : working.during(what, work));
