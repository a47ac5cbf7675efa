import { afterAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Io } from '../../src/cli/context/io.ts';
import { page } from '../../src/cli/context/pager.ts';
import { runProgram } from '../../src/cli/program.ts';
import { planText } from '../../src/store/objects/plan-file.ts';
import { platformPlan } from '../helpers/platform-plan.ts';
import { sampleTime } from '../helpers/sample-plan.ts';

const [folder, home] = [mkdtempSync(join(tmpdir(), 'aiplan-show-')), mkdtempSync(join(tmpdir(), 'aiplan-home-'))];
afterAll(() => {
  for (const made of [folder, home]) rmSync(made, { recursive: true, force: true });
});
writeFileSync(join(folder, 'move.plan.json'), planText(platformPlan()));
const seen = join(folder, 'seen');

/** A pager that keeps what it is given. */
function pager(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const keeping = pager('keeping', `cat > '${seen}'; echo "$LESSCHARSET $1" > '${seen}.how'`);

function openIo({
  terminal = false,
  rows = 24,
  environment = {},
}: {
  readonly terminal?: boolean;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
} = {}) {
  const said = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    Object.assign(
      new PassThrough().on('data', (chunk: Buffer) => {
        said[name] += String(chunk);
      }),
      { isTTY: terminal, columns: 100, rows },
    );
  const io = {
    environment: { PATH: process.env['PATH'], XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, HOME: home, ...environment },
    current: folder,
    stdin: new PassThrough(),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    clock: { now: () => sampleTime, sleep: async () => undefined },
    random: (count: number) => new Uint8Array(count),
    onInterrupt: () => () => undefined,
    user: 'ada',
    host: 'here',
    pid: 1,
  } as unknown as Io;
  return { io, said };
}
async function show(words: readonly string[], options: Parameters<typeof openIo>[0] = {}) {
  rmSync(seen, { force: true });
  const { io, said } = openIo(options);
  const code = await runProgram(io, ['show', 'move.plan.json', ...words], '0');
  return { code, ...said, paged: existsSync(seen) ? readFileSync(seen, 'utf8') : null };
}

describe('aiplan show', () => {
  it('prints text, Markdown, HTML and JSON of the same plan', async () => {
    const text = await show([]);
    expect(text).toMatchObject({
      code: 0,
      stderr: '',
      paged: null,
      stdout: expect.stringMatching(
        /^Plan shared-platform-move[\s\S]*Order of execution[\s\S]*Applying needs 5 typed confirmations/u,
      ),
    });
    expect((await show(['--markdown'])).stdout).toMatch(/^### aiplan: shared&#45;platform&#45;move\n/u);
    expect((await show(['--html'])).stdout).toMatch(/^<!doctype html>\n<html lang="en">/u);
    expect((await show(['--json'])).stdout).toBe(planText(platformPlan()));
  });

  it('writes to a file, and says so', async () => {
    for (const [words, begins] of [
      [['--html'], '<!doctype'],
      [['--markdown'], '### aiplan'],
      [[], 'Plan shared'],
      [['--json'], '{'],
    ] as const) {
      const result = await show([...words, '-o', 'out'], { terminal: true });
      expect(result).toMatchObject({ code: 0, stdout: '' });
      expect(readFileSync(join(folder, 'out'), 'utf8').startsWith(begins)).toBe(true);
    }
    // Colours are for terminals.
    expect(readFileSync(join(folder, 'out'), 'utf8')).not.toContain('\u001b');
  });

  it('gives one form at a time', async () => {
    const result = await show(['--html', '--markdown']);
    expect(result).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('error one-form: --markdown and --html cannot both be had'),
    });
  });

  it('goes through the pager where the text is longer than the terminal, with its colours', async () => {
    const { code, stdout, paged } = await show([], { terminal: true, environment: { PAGER: `'${keeping}' --some` } });
    expect([code, stdout]).toEqual([0, '']);
    expect(paged).toContain('\u001b[1mshared-platform-move');
    expect(readFileSync(`${seen}.how`, 'utf8')).toBe('utf-8 --some\n');
  });

  it.each([
    ['output is no terminal', [], {}, keeping],
    ['nobody wants one', ['--no-pager'], { terminal: true }, keeping],
    ['the text fits', [], { terminal: true, rows: 2_000 }, keeping],
    ['it is JSON', ['--json'], { terminal: true }, keeping],
    ['it is HTML', ['--html'], { terminal: true }, keeping],
    ['PAGER is empty', [], { terminal: true }, ''],
    ['PAGER is cat', [], { terminal: true }, 'cat'],
  ] as const)('prints without a pager where %s', async (_why, words, options, command) => {
    const { code, stdout, paged } = await show(words, { ...options, environment: { PAGER: command } });
    expect([code, paged, stdout.length > 1_000]).toEqual([0, null, true]);
  });

  it('prints where there is no such pager', async () => {
    const { io } = openIo({ terminal: true, environment: { PAGER: '/nowhere/pager 2>/dev/null' } });
    await expect(page(io, { color: true }, 'x\n'.repeat(100), true)).resolves.toBe(false);
  });

  it('is content with a reader who leaves early', async () => {
    const { io } = openIo({ terminal: true, environment: { PAGER: 'true' } });
    await expect(page(io, { color: true }, 'x\n'.repeat(1_000_000), true)).resolves.toBe(true);
  });
});
