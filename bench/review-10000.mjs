#!/usr/bin/env node
// How long the review screen takes from a key to its next lines, on a plan of many steps. Usage: node bench/review-10000.mjs [steps]
import { countArgument, machine, median, table } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';
import { sample, yaml } from './lib/sample.mjs';

const count = countArgument(0, 10_000);
const size = { columns: 120, rows: 40 };
const now = Date.parse('2026-01-01T00:00:00Z');

await inTemporaryFolder(async (folder) => {
  const { parseChangePlan, plan, resourceTypes: types, loadSchema: schemas, defaults, frame, openReview, reduce } = await loadProgram(folder);
  const { changePlan, live } = sample(count);
  const text = yaml(changePlan);
  const made = plan({ changePlan: parseChangePlan(text, { file: 'change.yaml', schemas, types }).changePlan, text, live, types, schemas, configuration: defaults, now: new Date(now).toISOString() }).plan;
  // Every other step asks for a confirmation: far more than a person could give, but the screen must bear it.
  const reviewed = { ...made, recorded: false, steps: made.steps.map((step, index) => (index % 2 === 0 ? { ...step, confirm: 'x', destruction: { loses: ['a protection'] } } : step)) };

  const taken = new Map();
  const measured = (what, work) => {
    const start = performance.now();
    const result = work();
    taken.set(what, [...(taken.get(what) ?? []), performance.now() - start]);
    return result;
  };
  const draw = (state) => frame(state, size, 'T0', now);
  const press = (what, state, event) => measured(what, () => { const next = reduce(state, event, () => 'sha256:shown'); draw(next); return next; });
  const repeat = (times, what, state, event) => { for (let done = 0; done < times; done += 1) state = press(what, state, event); return state; };
  const character = (one) => ({ kind: 'character', character: one });

  let state = measured('open, first frame', () => { const opened = openReview(reviewed, 'apply'); draw(opened); return opened; });
  state = repeat(100, 'list: down', state, { kind: 'down' });
  state = repeat(100, 'list: next open', state, character('n'));
  state = repeat(20, 'list: end and home', press('list: end and home', state, { kind: 'end' }), { kind: 'home' });
  state = press('card: open', state, { kind: 'enter' });
  state = repeat(100, 'card: scroll', state, { kind: 'down' });
  state = press('card: back', state, { kind: 'escape' });
  while (state.confirmations.size < Math.ceil(count / 2)) {
    state = press('confirm: begin', state, character('c'));
    state = press('confirm: type', state, character('x'));
    state = press('confirm: enter', state, { kind: 'enter' });
  }
  state = press('summary: open', state, character('a'));
  state = repeat(100, 'summary: scroll', state, { kind: 'down' });
  state = repeat(10, 'summary: type', state, character('y'));
  if (state.screen !== 'summary') throw new Error(`the session ended on "${state.screen}"`);

  const shown = (milliseconds) => milliseconds.toFixed(2);
  process.stdout.write(`${count} steps, ${state.confirmations.size} confirmations, ${size.columns} columns and ${size.rows} rows; ${machine()}\n`);
  table([['', 'keys', 'median ms', 'worst ms'], ...[...taken].map(([what, times]) => [what, String(times.length), shown(median(times)), shown(Math.max(...times))]), ['aim', '', '', '50.00']]);
});
