#!/usr/bin/env node
// How long the review screen takes from a key to what is written to the terminal, on a plan of many steps; and its
// memory.
// Usage: node bench/review-10000.mjs [steps] [columns] [rows]
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { countArgument, machine, median, table } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';
import { sample, yaml } from './lib/sample.mjs';

const count = countArgument(0, 10_000);
const size = { columns: countArgument(1, 120), rows: countArgument(2, 40) };
const now = Date.parse('2026-01-01T00:00:00Z');

const [, , ...words] = process.argv;
if (words[3] === 'measure') await measure(words[4]);
else {
  await inTemporaryFolder(async (folder) => {
    const { parseChangePlan, plan, resourceTypes: types, loadSchema: schemas, defaults } = await loadProgram(folder);
    const { changePlan, live } = sample(count);
    const text = yaml(changePlan);
    const made = plan({
      changePlan: parseChangePlan(text, { file: 'change.yaml', schemas, types }).changePlan,
      text,
      live,
      types,
      schemas,
      configuration: defaults,
      now: new Date(now).toISOString(),
    }).plan;
    // Every hundredth step asks for a confirmation, and the rest is what a person looks through.
    const steps = made.steps.map((step, index) => ({
      ...step,
      blocked: false,
      ...(index % 100 === 0 ? { confirm: 'x', destruction: { loses: ['a protection'] } } : {}),
    }));
    writeFileSync(
      join(folder, 'plan.json'),
      JSON.stringify({ ...made, recorded: false, findings: [], steps, summary: { ...made.summary, blocked: 0 } }),
    );
    // In a process of its own, that making the plan does not count as memory of the screen.
    const { status } = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        fileURLToPath(import.meta.url),
        String(count),
        String(size.columns),
        String(size.rows),
        'measure',
        folder,
      ],
      { stdio: 'inherit' },
    );
    process.exitCode = status ?? 1;
  });
}

async function measure(folder) {
  const { noKnowledge, openCanvas, repaint, reviewScene } = await import(
    pathToFileURL(join(folder, 'program', 'entry.mjs')).href
  );
  const reviewed = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
  // The file itself is no part of the screen; after this nobody tidies up but Node by itself.
  globalThis.gc();
  const taken = new Map();
  const note = (what, milliseconds) => taken.set(what, [...(taken.get(what) ?? []), milliseconds]);
  const started = performance.now();
  const { scene } = reviewScene({
    plan: reviewed,
    purpose: 'apply',
    tier: 'T0',
    maxConfirmations: count,
    knowledge: noKnowledge,
    now: () => now,
    replan: null,
  });
  const canvas = openCanvas(new PassThrough(), true);
  let onScreen = null;
  let highest = 0;
  let frame = [];
  const draw = () => {
    frame = scene.frame(size, now);
    const lines = canvas.lines(frame, size);
    const codes = repaint(onScreen, lines);
    onScreen = lines;
    return codes;
  };
  draw();
  note('open, first frame', performance.now() - started);
  const shown = () =>
    frame.map(({ indent, spans }) => ' '.repeat(indent) + spans.map((part) => part.text).join('')).join('\n');
  const press = (what, event) => {
    const start = performance.now();
    scene.handle(typeof event === 'string' ? { kind: 'character', character: event } : event);
    draw();
    note(what, performance.now() - start);
    highest = Math.max(highest, process.memoryUsage().rss);
  };
  const repeat = (times, what, event) => {
    for (let done = 0; done < times; done += 1) press(what, event);
  };
  const key = (kind) => ({ kind });
  const type = (what, word) => {
    for (const character of word) press(what, character);
  };

  // As at the screen: between the keys the program has time.
  type('search: first key, at once', '/s');
  for (let done = 0; done < 2_000; done += 1) await new Promise((next) => setImmediate(next));
  type('search: type', 'ubnet 10.0');
  press('search: enter', key('enter'));
  repeat(50, 'search: n', 'n');
  press('search: leave', key('escape'));
  type('search: type', '/nothing-holds-this');
  press('search: leave', key('escape'));
  repeat(100, 'list: down', key('down'));
  repeat(50, 'list: page down', key('page-down'));
  repeat(20, 'list: end', key('end'));
  repeat(20, 'list: home', key('home'));
  repeat(100, 'list: next open', 'n');
  repeat(20, 'list: expand all', 'e');
  repeat(20, 'list: unchanged', 'u');
  repeat(20, 'list: destructions', 'd');
  for (let done = 0; done < 10; done += 1) {
    press('filter: open', 'f');
    press('filter: move', key('end'));
    press('filter: choose', key('enter'));
    press('filter: leave', key('escape'));
  }
  repeat(50, 'tabs', key('tab'));
  press('detail: open', key('enter'));
  repeat(100, 'detail: scroll', key('down'));
  press('detail: back', key('escape'));
  for (let confirmed = 0; confirmed < Math.ceil(count / 100); confirmed += 1) {
    if (confirmed === 0) repeat(1, 'list: next open', 'n');
    press('confirm: card', 'c');
    while (!/^> /mu.test(shown())) press('confirm: read', key('page-down'));
    press('confirm: type', 'x');
    press('confirm: enter', key('enter'));
  }
  press('summary: open', 'a');
  repeat(50, 'summary: scroll', key('page-down'));
  repeat(5, 'summary: end', key('end'));
  type('summary: type', 'almost');
  if (!/^> almost/mu.test(shown())) throw new Error(`the session ended on:\n${shown()}`);
  canvas.close();

  const written = (milliseconds) => milliseconds.toFixed(2);
  const all = [...taken].filter(([what]) => what !== 'open, first frame').flatMap(([, times]) => times);
  process.stdout.write(`${count} steps, ${size.columns} columns and ${size.rows} rows; ${machine()}\n`);
  table([
    ['', 'keys', 'median ms', 'worst ms', 'aim'],
    ...[...taken].map(([what, times]) => [
      what,
      String(times.length),
      written(median(times)),
      written(Math.max(...times)),
      what === 'open, first frame' ? '300' : '50',
    ]),
    ['all keys', String(all.length), written(median(all)), written(Math.max(...all)), '50'],
  ]);
  process.stdout.write(`memory of the process at its highest: ${(highest / 1e6).toFixed(0)} MB (aim 250)\n`);
}
