/** Something that the user has to do before it can go on: told in one line, without a stack trace. */
export class Stop extends Error {}

const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/**
 * Runs a piece of work and says so: what it is when it begins, and how long it took. On a terminal the line counts
 * seconds. Answers what the work answers; throws what it throws.
 */
export async function timed(what, work, stream = process.stderr) {
  const start = performance.now();
  const live = stream.isTTY === true;
  if (live) stream.write(`${what} …`);
  const ticking = live ? setInterval(() => stream.write(`\r${what} … ${seconds(start)}`), 1000) : undefined;
  try {
    const result = await work();
    stream.write(live ? `\r\u001b[K${what}: ${seconds(start)}\n` : `${what}: ${seconds(start)}\n`);
    return result;
  } catch (error) {
    if (live) stream.write('\r\u001b[K');
    stream.write(`${what}: failed after ${seconds(start)}\n`);
    throw error;
  } finally {
    clearInterval(ticking);
  }
}

/** Runs a script's main function; a Stop becomes one line and exit code 1. */
export async function runMain(main) {
  try {
    const code = await main();
    process.exitCode = code ?? 0;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
