import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';
import { openTerminal, terminalAvailable, type Terminal, type TerminalOptions } from '../helpers/terminal.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) && terminalAvailable() ? describe : describe.skip;

suite('a review in a terminal', () => {
  let account: Account;
  let cli: Cli;
  let terminal: Terminal | undefined;
  let file: string;
  let start: number;
  let unhook: () => void = () => undefined;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    await account.cli().ok(['setup']);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  beforeEach(() => {
    cli = account.cli();
    // By its full path, so that the process can be told from any other.
    file = join(
      cli.work,
      cli.write(
        'plan.yaml',
        account.plan(
          'remove-two',
          'Files: { type: AWS::S3::Bucket, action: delete, id: small-files, reason: x, expect: { Tags: { team: small } } }',
          `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, depends_on: [ Files ], properties: { Tags: { note: t } } }`,
        ),
      ),
    );
    start = account.requestCount();
  });
  afterEach(() => {
    unhook();
    terminal?.close();
    terminal = undefined;
  });

  const open = async (options: TerminalOptions = {}, words: readonly string[] = ['apply', file]): Promise<Terminal> => {
    terminal = openTerminal(cli, options);
    await terminal.aiplan(words);
    return terminal;
  };
  const confirm = async (on: Terminal): Promise<void> => {
    await on.reviewing();
    on.press('c');
    await on.readTo(/Type small-files and Enter/u);
    await on.type('small-files');
    on.press('Enter');
    await on.waitFor(/confirmed 1 of 1/u);
    on.press('a');
    await on.readTo(/Type remove-two and Enter to apply/u);
  };
  /** Whether anything on the screen is red, as destructions are. */
  const isRed = (on: Terminal): boolean =>
    on
      .colored()
      .split('\u001b')
      .some((code) => /^\[[\d;]*31m/u.test(code));
  const nothingChanged = async (): Promise<void> => {
    expect(account.mutations(start)).toEqual([]);
    expect(await cli.json(['runs'])).toEqual([]);
  };
  /** Waits until the process that works on this test's file has ended. */
  const gone = async (): Promise<void> => {
    const deadline = Date.now() + 20_000;
    const runs = (): boolean =>
      spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .stdout.split('\n')
        .some((line) => line.includes(file) && line.includes('bin.mjs') && !line.includes('tmux'));
    while (runs()) {
      if (Date.now() > deadline) throw new Error('the process is still there');
      await pause(50);
    }
  };

  it.each([
    ['C-c', 'interrupted with Ctrl-C'],
    ['q', 'left without approving'],
  ])('is left with %s: exit 3, nothing changed, the screen as before', async (key, why) => {
    const on = await open();
    await on.reviewing();
    expect(on.alternate()).toBe(true);
    on.press(key);
    expect(await on.ended()).toBe(3);
    expect(on.alternate()).toBe(false);
    expect(on.screen()).toContain(why);
    expect(on.screen()).not.toContain('confirmed 0 of 1');
    await nothingChanged();
  });

  it('is left with Ctrl-C in the middle of a word, and with everything confirmed', async () => {
    const on = await open();
    await on.reviewing();
    on.press('c');
    await on.readTo(/Type small-files/u);
    await on.type('small-file');
    on.press('C-c');
    expect(await on.ended()).toBe(3);
    await on.aiplan(['apply', file]);
    await confirm(on);
    await on.type('remove-tw');
    on.press('C-c');
    expect(await on.ended()).toBe(3);
    await nothingChanged();
  });

  it('loses a step that is rejected, keeps what is confirmed, and applies only what is left', async () => {
    const on = await open();
    await on.reviewing();
    on.press('c');
    await on.readTo(/Type small-files and Enter/u);
    await on.type('small-files');
    on.press('Enter');
    await on.waitFor(/confirmed 1 of 1/u);
    on.press('G');
    await on.waitFor(/^> .* Group /mu);
    on.press('r');
    await on.waitFor(/Reject Group\?/u);
    on.press('y');
    const shown = await on.waitFor(/Digest now/u);
    expect(shown).toMatch(/Group is left out[^]*No longer in the plan[^]*Digest before[^]*sha256:/u);
    on.press('Enter');
    await on.waitFor(/confirmed 1 of 1/u);
    on.press('q');
    await on.waitFor(/Leave without approving/u);
    on.press('y');
    expect(await on.ended()).toBe(3);
    await nothingChanged();
  });

  it.each([
    ['CLAUDECODE', '1', 'Claude Code'],
    ['AI_AGENT', 'true', 'an agent'],
  ])('is not shown where an agent is at the keys (%s)', async (name, value, host) => {
    const on = await open({ columns: 200, environment: { [name]: value } });
    expect(await on.ended()).toBe(3);
    expect(on.screen()).toContain(`this terminal belongs to ${host}`);
    expect(on.alternate()).toBe(false);
    await nothingChanged();
  });

  it('fits every size, follows a resize, and keeps to NO_COLOR', async () => {
    const on = await open({ columns: 200, rows: 50 });
    const wide = await on.reviewing();
    expect(wide.split('\n').length).toBeLessThan(50);
    expect(isRed(on)).toBe(true);
    for (const [columns, rows] of [
      [80, 24],
      [40, 12],
      [120, 30],
    ] as const) {
      on.resize(columns, rows);
      const screen = await on.waitFor(
        (now) =>
          /confirmed 0 of 1/u.test(now) &&
          /q leave/u.test(now) &&
          now.split('\n').length <= rows &&
          now.split('\n').every((line) => line.length <= columns),
      );
      expect(screen).toMatch(/Files small-files/u);
    }
    on.press('q');
    expect(await on.ended()).toBe(3);
    on.close();

    const plain = await open({ columns: 200, rows: 50, environment: { NO_COLOR: '1' } });
    await plain.reviewing();
    expect(isRed(plain)).toBe(false);
    plain.press('q');
    await plain.ended();
    await plain.aiplan(['plan', file]);
    expect(await plain.ended()).toBe(0);
    expect(isRed(plain)).toBe(false);
  });

  it('writes no escape codes where its output is piped, and colours in a terminal', async () => {
    const { stdout, stderr } = await cli.ok(['plan', file], { environment: { TERM: 'xterm-256color' } });
    expect(stdout + stderr).not.toContain('\u001b');
    const on = await open({ columns: 120, rows: 60 }, ['plan', file]);
    expect(await on.ended()).toBe(0);
    expect(isRed(on)).toBe(true);
    await on.aiplan(['--no-color', 'plan', file]);
    expect(await on.ended()).toBe(0);
    expect(isRed(on)).toBe(false);
  });

  it('is ended by a terminal that is closed: that is no', async () => {
    const on = await open();
    await confirm(on);
    on.hangUp();
    await gone();
    await nothingChanged();
  });

  describe('followed by a run', () => {
    let person: Person;
    beforeEach(() => {
      person = makePerson(cli);
    });
    const objects = async (): Promise<readonly string[]> => {
      const { s3 } = account.clients;
      const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
      return ((await s3.send(new ListObjectsV2Command({ Bucket: 'small-files' }))).Contents ?? []).map(
        ({ Key, ETag }) => `${Key ?? ''} ${ETag ?? ''}`,
      );
    };
    /** Does something while the first request of an operation is on its way. */
    const during = (operation: string, work: () => unknown): void => {
      let done = false;
      unhook = account.sandbox.proxy.onRequest(async (request) => {
        if (done || request.operation !== operation) return undefined;
        done = true;
        await work();
        await pause(200);
        return undefined;
      });
    };

    it('is stopped by Ctrl-C after the call in flight, listed, and undone', async () => {
      const before = await objects();
      const on = await open();
      await confirm(on);
      await on.type('remove-two');
      during('DeleteObjects', () => on.press('C-c'));
      on.press('Enter');
      await on.waitFor(/The run was stopped[^]*r roll back now {2}k keep and resume later/u);
      on.press('k');
      expect(await on.ended()).toBe(5);
      expect(on.screen()).toMatch(/To resume it: aiplan resume \S+\s+To undo it: aiplan rollback/u);
      expect(on.alternate()).toBe(false);
      const calls = account.mutations(start);
      expect(calls).toContain('s3:DeleteObjects');
      expect(calls).not.toContain('s3:DeleteBucket');
      await on.aiplan(['runs']);
      await on.waitFor(/apply stopped[^]*remove-two/u);
      await person.takesBack();
      expect(await objects()).toEqual(before);
    });

    it('says what Ctrl-C does, and the second time asks nothing more', async () => {
      const before = await objects();
      const on = await open();
      await confirm(on);
      await on.type('remove-two');
      during('DeleteObjects', async () => {
        on.press('C-c');
        await on.waitFor(/the call in flight is\s+finished[^]*Press it\s+again/u);
        on.press('C-c');
        await on.waitFor(/Ctrl-C again/u);
      });
      on.press('Enter');
      expect(await on.ended()).toBe(5);
      expect(on.screen()).not.toContain('roll back now');
      expect((await cli.json(['runs']))[0]).toMatchObject({ outcome: 'stopped' });
      await person.takesBack();
      expect(await objects()).toEqual(before);
    });

    it('goes from review to run, failure, journal, the review of the undo and that run on one screen', async () => {
      const before = await objects();
      const on = await open();
      await confirm(on);
      await on.type('remove-two');
      unhook = account.breaks(({ operation }) => operation === 'DeleteBucket', {
        kind: 'error',
        code: 'OperationAborted',
        message: 'A conflicting operation is in progress',
        status: 409,
      });
      on.press('Enter');
      await on.waitFor(
        /AWS says +OperationAborted: A conflicting operation is in progress[^]*that means[^]*r roll back now/u,
      );
      expect(on.alternate()).toBe(true);
      on.press('l');
      // The journal is opened where it ends: that is what went wrong.
      await on.waitFor(/end: failed "Files" failed[^]*esc back to the question/u);
      on.press('Home');
      await on.waitFor(/run \d{8}-\S+ apply of remove-two/u);
      on.press('Escape');
      await on.waitFor(/r roll back now/u);
      on.press('r');
      await on.waitFor(/undo-remove-two/u);
      unhook();
      on.press('a');
      await on.readTo(/Type undo-remove-two and Enter to apply/u);
      await on.type('undo-remove-two');
      on.press('Enter');
      // The apply failed, and stays so; it was taken back all the same.
      expect(await on.ended()).toBe(5);
      expect(on.screen()).toMatch(
        /apply of remove-two: failed[^]*rollback of undo-remove-two: done[^]*is undone, as planned/u,
      );
      expect(await objects()).toEqual(before);
    });

    it('is stopped, not lost, when the terminal is closed', async () => {
      const before = await objects();
      const on = await open();
      await confirm(on);
      await on.type('remove-two');
      during('DeleteObjects', () => on.hangUp());
      on.press('Enter');
      await on.waitFor((screen) => !screen.includes('Type remove-two'));
      await gone();
      expect((await cli.json(['runs']))[0]).toMatchObject({ outcome: 'stopped' });
      expect(account.mutations(start)).not.toContain('s3:DeleteBucket');
      await person.takesBack();
      expect(await objects()).toEqual(before);
    });
  });
});
