import { createServer, connect, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { seed } from '../../src/sandbox/seed.ts';
import type { Fault, SeenRequest } from '../../src/sandbox/proxy/faults.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { ensureBuilt, openCli, type Cli } from './cli.ts';
import { clientsOf, startTestSandbox } from './sandbox.ts';

export const fixtureFolder = fileURLToPath(new URL('../../fixtures/course-platform', import.meta.url));
/** One of everything, quickly made. */
export const smallFolder = fileURLToPath(new URL('../cli/small-account', import.meta.url));

/** A seeded account in a sandbox of its own, and machines that talk to it. */
export interface Account {
  readonly sandbox: Sandbox;
  readonly endpoint: string;
  /** Identity by the fixture's name. */
  readonly names: Readonly<Record<string, string>>;
  readonly clients: ReturnType<typeof clientsOf>;
  cli(endpoint?: string): Cli;
  /** The text of a change plan for this account; `resources` as YAML, one entry to a line. */
  plan(name: string, ...resources: readonly string[]): string;
  /** Operations that change something, as the proxy saw them since `start` (a number of requests). */
  mutations(start?: number): readonly string[];
  requestCount(): number;
  /** Answers every request for which `which` is true with a fault, until the answer is called. */
  breaks(which: (request: SeenRequest) => boolean, fault: Fault): () => void;
  stop(): Promise<void>;
}

/** Builds the program, starts a sandbox and seeds a fixture's folder. */
export async function openAccount(folder: string): Promise<Account> {
  const [sandbox] = await Promise.all([startTestSandbox({ pace: { reads: 1, milliseconds: 50 } }), ensureBuilt()]);
  const clients = clientsOf(sandbox.endpoint);
  const { names } = await seed(sandbox.endpoint, folder);
  const machines: Cli[] = [];
  return {
    sandbox,
    endpoint: sandbox.endpoint,
    names,
    clients,
    cli(endpoint = sandbox.endpoint) {
      const machine = openCli(endpoint);
      machines.push(machine);
      return machine;
    },
    plan: (name, ...resources) =>
      `aiplan: 1\nname: ${name}\nintent: A test.\ntarget: { account: "${names['Account'] ?? ''}", region: ${names['Region'] ?? ''} }\nresources:\n${resources.map((entry) => `  ${entry}\n`).join('')}`,
    mutations: (start = 0) =>
      sandbox.proxy.requests
        .slice(start)
        .filter(({ mutating }) => mutating)
        .map(({ service, operation }) => `${service}:${operation}`),
    requestCount: () => sandbox.proxy.requests.length,
    breaks: (which, fault) => sandbox.proxy.onRequest((request) => (which(request) ? fault : undefined)),
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      for (const machine of machines) machine.close();
      await sandbox.stop();
    },
  };
}

/** A wire to an endpoint that can be cut: then nothing answers, and open connections break. */
export interface Wire {
  readonly endpoint: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function openWire(endpoint: string): Promise<Wire> {
  const { hostname, port: far } = new URL(endpoint);
  const open = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket));
    return socket;
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((done, fail) => {
      const server = createServer((near) => {
        const other = track(connect(Number(far), hostname));
        track(near).pipe(other).pipe(near);
        near.once('close', () => other.destroy());
        other.once('close', () => near.destroy());
      });
      server.once('error', fail).listen(port, '127.0.0.1', () => done(server));
    });
  let server: Server | null = await listen(0);
  const { port } = server.address() as { port: number };
  const cut = async (): Promise<void> => {
    const was = server;
    server = null;
    if (was === null) return;
    const closed = new Promise((done) => {
      was.close(done);
    });
    for (const socket of open) socket.destroy();
    await closed;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    cut,
    close: cut,
    async mend() {
      server ??= await listen(port);
    },
  };
}
