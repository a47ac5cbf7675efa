import { spawn } from 'node:child_process';

/**
 * Starts a Chromium and speaks the DevTools protocol with it over two pipes: JSON messages that end in a zero byte
 * (https://chromedevtools.github.io/devtools-protocol/). Answers `send(method, parameters, session?)`, `on(listener)`
 * for events, `gone` (a promise of why it ended) and `close()`.
 */
export function startChromium(program, words, environment) {
  const child = spawn(program, [...words, '--remote-debugging-pipe'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: environment,
  });
  const [, , complaints, to, from] = child.stdio;
  const waiting = new Map();
  const listeners = new Set();
  let said = '';
  let rest = '';
  let last = 0;
  complaints.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-2_000);
  });
  const gone = new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) =>
      done(`the browser ended with ${code ?? signal}${said === '' ? '' : `: ${said.trim()}`}`),
    );
  });
  void gone.then((why) => {
    for (const { fail } of waiting.values()) fail(new Error(why));
    waiting.clear();
  });
  to.on('error', () => {
    /* The browser ended: `gone` says so to whoever waits. */
  });
  from.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop();
    for (const part of parts) receive(JSON.parse(part));
  });
  const receive = (message) => {
    const asked = waiting.get(message.id);
    if (asked === undefined) for (const listener of listeners) listener(message);
    else {
      waiting.delete(message.id);
      if (message.error === undefined) asked.done(message.result);
      else asked.fail(new Error(`${asked.method}: ${message.error.message}`));
    }
  };
  return {
    gone,
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(method, params = {}, sessionId = undefined) {
      if (child.exitCode !== null || child.signalCode !== null)
        return gone.then((why) => {
          throw new Error(why);
        });
      last += 1;
      const id = last;
      return new Promise((done, fail) => {
        waiting.set(id, { method, done, fail });
        to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      });
    },
    async close() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
