import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../src/cli/context/io.ts';
import { textsAsPlanned, textsBeside } from '../../src/cli/context/texts.ts';
import type { PlannedText } from '../../src/domain/plan.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'aiplan-texts-')));
  for (const name of ['infra', 'elsewhere', 'plans']) mkdirSync(join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const io = (current: string): Io => ({ current: join(folder, current) }) as unknown as Io;
const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);

/** The text `boot.sh` beside infra/plan.yaml, as a plan remembers it. */
function planned(text = 'planned\n'): PlannedText {
  write('infra/boot.sh', text);
  const texts = textsBeside(io('.'), 'infra/plan.yaml');
  expect(texts.read('boot.sh')).toBe(text);
  const [only, ...more] = [...texts.seen.values()];
  expect(more).toEqual([]);
  return only as PlannedText;
}

describe('the texts of a plan that is taken up again', () => {
  it('are remembered by where they were and by a salted digest, never by what they say', () => {
    expect(planned('canary\n')).toEqual({
      path: 'boot.sh',
      file: join(folder, 'infra/boot.sh'),
      digest: expect.stringMatching(/^hmac:[0-9a-f]{8}:[0-9a-f]{32}$/u),
    });
    expect(planned('canary\n').digest).not.toBe(planned('other\n').digest);
  });

  it('are those that were planned, from wherever the person works', () => {
    const texts = [planned()];
    write('elsewhere/boot.sh', 'another\n');
    for (const [current, file] of [
      ['.', 'run 1'],
      ['elsewhere', 'run 1'],
      ['elsewhere', '../plans/plan.json'],
    ] as const) {
      const source = textsAsPlanned(io(current), { texts }, file, 'or x');
      expect(source.read('boot.sh')).toBe('planned\n');
      expect([...source.seen.values()]).toEqual(texts);
    }
  });

  it('are found beside the plan file or in the current folder where they are no longer where they were: on another machine', () => {
    const texts = [planned()];
    rmSync(join(folder, 'infra'), { recursive: true });
    write('elsewhere/boot.sh', 'planned\n');
    expect(textsAsPlanned(io('elsewhere'), { texts }, 'run 1', 'or x').read('boot.sh')).toBe('planned\n');
    expect(textsAsPlanned(io('.'), { texts }, 'elsewhere/plan.json', 'or x').read('boot.sh')).toBe('planned\n');
  });

  it('that are other ones now are named, and nothing is taken in their place', () => {
    const texts = [planned()];
    write('infra/boot.sh', 'changed\n');
    write('elsewhere/boot.sh', 'another\n');
    const taken = (): unknown => textsAsPlanned(io('elsewhere'), { texts }, 'run 1', 'or undo the run');
    expect(taken).toThrow(
      expect.objectContaining({
        code: 'text-changed',
        exitCode: 4,
        message: '"boot.sh" is not what it was when the plan was made',
        where: join(folder, 'infra/boot.sh'),
        help: expect.stringMatching(/nothing was changed.*or undo the run/u),
      }),
    );
    rmSync(join(folder, 'elsewhere/boot.sh'));
    rmSync(join(folder, 'infra/boot.sh'));
    expect(taken).toThrow(
      expect.objectContaining({ code: 'text-changed', message: expect.stringContaining('is not there any more') }),
    );
    // Neither a folder nor anything that is no file is read.
    mkdirSync(join(folder, 'infra/boot.sh'));
    symlinkSync('/dev/zero', join(folder, 'elsewhere/boot.sh'));
    expect(taken).toThrow(expect.objectContaining({ code: 'text-changed' }));
  });

  it('do not let a plan file name a file of the machine: what it does not know already counts for nothing', () => {
    write('secret', 'the canary\n');
    const { digest } = planned();
    const forged = { path: 'boot.sh', file: join(folder, 'secret'), digest };
    expect(textsAsPlanned(io('.'), { texts: [forged] }, 'infra/plan.json', 'or x').read('boot.sh')).toBe('planned\n');
    rmSync(join(folder, 'infra/boot.sh'));
    expect(() => textsAsPlanned(io('.'), { texts: [forged] }, 'infra/plan.json', 'or x')).toThrow(
      expect.objectContaining({ code: 'text-changed', message: expect.not.stringContaining('canary') }),
    );
    // What a plan file does not list is read as for a change plan: beside it and nowhere else.
    write('infra/more.sh', 'more\n');
    expect(textsAsPlanned(io('.'), {}, 'infra/plan.json', 'or x').read('more.sh')).toBe('more\n');
    expect(() => textsAsPlanned(io('.'), {}, 'infra/plan.json', 'or x').read('../secret')).toThrow(
      expect.objectContaining({ code: 'text-outside' }),
    );
  });
});
