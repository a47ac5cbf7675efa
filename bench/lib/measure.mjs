import { spawn } from 'node:child_process';

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
export const seconds = (milliseconds) => (milliseconds / 1000).toFixed(2);
export const ratio = (a, b) => (a / b).toFixed(2);

/**
 * Written by the measured process as it ends: peak memory in KiB and processor time in microseconds (libuv,
 * uv_getrusage).
 */
const usageReporter = `data:text/javascript,${encodeURIComponent(`
import { writeSync } from 'node:fs';
process.on('exit', () => { writeSync(3, JSON.stringify(process.resourceUsage())); });
`)}`;

const watcher = new URL('watch.mjs', import.meta.url).href;

/**
 * Runs Node once. Answers milliseconds from start to end, exit code, output, and with `usage` the peak resident size in
 * bytes and the milliseconds of processor time, with `watch` what `watch.mjs` noted. Throws where the exit code is not
 * among `codes`.
 */
export async function runNode(words, { cwd, env, usage = false, watch = false, codes = [0] } = {}) {
  const start = performance.now();
  const reporter = usage ? usageReporter : watch ? watcher : null;
  const child = spawn(process.execPath, [...(reporter === null ? [] : ['--import', reporter]), ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', reporter === null ? 'ignore' : 'pipe'],
  });
  const texts = ['', '', '', ''];
  for (const index of reporter === null ? [1, 2] : [1, 2, 3])
    child.stdio[index].on('data', (chunk) => {
      texts[index] += chunk;
    });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const milliseconds = performance.now() - start;
  if (!codes.includes(code))
    throw new Error(
      `exit code ${code} of: node ${words.join(' ')}\n${texts[2].slice(0, 2_000)}${texts[1].slice(0, 2_000)}`,
    );
  const { maxRSS = 0, userCPUTime = 0, systemCPUTime = 0 } = usage ? JSON.parse(texts[3]) : {};
  return {
    milliseconds,
    code,
    output: texts[1],
    bytes: maxRSS * 1024,
    processor: (userCPUTime + systemCPUTime) / 1000,
    ...(watch ? { watched: JSON.parse(texts[3]) } : {}),
  };
}

/** What the work answers, with the milliseconds that it took. */
export async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { milliseconds: performance.now() - start, ...result };
}

/** Prints a table of texts with columns as wide as they need. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd()}\n`,
    );
}

/** The machine, in one line: figures of two machines are not to be compared. */
export const machine = () => `Node ${process.versions.node}, ${process.platform} ${process.arch}`;

/** A count from the command line, by its place. */
export function countArgument(place, fallback) {
  const word = process.argv[2 + place];
  if (word === undefined) return fallback;
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`"${word}" is not a count`);
  return count;
}
