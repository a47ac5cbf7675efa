import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A Python that starts the emulator faster, because it has loaded it already (test/helpers/warm-python.py). Answers the
 * command that stands for `python`, and what ends it; `python` itself where it cannot be had. On Linux only: elsewhere
 * a process that has loaded so much is not safe to fork.
 */
export async function warmPython(python) {
  const cold = {
    python,
    end() {
      /* nothing was started */
    },
  };
  if (process.platform !== 'linux') return cold;
  // What is called Python may be a script that looks for it.
  const { code, output } = await run(python, ['-c', 'import sys; print(sys.executable)']);
  const real = output.trim();
  if (code !== 0 || real === '') return cold;
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-python-'));
  const [script, socket, command] = [
    inRoot('test', 'helpers', 'warm-python.py'),
    join(folder, 'socket'),
    join(folder, 'python3'),
  ];
  writeFileSync(command, `#!/bin/sh\nexec ${[real, '-S', script, 'ask', socket, real].map(quoted).join(' ')} "$@"\n`);
  chmodSync(command, 0o755);
  const server = spawn(real, [script, 'serve', socket], { stdio: ['pipe', 'pipe', 'ignore'] });
  const end = () => {
    server.stdin.end();
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = await new Promise((done) => {
    server.once('error', () => done(false)).once('exit', () => done(false));
    server.stdout.once('data', () => done(true));
  });
  if (ready) return { python: command, end };
  end();
  return cold;
}
