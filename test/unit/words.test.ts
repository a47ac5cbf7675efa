import { describe, expect, it } from '@jest/globals';
import { readSource, readSources } from '../helpers/source-tree.ts';

/** Words that were coined here once, and the field's word for each. */
const coined: readonly (readonly [RegExp, string])[] = [
  [/\bways? back\b/u, 'undo, rollback'],
  [/\b(?:take[ns]?|took|taking) (?:\S+ ){0,4}back\b/iu, 'undo'],
  [/\b(?:made|makes (?:it|them)) anew\b/u, 'recreate'],
  [/\b(?:is|are|was|were) told\b|\btold of\b/u, 'is reported, is sent to'],
  [/\b(?:go|goes|gone|going|went) on with\b/iu, 'resume, continue'],
  [/\bhalf way\b/iu, 'partly done'],
  [/\b(?:is|are) wanted\b/u, 'is expected'],
  [/\black(?:s|ing)?\b/u, 'has no, is missing'],
  [/\bmade quiet\b/u, 'stopped, closed to writes'],
  [/\bcannot be changed so\b/u, 'cannot be changed like this'],
  [/\b(?<!-)caller\b/u, 'these credentials'],
  [/(?:^|[.:!?] )What\b(?![^.:]*\?)/u, 'the thing that it is about'],
];

const faultsOf = (text: string): readonly string[] =>
  coined.filter(([pattern]) => pattern.test(text)).map(([, better]) => `${text} → ${better}`);

describe('the texts of the program', () => {
  it("have the field's words, and no sentence that begins with What", () => {
    const wrong = readSources('src', 'providers').flatMap(({ path, texts }) =>
      texts.flatMap(faultsOf).map((fault) => `${path}: ${fault}`),
    );
    // The name of a command of AWS's own.
    expect(wrong.filter((fault) => !fault.includes('aws sts get-caller-identity'))).toEqual([]);
  });

  it.each([
    ["const a = 'the run was taken back';", 1],
    ["const a = 'it is. What stays is listed';", 1],
    ['const a = `run ${a} is gone on with by ${b}`;', 1],
    ["const a = 'What next?'; // What a comment says, and goes on with", 0],
    ["import { caller } from './caller.ts'; const a = 'whatever the callers want back';", 0],
    ['const a = <Box>a map is wanted here</Box>;', 1],
  ])('are found wherever they stand: %s', (text, faults) => {
    expect(readSource('src/a.tsx', text).texts.flatMap(faultsOf)).toHaveLength(faults);
  });
});
