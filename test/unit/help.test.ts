import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { resourceTypes } from '../../providers/index.ts';
import { exitCodes } from '../../src/base/error.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { documents, read } from '../helpers/documents.ts';

const program = buildProgram('0', () => async () => undefined);

/** The help of `aiplan` as a person sees it, without colours. */
function help(): string {
  let text = '';
  program.configureOutput({ writeOut: (more) => void (text += more) });
  program.outputHelp();
  return text;
}

/** Words behind `aiplan` in a document: a span of code or a line of one; up to what is no command line any more. */
const commandLines = (text: string): readonly string[] =>
  [...text.matchAll(/(?:^ {4}|`)(?:npx --no-install )?aiplan ((?:[^`\n#;|]|\\\|)+)/gmu)].map(([, words = '']) =>
    words.replaceAll('\\|', '|').trim(),
  );
/** The first cells of the table of commands in README.md, of which each span is a command line without `aiplan`. */
const tabled = (/## Commands\n([^]*?)\n\nCommon/u.exec(read('README.md'))?.[1] ?? '')
  .split('\n')
  .flatMap((line) =>
    [...(/^\| (.*?) \| /u.exec(line)?.[1] ?? '').matchAll(/`((?:[^`])+)`/gu)].map(([, span = '']) => span),
  )
  .filter((span) => span !== 'command' && !span.startsWith('--'));

/** Everything about a command line that the program does not have. */
function unknownIn(line: string): readonly string[] {
  const [verb = '', second = ''] = line.replaceAll(/[[\]]/gu, '').split(/\s+/u);
  // `aiplan/1.2`, `aiplan` alone and its options.
  if (!/^[a-z]+$/u.test(verb)) return optionsIn(line).filter((option) => !knows(program, option));
  const command = program.commands.find((one) => one.name() === verb);
  if (command === undefined) return verb === 'complete' ? [] : [verb];
  const inner = command.commands.find((one) => one.name() === second);
  const known = [program, command, ...(inner === undefined ? [] : [inner])];
  return optionsIn(line).filter((option) => !known.some((one) => knows(one, option)));
}

const optionsIn = (line: string): readonly string[] => line.match(/(?<![\w-])--?[a-z][a-z-]*/gu) ?? [];
const knows = (command: Command, option: string): boolean =>
  option === '--version' ||
  option === '--help' ||
  command.options.some(({ long, short }) => long === option || short === option);

describe('the help and the documents', () => {
  it('name commands and options that the program has', () => {
    const lines = documents.flatMap((path) => commandLines(read(path)).map((line) => [path, line] as const));
    expect(lines.length).toBeGreaterThan(30);
    expect(tabled.length).toBeGreaterThan(20);
    const wrong = [
      ...lines,
      ...tabled.map((line) => ['README.md', line] as const),
      ...commandLines(
        help()
          .replaceAll(/^ {2}aiplan/gmu, '    aiplan')
          .replaceAll(/ {3,}(?=[a-z])/gu, ' #'),
      ).map((line) => ['--help', line] as const),
    ].flatMap(([path, line]) => unknownIn(line).map((word) => `${path}: ${line}: ${word}`));
    expect(wrong).toEqual([]);
    expect([unknownIn('frobnicate X'), unknownIn('plan X --nothing'), unknownIn('audit verify --by X')]).toEqual([
      ['frobnicate'],
      ['--nothing'],
      [],
    ]);
  });

  it('the table of README.md has every command, and says every option of all of them', () => {
    const verbs = new Set(tabled.map((line) => line.split(/\s+/u)[0]));
    expect(program.commands.map((command) => command.name()).filter((name) => !verbs.has(name))).toEqual([]);
    const common = /Common options: ([^.]*)\./u.exec(read('README.md'))?.[1] ?? '';
    expect(
      program.options.map(({ long }) => long).filter((long) => long !== '--version' && !common.includes(`\`${long}\``)),
    ).toEqual([]);
  });

  it('have examples, and every exit code', () => {
    const text = help();
    expect(text.match(/^ {2}aiplan /gmu)?.length).toBeGreaterThan(3);
    for (const code of Object.values(exitCodes)) expect(text).toMatch(new RegExp(`\\b${code} `, 'u'));
  });

  it('README.md names the types that can be changed, and those that can be looked up', () => {
    const [, managed = '', looked = ''] =
      /^Resource types: ([^]*?); to look up and refer\s+to: ([^]*?)\.\n/mu.exec(read('README.md')) ?? [];
    const namesIn = (text: string): readonly string[] => (text.match(/AWS::\w+::\w+/gu) ?? []).toSorted();
    const are = (isManaged: boolean): readonly string[] =>
      resourceTypes.all
        .filter((type) => type.managed === isManaged)
        .map(({ type }) => type)
        .toSorted();
    expect(namesIn(managed)).toEqual(are(true));
    expect(namesIn(looked)).toEqual(are(false));
  });
});
