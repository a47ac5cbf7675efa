import { afterAll, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { copied } from '../../src/sandbox/proxy/protocol/copied.ts';
import { newBucket, newWorld } from '../../src/sandbox/proxy/protocol/emulator-state.ts';
import { startProxy } from '../../src/sandbox/proxy/server.ts';

it('a copy of what the proxy remembers shares nothing that can change', async () => {
  const world = newWorld('123456789012', 'eu-west-1', { reads: 2, milliseconds: 1_000 }, () => 0);
  world.transitions.begin('i-1', 'pending', 'running');
  world.settings.set('i-1/credits', 'unlimited');
  world.databases.set('db', { resourceId: 'db-1', fields: { Engine: 'postgres' }, pending: {}, roles: {} });
  world.tokens.set('t', { fingerprint: 'f', answer: Promise.resolve('a') });
  const copy = copied({ world, buckets: new Map([['b', newBucket('eu-west-1')]]) });
  world.transitions.end('i-1');
  world.settings.clear();
  const database = world.databases.get('db');
  if (database !== undefined) database.fields['Engine'] = 'mysql';
  expect(copy.world.transitions.peek('i-1')).toBe('pending');
  expect([...copy.world.settings]).toEqual([['i-1/credits', 'unlimited']]);
  expect(copy.world.databases.get('db')?.fields).toEqual({ Engine: 'postgres' });
  expect(await copy.world.tokens.get('t')?.answer).toBe('a');
  expect(copy.buckets.get('b')).toEqual(newBucket('eu-west-1'));
});

const emulators: Server[] = [];
afterAll(() => {
  for (const emulator of emulators) emulator.close();
});

/** Says its name to whatever is asked. */
async function emulator(name: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('connection', 'close').end(name));
  emulators.push(server);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('the proxy turns to another emulator, and back to what it remembered', async () => {
  const [first, second] = [await emulator('first'), await emulator('second')];
  const proxy = await startProxy({ emulator: first });
  try {
    const says = async (): Promise<string> => (await fetch(`${proxy.endpoint}/moto-api/who`)).text();
    const age = (id: string): Promise<Response> =>
      fetch(`${proxy.endpoint}/_sandbox/age`, { method: 'POST', body: JSON.stringify([{ id, time: '2026-01-01' }]) });
    await age('i-1');
    const before = proxy.remember();
    await age('i-2');
    expect([await says(), proxy.emulator, proxy.active]).toEqual(['first', first, 0]);
    proxy.turnTo(second, before);
    expect([await says(), proxy.emulator]).toEqual(['second', second]);
    expect([...proxy.remember().ages.keys()]).toEqual(['i-1']);
    await age('i-3');
    // What was remembered is not what goes on.
    expect([...before.ages.keys()]).toEqual(['i-1']);
  } finally {
    await proxy.close();
  }
});
