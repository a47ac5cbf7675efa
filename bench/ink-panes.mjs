#!/usr/bin/env node
// The price of a frame when Ink lays out its panes, beside a frame of which Ink draws only the new lines, as the
// screen does; CPU milliseconds a frame and their ratio. Prints, judges nothing. node bench/ink-panes.mjs
import { Box, render, Text } from 'ink';
import { createElement as element } from 'react';

const warmUp = 30;
const frames = 100;

/** A line of `width` columns with colours, another one for each `seed`. */
function line(width, seed) {
  let text = '';
  for (let column = 0, word = 0; column < width - 12; word += 1) {
    const part = `word${(seed * 7 + word) % 97} `;
    text += word % 3 === 0 ? `\u001b[3${1 + (word % 6)}m${part}\u001b[39m` : part;
    column += part.length;
  }
  return text;
}

const texts = (count, width, seed) =>
  Array.from({ length: count }, (_, index) =>
    element(Text, { key: index, wrap: 'truncate' }, line(width, index + seed)),
  );

/** Header, list and step side by side, footer: as components that Yoga places. */
function panes(seed, { columns, rows }) {
  const left = Math.min(76, Math.floor(columns * 0.42));
  const room = rows - 5;
  return element(
    Box,
    { flexDirection: 'column', width: columns, height: rows - 1 },
    element(Box, { flexDirection: 'column' }, ...texts(2, columns, seed)),
    element(
      Box,
      { height: room },
      element(Box, { flexDirection: 'column', width: left }, ...texts(room, left, seed)),
      element(Box, { flexDirection: 'column', width: 3 }, ...texts(room, 3, 0)),
      element(Box, { flexDirection: 'column', flexGrow: 1 }, ...texts(room, columns - left - 3, seed)),
    ),
    element(Box, { flexDirection: 'column' }, ...texts(2, columns, 0)),
  );
}

/** The two lines that differ when the cursor moves by one. */
const newLines = (seed, { columns }) =>
  element(Box, { flexDirection: 'column', width: columns }, ...texts(2, columns, seed));

function measure(frame, size) {
  const stdout = { ...size, writable: true, write: (_, done) => (done?.(), true), on: () => stdout, off: () => stdout };
  const options = { stdin: process.stdin, stdout, debug: true, exitOnCtrlC: false, patchConsole: false };
  const app = render(frame(0, size), options);
  for (let seed = 1; seed < warmUp; seed += 1) app.rerender(frame(seed, size));
  const before = process.cpuUsage();
  for (let seed = 0; seed < frames; seed += 1) app.rerender(frame(warmUp + seed, size));
  const { user, system } = process.cpuUsage(before);
  app.unmount();
  return (user + system) / 1_000 / frames;
}

for (const size of [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
]) {
  const [whole, fresh] = [measure(panes, size), measure(newLines, size)];
  process.stdout.write(
    `${size.columns}×${size.rows}: panes ${whole.toFixed(1)} ms, new lines ${fresh.toFixed(1)} ms: ${(whole / fresh).toFixed(0)} times\n`,
  );
}
process.exit(0);
