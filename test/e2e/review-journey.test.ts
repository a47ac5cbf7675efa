import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { openTerminal, terminalAvailable, type Terminal, type TerminalOptions } from '../helpers/terminal.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) && terminalAvailable() ? describe : describe.skip;

interface Entry {
  readonly type: string;
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const planName = 'clean-up';
const bucket = 'AWS::S3::Bucket';
const group = 'AWS::EC2::SecurityGroup';

suite('a person at the screen', () => {
  let account: Account;
  let cli: Cli;
  let terminal: Terminal | undefined;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    await cli.ok(['setup']);
  }, 120_000);
  afterEach(() => {
    terminal?.close();
    terminal = undefined;
  });
  afterAll(async () => {
    await account.stop();
  });

  const inventory = async (): Promise<readonly Entry[]> => cli.json(['inventory']);
  /** Everything that lives, with `former` identities in the place of those that a restore gave. */
  const everything = async (
    former: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> => {
    let text = JSON.stringify(await inventory());
    for (const [before, now] of Object.entries(former)) text = text.replaceAll(now, before);
    return Object.fromEntries(
      (JSON.parse(text) as Entry[]).map(({ type, id, properties }) => [`${type} ${id}`, properties]),
    );
  };
  const unusedGroup = async (): Promise<string> =>
    (await inventory()).find(({ properties }) => properties['GroupName'] === 'small-unused')?.id ?? '';
  const captures = async (): Promise<readonly string[]> => {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const { Contents = [] } = await account.clients.s3.send(
      new ListObjectsV2Command({ Bucket: `aiplan-captures-${account.sandbox.account}-eu-west-1` }),
    );
    return Contents.map(({ Key = '' }) => Key);
  };

  /** Three deletions and an update. Answers what is typed for each. */
  const written = async (): Promise<Readonly<Record<'Files' | 'Unused' | 'Empty', string>>> => {
    const unused = await unusedGroup();
    cli.write(
      'clean-up.yaml',
      account.plan(
        planName,
        `Files: { type: ${bucket}, action: delete, id: small-files, reason: nobody reads it, expect: { Tags: { team: small } } }`,
        `Unused: { type: ${group}, action: delete, id: ${unused}, reason: nothing is in it, expect: { GroupName: small-unused } }`,
        `Empty: { type: ${bucket}, action: delete, id: small-empty, reason: it is empty, depends_on: [ Files ], expect: { Tags: { team: small } } }`,
        `Group: { type: ${group}, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { note: cleaned } } }`,
      ),
    );
    return { Files: 'small-files', Unused: unused.slice(-6), Empty: 'small-empty' };
  };

  /** Selects a step with the arrow keys. */
  const select = async (on: Terminal, address: string): Promise<void> => {
    const isSelected = (screen: string): boolean => new RegExp(`^> .* ${address} `, 'mu').test(screen);
    on.press('Home');
    await on.waitFor(/^> = The plan/mu);
    for (let moves = 0; !isSelected(on.screen()); moves += 1) {
      if (moves > 20) throw new Error(`${address} cannot be selected:\n${on.screen()}`);
      const before = on.screen();
      on.press('Down');
      await on.waitFor((screen) => screen !== before);
    }
  };
  const confirm = async (on: Terminal, address: string, text: string, count: string): Promise<void> => {
    await select(on, address);
    on.press('c');
    await on.readTo(/Type \S+ and Enter/u);
    await on.type(text);
    on.press('Enter');
    await on.waitFor(new RegExp(`confirmed ${count} `, 'u'));
  };
  const digestAfter = (screen: string, word: string): string =>
    new RegExp(`Digest ${word}\\s+sha256:([0-9a-f]+)`, 'u').exec(screen)?.[1] ?? '';

  it.each<[string, TerminalOptions]>([
    ['80×24', { columns: 80, rows: 24 }],
    ['200×50 without colours', { columns: 200, rows: 50, environment: { NO_COLOR: '1' } }],
  ])('types through two deletions, rejects the third, applies and rolls back, at %s', async (_, options) => {
    const before = await everything();
    const wanted = await written();
    const on = (terminal = openTerminal(cli, options));
    const recording = join(cli.home, `recorded-${options.columns ?? 80}`);
    on.record(recording);

    await on.aiplan(['apply', 'clean-up.yaml']);
    await on.waitFor(/confirmed 0 of 3 /u);
    const start = account.requestCount();
    await confirm(on, 'Files', wanted.Files, '1 of 3');
    await confirm(on, 'Unused', wanted.Unused, '2 of 3');

    await select(on, 'Empty');
    on.press('r');
    await on.waitFor(/Reject Empty\? y rejects/u);
    on.press('y');
    const told = await on.waitFor(/Empty is left out, and the plan was made again/u);
    expect(told).toMatch(/No longer in the plan\n +- delete Empty small-empty/u);
    expect(told).toMatch(/these keep their confirmation\n(?: +- delete (?:Files|Unused) .*\n){2}/u);
    on.press('End');
    const digests = await on.waitFor(/Digest now\s+sha256:[0-9a-f]{64}/u);
    expect(digestAfter(digests, 'now')).toHaveLength(64);
    expect(digestAfter(digests, 'now')).not.toBe(digestAfter(digests, 'before'));
    on.press('Enter');
    const list = await on.waitFor(/confirmed 2 of 2 [^]*\[x\] - delete Files small-files/u);
    expect(list).not.toContain('delete Empty');

    on.press('a');
    await on.readTo(/Type clean-up and Enter to apply/u);
    expect(account.mutations(start)).toEqual([]);
    await on.type(planName);
    on.press('Enter');
    await on.waitFor(/Applying clean-up|^ended/mu);
    expect(await on.ended(60_000)).toBe(0);
    expect(on.alternate()).toBe(false);
    expect(on.screen()).toMatch(/To undo it: aiplan rollback \d{8}-\d{6}-\w{4}/u);
    // Review and run stood on one screen, which was left once.
    const recorded = readFileSync(recording, 'utf8');
    expect([recorded.split('\u001b[?1049h').length, recorded.split('\u001b[?1049l').length]).toEqual([2, 2]);
    expect(recorded).toContain('Applying clean-up');
    if (options.environment?.['NO_COLOR'] !== undefined)
      expect(recorded.split('\u001b').filter((code) => /^\[(?:[\d;]*;)?(?:3[0-7]|9[0-7])m/u.test(code))).toEqual([]);

    const after = await everything();
    expect(
      Object.keys(before)
        .filter((name) => !(name in after))
        .sort(),
    ).toEqual(
      [
        `${group} ${
          account.names['Unused'] === undefined
            ? ''
            : (Object.keys(before)
                .find((name) => name.endsWith(wanted.Unused))
                ?.split(' ')[1] ?? '')
        }`,
        `${bucket} small-files`,
      ].sort(),
    );
    expect(after[`${bucket} small-empty`]).toEqual(before[`${bucket} small-empty`]);
    expect(after[`${group} ${account.names['Group'] ?? ''}`]).toMatchObject({ Tags: { note: 'cleaned' } });
    const [{ run }] = await cli.json(['runs']);
    const { report } = await cli.json(['runs', run]);
    expect(report).toMatchObject({ command: 'apply', outcome: 'done' });
    expect(
      report.captures.map(({ step, verified }: { step: string; verified: boolean }) => [step, verified]),
    ).toContainEqual(['Files', true]);
    const kept = await captures();
    expect(kept.some((key) => key.includes(run) || key.includes('a/'))).toBe(true);

    await on.aiplan(['rollback', run]);
    await on.waitFor(/rollback of run|undo-clean-up/u);
    await on.waitFor(/confirmed 0 of 0 |nothing to confirm/u);
    on.press('a');
    await on.readTo(/Type undo-clean-up and Enter to apply/u);
    // Not even a rollback begins with anything else than its name.
    await on.type('yes');
    on.press('Enter');
    await on.waitFor(/differ at character 1/u);
    await on.type('undo-clean-up');
    on.press('Enter');
    expect(await on.ended(60_000)).toBe(0);
    expect(on.screen()).toMatch(new RegExp(`Run ${run} is undone, as planned`, 'u'));
    const [newest] = await cli.json(['runs']);
    const back = await cli.json(['runs', newest.run]);
    expect(await everything(back.report.map)).toEqual(before);
  });

  it('does the same in plain lines, for a screen reader', async () => {
    const before = await everything();
    const wanted = await written();
    const on = (terminal = openTerminal(cli, { columns: 100, rows: 50 }));
    const recording = join(cli.home, 'recorded-plain');
    on.record(recording);
    await on.aiplan(['apply', '--plain', 'clean-up.yaml']);
    const start = account.requestCount();
    const typed = new Set<string>();
    for (let asked = 0; typed.size < 2; asked += 1) {
      if (asked > 6) throw new Error(`nobody asks:\n${on.screen()}`);
      const screen = await on.waitFor(/type (?:small-files|small-empty|[0-9a-f]{6}) and Enter\.\n(?:.*\n)*>\s*$/u);
      const text = /[^]*type (\S+) and Enter\./u.exec(screen)?.[1] ?? '';
      if (text === wanted.Empty) {
        await on.type('reject');
        on.press('Enter');
        await on.waitFor(/To leave Empty out of the plan, type yes and Enter/u);
        await on.type('yes');
        on.press('Enter');
        await on.waitFor(/Empty is left out, and the plan was made again/u);
      } else {
        await on.type(text);
        on.press('Enter');
        typed.add(text);
      }
      await on.waitFor((next) => next !== screen && />\s*$/u.test(next));
    }
    if (!/To apply, type/u.test(on.screen())) {
      await on.waitFor(/type small-empty and Enter/u);
      await on.type('reject');
      on.press('Enter');
      await on.waitFor(/To leave Empty out of the plan, type yes and Enter/u);
      await on.type('yes');
      on.press('Enter');
    }
    await on.waitFor(/To apply, type clean-up and Enter/u);
    expect(account.mutations(start)).toEqual([]);
    await on.type(planName);
    on.press('Enter');
    expect(await on.ended(60_000)).toBe(0);
    // No other screen, and nothing that moves about.
    expect(readFileSync(recording, 'utf8')).not.toContain('\u001b[?1049h');
    const after = await everything();
    expect(Object.keys(before).filter((name) => !(name in after))).toHaveLength(2);
    expect(after[`${bucket} small-empty`]).toEqual(before[`${bucket} small-empty`]);
  });
});
