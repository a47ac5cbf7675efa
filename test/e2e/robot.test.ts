import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { openPty, type Pty } from '../helpers/pty.ts';
import { attacks, endings, numbers, type Deed, type Ending } from '../helpers/robot.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) && process.platform !== 'win32' ? describe : describe.skip;
const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
/** How many programs run at a time. */
const together = 3;
/** ECHO and ICANON (termios.h of Linux; on macOS ECHO is the same and ICANON another). */
const lineModes = process.platform === 'darwin' ? 0x8 | 0x100 : 0x8 | 0x2;

suite(`a robot at a real terminal (seed ${seed})`, () => {
  let account: Account;
  const open: Pty[] = [];
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    await account.cli().ok(['setup']);
  }, 120_000);
  afterEach(() => {
    for (const pty of open.splice(0)) pty.close();
  });
  afterAll(async () => {
    await account.stop();
  });

  /** A machine of its own with a plan that deletes three things; one of them for good. */
  const machine = (): Cli => {
    const cli = account.cli();
    cli.configure('capture_max_objects: 1\n');
    cli.write(
      'plan.yaml',
      account.plan(
        'remove-all',
        'Empty: { type: AWS::S3::Bucket, action: delete, id: small-empty, reason: it is empty, expect: { Tags: { team: small } } }',
        'Files: { type: AWS::S3::Bucket, action: delete, id: small-files, reason: nobody reads it, accept_loss: the files are of no use, expect: { Tags: { team: small } } }',
        `Unused: { type: AWS::EC2::SecurityGroup, action: delete, id: ${account.names['Unused'] ?? ''}, reason: nothing is in it, expect: { GroupName: small-unused } }`,
      ),
    );
    return cli;
  };
  const start = async (): Promise<Pty> => {
    const pty = openPty(machine(), ['apply', 'plan.yaml']);
    open.push(pty);
    await pty.until(/confirmed 0 of 3 /u);
    return pty;
  };

  /** Person mode: one key at a time, the next when the screen has answered. */
  const key = async (pty: Pty, bytes: string, what: RegExp): Promise<string> => {
    pty.write(bytes);
    return pty.until(what, 20_000);
  };
  const typed = async (pty: Pty, text: string): Promise<void> => {
    let line = '';
    for (const character of text) {
      line += character;
      // A long line may be wrapped anywhere.
      const shown = [...line]
        .map((letter) =>
          letter === ' '
            ? '\\s'
            : letter.replaceAll(/[^A-Za-z0-9]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`),
        )
        .join('\\s*');
      await key(pty, character, new RegExp(`^> ${shown}▏`, 'mu'));
    }
  };
  const select = async (pty: Pty, address: string): Promise<void> => {
    await key(pty, '\u001b[H', /^> = The plan/mu);
    for (let place = 1; place <= 3; place += 1) {
      const before = /^> .*$/mu.exec(pty.screen())?.[0] ?? '';
      pty.write('\u001b[B');
      for (let tries = 0; (/^> .*$/mu.exec(pty.screen())?.[0] ?? '') === before && tries < 2_000; tries += 1)
        await pause(4);
      if (new RegExp(`^> .* ${address} `, 'mu').test(pty.screen())) return;
    }
    throw new Error(`no ${address}:\n${pty.screen()}`);
  };
  /** Reads a text to its end, so that a line opens. */
  const read = async (pty: Pty, what: RegExp): Promise<void> => {
    for (let pages = 0; !what.test(pty.screen()); pages += 1) {
      if (pages > 30) throw new Error(`no end:\n${pty.screen()}`);
      const before = pty.screen();
      pty.write('\u001b[6~');
      for (let tries = 0; pty.screen() === before && tries < 500; tries += 1) await pause(4);
    }
  };
  const card = async (pty: Pty, address: string): Promise<void> => {
    await select(pty, address);
    await key(pty, 'c', /type {11}AWS|loses/u);
    await read(pty, /Type \S+ and Enter/u);
  };
  const confirm = async (pty: Pty, address: string, texts: readonly string[], after: RegExp): Promise<void> => {
    await card(pty, address);
    for (const [index, text] of texts.entries()) {
      await typed(pty, text);
      await key(pty, '\r', index === texts.length - 1 ? after : /cannot be brought back/u);
    }
  };
  const reject = async (pty: Pty, address: string): Promise<void> => {
    await select(pty, address);
    await key(pty, 'r', /y rejects/u);
    await key(pty, 'y', new RegExp(`${address} is left out`, 'u'));
    await key(pty, '\r', /\? help/u);
  };
  const unused = (): string => (account.names['Unused'] ?? '').slice(-6);
  /** Everything but `Empty` is rejected, and that is confirmed, up to the last line. */
  const toTheLastLine = async (pty: Pty): Promise<void> => {
    await reject(pty, 'Files');
    await reject(pty, 'Unused');
    await confirm(pty, 'Empty', ['small-empty'], /confirmed 1 of 1 /u);
    pty.write('a');
    await pty.until(/This is going to happen/u);
    await read(pty, /Type remove-all and Enter/u);
  };

  interface Moment {
    readonly asked: string;
    readonly go: (pty: Pty) => Promise<unknown>;
  }
  const moments: Readonly<Record<string, Moment>> = {
    'the list': { asked: 'small-empty', go: (pty) => select(pty, 'Empty') },
    'a card': {
      asked: 'small-empty',
      go: async (pty) => {
        await select(pty, 'Empty');
        await key(pty, 'c', /loses/u);
      },
    },
    'a typed line': {
      asked: '-empty',
      go: async (pty) => {
        await card(pty, 'Empty');
        await typed(pty, 'small');
      },
    },
    'the line of the loss': {
      asked: 'all',
      go: async (pty) => {
        await card(pty, 'Files');
        await typed(pty, 'small-files');
        await key(pty, '\r', /cannot be brought back/u);
      },
    },
    'the last line': {
      asked: 'remove-all',
      go: async (pty) => {
        await toTheLastLine(pty);
        await typed(pty, 'remove');
      },
    },
    'the question whether to reject': {
      asked: 'y',
      go: async (pty) => {
        await select(pty, 'Unused');
        await key(pty, 'r', /y rejects/u);
      },
    },
    'the plan made again': {
      asked: 'small-empty',
      go: async (pty) => {
        await select(pty, 'Unused');
        await key(pty, 'r', /y rejects/u);
        await key(pty, 'y', /is left out/u);
      },
    },
    'the question whether to leave': {
      asked: 'small-empty',
      go: async (pty) => {
        await confirm(pty, 'Unused', [unused()], /confirmed 1 of 3 /u);
        await key(pty, 'q', /y leaves/u);
      },
    },
  };

  const carryOut = async (pty: Pty, deeds: readonly Deed[]): Promise<void> => {
    for (const deed of deeds) {
      if (deed.kind === 'write') pty.write(deed.bytes);
      else if (deed.kind === 'resize') pty.resize(deed.columns, deed.rows);
      else {
        const { count } = pty.stops();
        pty.write('\u001a');
        for (let tries = 0; pty.stops().count === count && tries < 2_000; tries += 1) await pause(4);
        // While it is stopped, the shell has its terminal: lines, with an echo.
        expect((pty.stops().modes ?? 0) & lineModes).toBe(lineModes);
        pty.goOn();
      }
      await pause(2);
    }
  };
  const ends = (pty: Pty, ending: Ending): void => {
    if (ending === 'Ctrl-C') pty.write('\u0003');
    else if (ending === 'the terminal is closed') pty.hangUp();
    else pty.signal(ending);
  };
  /** The first screen, cursor, no marks for pastes, lines with an echo; and never exit code 0. */
  const restored = async (pty: Pty, where: string, ending: Ending): Promise<void> => {
    const { code, modes } = await pty.ended().catch((error: unknown) => {
      throw new Error(`${where}, ${ending}`, { cause: error });
    });
    expect([where, ending, code === 0]).toEqual([where, ending, false]);
    if (modes === null) return;
    const written = pty.written();
    const lastOf = (on: string, off: string): boolean => written.lastIndexOf(off) > written.lastIndexOf(on);
    expect([
      where,
      ending,
      pty.alternate(),
      modes & lineModes,
      lastOf('\u001b[?25l', '\u001b[?25h'),
      lastOf('\u001b[?2004h', '\u001b[?2004l'),
      lastOf('\u001b[?1049h', '\u001b[?1049l'),
    ]).toEqual([where, ending, false, lineModes, true, true, true]);
  };
  const all = Object.entries(attacks);

  it('approves nothing, at any screen of the review, whatever it does, and leaves the terminal as it was', async () => {
    const before = account.requestCount();
    const cells = Object.entries(moments).flatMap(([name, moment]) =>
      endings.map((ending, index) => ({ name, moment, ending, part: all.slice(index * 4, index * 4 + 4), index })),
    );
    const counts = { programs: 0, attacks: 0 };
    const work = async (): Promise<void> => {
      for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) {
        const { name, moment, ending, part, index } = cell;
        const random = numbers(seed + index * 7_919 + name.length * 31);
        const pty = await start();
        await moment.go(pty);
        for (const [, plans] of part) {
          await carryOut(pty, plans({ asked: moment.asked, name: 'remove-all' }, random));
          counts.attacks += 1;
        }
        ends(pty, ending);
        await restored(pty, name, ending);
        pty.close();
        counts.programs += 1;
      }
    };
    await Promise.all(Array.from({ length: together }, work));
    expect(account.mutations(before)).toEqual([]);
    expect(counts).toEqual({
      programs: Object.keys(moments).length * endings.length,
      attacks: Object.keys(moments).length * all.length,
    });
    process.stdout.write(`robot: ${counts.programs} programs, ${counts.attacks} attacks, 0 changing calls\n`);
  });

  it('gets nothing more through at a run and at its failure than what a person typed', async () => {
    let release: () => void = () => undefined;
    for (const ending of endings) {
      const at = account.requestCount();
      let held = false;
      const gate = new Promise<void>((done) => {
        release = done;
      });
      const unhook = account.sandbox.proxy.onRequest(({ operation, mutating }) => {
        if (!mutating) return undefined;
        if (operation === 'DeleteBucket')
          return {
            kind: 'error',
            code: 'OperationAborted',
            message: 'A conflicting conditional operation is currently in progress.',
            status: 409,
          };
        if (operation !== 'PutBucketPolicy' || held) return undefined;
        held = true;
        return { kind: 'delay', until: gate };
      });
      try {
        const pty = await start();
        const random = numbers(seed + ending.length);
        await toTheLastLine(pty);
        await typed(pty, 'remove-all');
        await key(pty, '\r', /Applying remove-all/u);
        for (let tries = 0; !held && tries < 5_000; tries += 1) await pause(4);
        // The progress, with a call in flight.
        const some = all.filter((_, index) => index % endings.length === endings.indexOf(ending));
        for (const [, plans] of some) await carryOut(pty, plans({ asked: 'small-files', name: 'remove-all' }, random));
        const inFlight = ending === 'SIGTERM' || ending === 'the terminal is closed';
        if (inFlight) ends(pty, ending);
        release();
        if (!inFlight) {
          // The question after the failure.
          pty.resize(80, 24);
          await pty.until(/keep and resume later/u);
          for (const [, plans] of all)
            await carryOut(
              pty,
              plans({ asked: 'r', name: 'remove-all' }, random).filter(({ kind }) => kind !== 'suspend'),
            );
          for (let tries = 0; tries < 3; tries += 1) {
            ends(pty, ending);
            await pause(50);
          }
        }
        await restored(pty, 'a run', ending);
        pty.close();
      } finally {
        release();
        unhook();
      }
      const touched = account.sandbox.proxy.requests
        .slice(at)
        .filter(({ mutating }) => mutating)
        .map(
          ({ operation, parameters }) =>
            `${operation} ${parameters['bucket'] ?? parameters['Bucket'] ?? JSON.stringify(parameters)}`,
        );
      expect(
        touched.filter((call) => /small-files|TerminateInstances|DeleteSecurityGroup|DeleteDBInstance/u.test(call)),
      ).toEqual([]);
    }
  });
});
