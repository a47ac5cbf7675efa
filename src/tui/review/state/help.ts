import { blank, row, span, type Row } from '../../../views/base/rows.ts';

const keys: readonly (readonly [string, string] | null)[] = [
  ['↑ ↓, j k', 'one step or line up or down'],
  ['page ↑ ↓, space, b', 'a page up or down'],
  ['home, end, g, G', 'to the beginning, to the end'],
  ['enter, →', 'the selected step; Esc or ← goes back'],
  ['tab, ⇧tab, 1-5', 'Changes, Evidence, Recovery, Calls, Depends'],
  null,
  ['d', 'only destructions; again: all steps'],
  ['/', 'search addresses, types, identities, tags and values'],
  ['n, N', 'next and previous match; without a search the next step that waits for its confirmation'],
  ['f', 'filter by action or type; Esc ends search and filter'],
  ['e', 'expand all: the changes of each step in the list'],
  ['u', 'show or hide what stays unchanged'],
  null,
  ['c', 'confirm the selected destruction or grant: read its card to the end, then type what it asks for'],
  ['r', 'reject the selected step: it leaves the plan, and what depended on it is planned again'],
  ['a', 'go on to the summary, when everything is confirmed'],
  ['q', 'leave without approving'],
  null,
  ['Ctrl-C', 'leave at once without approving'],
  ['Ctrl-Z', 'back to the shell for a while; fg comes back here'],
  ['Ctrl-L', 'draw the screen anew'],
];

/** The keys, and the meaning of the signs. */
export const helpRows: readonly Row[] = [
  row(0, span('Keys', 'title')),
  ...keys.map((entry) => (entry === null ? blank : row(2, span(entry[0].padEnd(20), 'title'), entry[1]))),
  blank,
  row(0, span('Signs', 'title')),
  row(
    2,
    span('- delete   ± replace', 'destroy'),
    '   ',
    span('~ update', 'change'),
    '   ',
    span('+ create', 'create'),
    '   ',
    span('= unchanged', 'muted'),
  ),
  row(2, '[ ] waits for a confirmation   [x] confirmed   / found by the search'),
  row(2, 'Words of the plan stand in quotation marks and are called a claim. Everything else was read from AWS.'),
  row(2, 'Pasted text never confirms anything, and neither do two characters that come at once.'),
];
