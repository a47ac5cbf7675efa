import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { takeAutomatedSnapshot } from './rds/automated.ts';
import type { SeenRequest } from './faults.ts';
import type { Upstream } from './protocol/correction.ts';
import type { EmulatorState } from './protocol/emulator-state.ts';

export interface Controls {
  readonly token: string;
  readonly account: string;
  /** Times that stand for AWS's own, by id; see `age` below. */
  readonly ages: Map<string, string>;
  readonly requests: readonly SeenRequest[];
  worldOf(region: string): EmulatorState;
  sendFor(region: string): Upstream;
  stop(): void;
}

/**
 * Requests to the sandbox itself, which no AWS service has:
 *   GET  /_sandbox/status             who this is
 *   GET  /_sandbox/requests           what was asked so far
 *   POST /_sandbox/age [{ id, time }]: AWS sets creation times itself; a fixture's are shown in their place.
 *        ids: EC2 ids, `db/NAME`, `snapshot/NAME`, `bucket/NAME`, `object/BUCKET/KEY` with `?VERSION` or without
 *   POST /_sandbox/automated-snapshot { region, instance, time }: the daily snapshot that AWS would have taken then
 *   POST /_sandbox/stop               with the token: end the sandbox
 */
export async function answerControl(
  incoming: IncomingMessage,
  response: ServerResponse,
  controls: Controls,
): Promise<void> {
  const reply = (status: number, value: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const body = (await buffer(incoming)).toString('utf8');
  try {
    switch (`${incoming.method} ${incoming.url}`) {
      case 'GET /_sandbox/status':
        return reply(200, {
          sandbox: 'aiplan',
          pid: process.pid,
          account: controls.account,
          tokenMatches: hasToken(incoming, controls),
        });
      case 'GET /_sandbox/requests':
        return reply(200, controls.requests);
      case 'POST /_sandbox/age': {
        for (const { id, time } of agesIn(body)) controls.ages.set(id, time);
        return reply(200, {});
      }
      case 'POST /_sandbox/automated-snapshot': {
        const { region, instance, time } = JSON.parse(body) as { region: string; instance: string; time: string };
        const shown = await takeAutomatedSnapshot(
          controls.worldOf(region),
          controls.sendFor(region),
          instance,
          new Date(time),
        );
        controls.ages.set(`snapshot/${shown}`, new Date(time).toISOString());
        return reply(200, { name: shown });
      }
      case 'POST /_sandbox/stop': {
        if (!hasToken(incoming, controls)) return reply(403, { error: "the token is not this sandbox's" });
        reply(200, {});
        return controls.stop();
      }
      default:
        return reply(404, { error: `no such control: ${incoming.method} ${incoming.url}` });
    }
  } catch (error) {
    reply(400, { error: error instanceof Error ? error.message : String(error) });
  }
}

const hasToken = (incoming: IncomingMessage, { token }: Controls): boolean =>
  token !== '' && incoming.headers['x-sandbox-token'] === token;

function agesIn(body: string): readonly { readonly id: string; readonly time: string }[] {
  const parsed = JSON.parse(body) as unknown;
  return (Array.isArray(parsed) ? parsed : [parsed]).map((item: { id?: unknown; time?: unknown }) => {
    if (typeof item.id !== 'string' || typeof item.time !== 'string') throw new Error('an age needs "id" and "time"');
    return { id: item.id, time: new Date(item.time).toISOString() };
  });
}
