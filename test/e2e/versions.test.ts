import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli, RunOptions } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson } from '../helpers/person.ts';
import { openPty } from '../helpers/pty.ts';

jest.setTimeout(180_000);

/** The programs to try, each beside the Node of this process (scripts/lib/nodes.mjs finds them). */
const programs = (process.env['AIPLAN_OTHER_NODES'] ?? '').split('\n').filter((path) => path !== '');
const suite = (await emulatorAvailable()) && programs.length > 0 ? describe : describe.skip;

suite.each(programs.length > 0 ? programs : ['none'])('the built program with %s', (program) => {
  let account: Account;
  let cli: Cli;
  const options: RunOptions = { program };
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  it('starts, and refuses as it does elsewhere', async () => {
    expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(/^v2\d\.\d+\.\d+\s*$/u);
    expect((await cli.ok(['--version'], options)).stdout).toMatch(/^\d+\.\d+\.\d+\s*$/u);
    cli.write('odd.yaml', 'aiplan: 1\nname: odd\nresources: 3\n');
    const { code, stderr } = await cli.run(['validate', 'odd.yaml'], options);
    expect(code).toBe(1);
    // Neither a stack nor a notice of Node or of the SDK.
    expect(stderr).not.toMatch(/Warning|node:internal|\n\s+at \S+ \(/u);
    expect(stderr).toMatch(/^error /mu);
  });

  it('plans, asks a person at the screen, applies, undoes and verifies', async () => {
    const person = makePerson(cli);
    await cli.ok(['setup'], options);
    const before = await cli.json(['inventory'], options);
    const unused = account.names['Unused'] ?? '';
    cli.write(
      'plan.yaml',
      account.plan(
        'one-of-each',
        `Unused: { type: AWS::EC2::SecurityGroup, action: delete, id: ${unused}, reason: nothing is in it, expect: { GroupName: small-unused } }`,
        'Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { note: here } } }',
      ),
    );
    const screen = openPty(cli, ['apply', 'plan.yaml'], options);
    try {
      await screen.until(/confirmed 0 of 1 /u);
      screen.write('q');
      expect((await screen.ended()).code).toBe(3);
    } finally {
      screen.close();
    }
    expect(await cli.json(['inventory'], options)).toEqual(before);
    await person.applies('plan.yaml', options);
    expect(JSON.stringify(await cli.json(['inventory'], options))).not.toContain(unused);
    const { run } = ((await cli.json(['runs'], options)) as { run: string }[])[0] ?? { run: '' };
    await person.carriesOut(['rollback', run], options);
    const after = JSON.stringify(await cli.json(['inventory'], options));
    expect(after).toContain('small-unused');
    expect(after).not.toContain('"note":"here"');
    await cli.ok(['audit', 'verify'], options);
  });
});
