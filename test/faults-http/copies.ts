import type { ProxyMemory } from '../../src/sandbox/proxy/server.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** An AWS as it was at a moment: a forked emulator, and what the proxy remembered of it. */
export interface Copy {
  readonly emulator: string;
  readonly memory: ProxyMemory;
}

/** Whether the emulator can be forked (test/helpers/quick_server.py); else it is seeded for each point. */
export async function canCopy({ proxy }: Sandbox): Promise<boolean> {
  const port = await forked(proxy.emulator);
  if (port !== null) await forget(`http://127.0.0.1:${port}`);
  return port !== null;
}

/** Copies AWS as it is now. Nothing may be under way. */
export async function copyOf({ proxy }: Sandbox): Promise<Copy> {
  const memory = proxy.remember();
  return { emulator: await fork(proxy.emulator), memory };
}

/** A copy of a copy, to be changed in its place. */
export const again = async ({ emulator, memory }: Copy): Promise<Copy> => ({ emulator: await fork(emulator), memory });

async function fork(emulator: string): Promise<string> {
  const port = await forked(emulator);
  if (port === null) throw new Error(`the emulator at ${emulator} cannot be forked`);
  return `http://127.0.0.1:${port}`;
}

async function forked(emulator: string): Promise<number | null> {
  const answer = await fetch(`${emulator}/aiplan/fork`, { method: 'POST', headers: { connection: 'close' } });
  const text = await answer.text();
  return /^\{"port": \d+\}$/u.test(text) ? (JSON.parse(text) as { readonly port: number }).port : null;
}

/** Ends the emulator of a copy, in the middle of its answer. */
export async function forget(emulator: string): Promise<void> {
  await fetch(`${emulator}/aiplan/end`, { method: 'POST', headers: { connection: 'close' } }).then(
    (answer) => answer.text(),
    () => '',
  );
}
