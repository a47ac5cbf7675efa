import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { fillPlans } from '../../src/sandbox/seed/fixture.ts';
import { fixtureFolder, openAccount, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { openTerminal, terminalAvailable, type Terminal } from '../helpers/terminal.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) && terminalAvailable() ? describe : describe.skip;

interface Entry {
  readonly type: string;
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

suite('the incident, in a terminal of 80 by 24', () => {
  let account: Account;
  let cli: Cli;
  let terminal: Terminal;
  beforeAll(async () => {
    account = await openAccount(fixtureFolder);
    cli = account.cli();
    for (const [name, text] of Object.entries(await fillPlans(fixtureFolder, account.names))) cli.write(name, text);
    terminal = openTerminal(cli);
    await cli.ok(['setup']);
  }, 120_000);
  afterAll(async () => {
    terminal.close();
    await account.stop();
  });

  /** Confirms everything that the screen asks for, one character at a time, and goes on to the end of the review. */
  const confirmAll = async (identities: readonly string[]): Promise<void> => {
    for (const [done, identity] of identities.entries()) {
      await terminal.waitFor(new RegExp(`confirmed ${done} of ${identities.length} `, 'u'));
      terminal.press('c');
      await terminal.readTo(new RegExp(`Type ${identity} and Enter to confirm this destruction`, 'u'));
      await terminal.type(identity);
      terminal.press('Enter');
    }
    await terminal.waitFor(new RegExp(`confirmed ${identities.length} of ${identities.length} `, 'u'));
    terminal.press('a');
  };
  const lastWord = async (word: string): Promise<void> => {
    await terminal.readTo(new RegExp(`Type ${word} and Enter to apply`, 'u'));
    await terminal.type(word);
    terminal.press('Enter');
  };
  /**
   * What lives, with former identities in the place of those that a restore gave, and without what it announces to be
   * new.
   */
  const everything = async (map: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> => {
    let text = JSON.stringify(await cli.json(['inventory']));
    for (const [former, now] of Object.entries(map)) text = text.replaceAll(now, former);
    const entries = JSON.parse(text) as Entry[];
    return Object.fromEntries(
      entries.map(({ type, id, properties: { ImageId: _image, SnapshotId: _snapshot, ...properties } }) => [
        `${type} ${id}`,
        unordered(properties),
      ]),
    );
  };
  const unordered = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value.map(unordered).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'digest' && name !== 'SnapshotId')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, unordered(item)]),
    );
  };

  it('a person on a false premise deletes production, and undoes it', async () => {
    const before = await everything({});
    const victims = [
      'AWS::RDS::DBInstance courses-prod',
      `AWS::EC2::Instance ${account.names['WebInstance'] ?? ''}`,
      'AWS::S3::Bucket courses-prod-uploads',
    ];
    expect(Object.keys(before)).toEqual(expect.arrayContaining(victims));

    await terminal.aiplan(['apply', 'delete-duplicates-wrong-expect.yaml']);
    expect(await terminal.ended()).toBe(3);

    await terminal.aiplan(['apply', 'delete-duplicates.yaml']);
    const first = await terminal.reviewing();
    expect(terminal.alternate()).toBe(true);
    expect(first.split('\n').length).toBeLessThan(24);
    expect(first).toMatch(/delete DuplicateDatabase courses-prod \[destruction\]/u);
    terminal.press('Enter');
    await terminal.waitFor(/\[1 Changes\]/u);
    terminal.press('Tab');
    await terminal.waitFor(/\[2 Evidence\]/u);
    terminal.press('Escape');
    await terminal.waitFor(/enter detail/u);
    const start = account.requestCount();
    await confirmAll(['courses-prod', (account.names['WebInstance'] ?? '').slice(-6), 'courses-prod-uploads']);
    await terminal.waitFor(/This is going to happen: 3 to delete/u);
    expect(account.mutations(start)).toEqual([]);
    await lastWord('remove-duplicates');
    expect(await terminal.ended(90_000)).toBe(0);
    expect(terminal.alternate()).toBe(false);
    expect(terminal.screen()).toMatch(/To undo it: aiplan rollback \d{8}-\d{6}-\w{4}/u);
    const gone = await everything({});
    for (const victim of victims) expect(Object.keys(gone)).not.toContain(victim);

    const { run } = (await cli.json(['runs']))[0];
    await terminal.aiplan(['rollback', run]);
    await terminal.reviewing();
    await confirmAll([]);
    await terminal.waitFor(/This stays different after the rollback:/u);
    await lastWord('undo-remove-duplicates');
    expect(await terminal.ended(90_000)).toBe(0);
    expect(terminal.alternate()).toBe(false);
    const { report } = await cli.json(['runs', (await cli.json(['runs']))[0].run]);
    expect(report).toMatchObject({ command: 'rollback', outcome: 'done' });
    const after = await everything(report.map);
    for (const [name, entry] of Object.entries(before)) expect([name, after[name]]).toEqual([name, entry]);
  });
});
