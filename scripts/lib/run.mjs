import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Runs a program in the repository's folder. Answers its exit code and everything it wrote; with `show`, it writes to
 * this process's own streams and the output is empty. A program that cannot be started has code 127.
 */
export function run(program, words, { show = false, environment = {}, shell = false } = {}) {
  return new Promise((done) => {
    const child = spawn(program, words, {
      cwd: root,
      shell,
      env: { ...process.env, ...environment },
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    child.once('error', (error) => done({ code: 127, output: error.message }));
    child.once('close', (code, signal) => done({ code: code ?? (signal === null ? 1 : 130), output }));
  });
}

/** The same for a script of this repository or of a package, with this Node. */
export const runNode = (words, options) => run(process.execPath, words, options);
