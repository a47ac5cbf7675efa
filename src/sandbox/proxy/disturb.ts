import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Fault, SeenRequest } from './faults.ts';
import { errorAnswer } from './protocol/errors.ts';
import { protocolOf, proxiedOf } from './services.ts';
import { HeldAnswer, leaveOut, madeBy, sendGarbled, sendHalf, sendHeld, without } from './protocol/held.ts';
import type { EmulatorState } from './protocol/emulator-state.ts';

/** Reads that are answered otherwise because of an earlier fault: what is not found yet, and what was read before. */
export class AnswerMemory {
  readonly #answers = new Map<
    string,
    { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }
  >();
  #missing: { readonly identities: ReadonlySet<string>; left: number } | null = null;
  #stale = 0;
  #watching = false;

  /** Whether answers have to be looked at. */
  get isWatching(): boolean {
    return this.#watching;
  }

  watch(): void {
    this.#watching = true;
  }

  forget(): void {
    this.#answers.clear();
    this.#missing = null;
    this.#stale = 0;
    this.#watching = false;
  }

  hide(identities: readonly string[], reads: number): void {
    this.#missing = { identities: new Set(identities), left: reads };
  }

  goStale(reads: number): void {
    this.#stale = reads;
  }

  /** Answers a read as the earlier faults ask; `serve` answers every other read. */
  async read(
    { service, operation }: SeenRequest,
    key: string,
    response: ServerResponse,
    serve: (sink: ServerResponse) => Promise<void>,
  ): Promise<void> {
    const known = this.#answers.get(key);
    if (known !== undefined && this.#stale > 0) {
      this.#stale -= 1;
      sendHeld(known, response);
      return;
    }
    const missing = this.#missing;
    const asked = missing === null ? undefined : [...missing.identities].find((identity) => key.includes(identity));
    const isByIdentity = asked !== undefined && !/Filter\.\d+|Filters\./u.test(key);
    if (missing !== null && missing.left > 0 && isByIdentity) {
      missing.left -= 1;
      const { absent = [], namespace } = proxiedOf(service);
      const [, code, status] = absent.find(([names]) => names.test(operation)) ?? [null, 'NotFound', 404];
      const { type, body } = errorAnswer(
        protocolOf(service),
        { code, message: `The ID '${asked}' does not exist` },
        namespace,
      );
      response.writeHead(status, { 'content-type': type }).end(body);
      return;
    }
    const held = new HeldAnswer();
    await serve(held.response);
    const { status, headers } = held;
    let { body } = held;
    if (
      missing !== null &&
      missing.left > 0 &&
      status === 200 &&
      [...missing.identities].some((identity) => body.includes(identity)) &&
      /^[<{]/u.test(body.toString('utf8').trimStart())
    ) {
      missing.left -= 1;
      body = Buffer.from(without(body.toString('utf8'), missing.identities));
    }
    if (status < 400) this.#answers.set(key, { status, headers, body: held.body });
    sendHeld({ status, headers, body }, response);
  }
}

export interface Carrying {
  readonly fault: Fault | undefined;
  readonly seen: SeenRequest;
  readonly form: string | null;
  readonly response: ServerResponse;
  /** Has the request carried out, and answered into a sink; null: to nobody. */
  readonly serve: (sink: ServerResponse | null) => Promise<void>;
  readonly memory: AnswerMemory;
  readonly worldOf: () => EmulatorState;
  readonly cut: () => void;
}

/**
 * Carries a request out, and spoils what the fault wants spoiled. Faults that are refusals have been answered before.
 */
export async function carryOut({ fault, seen, form, response, serve, memory, worldOf, cut }: Carrying): Promise<void> {
  const key = `${seen.service}:${seen.operation} ${form ?? JSON.stringify(seen.parameters)}`;
  const held = async (): Promise<HeldAnswer> => {
    const answer = new HeldAnswer();
    await serve(answer.response);
    return answer;
  };
  switch (fault?.kind) {
    case 'drop':
      await serve(null);
      fault.also?.();
      return cut();
    case 'answered':
      response.once('finish', fault.also);
      return serve(response);
    case 'watched': {
      const answer = await held();
      if ((await fault.carriedOut()) === 'cut') return cut();
      response.once('finish', fault.answered);
      return sendHeld(answer, response);
    }
    case 'duplicate': {
      const first = await held();
      const second = await held();
      return sendHeld(fault.answer === 'second' ? second : first, response);
    }
    case 'truncate':
      return sendHalf(await held(), response);
    case 'garble':
      return sendGarbled(await held(), response);
    case 'without':
      return sendHeld(leaveOut(await held(), fault.element), response);
    case 'missing': {
      const answer = await held();
      const names = ['Bucket', 'DBInstanceIdentifier', 'DBSnapshotIdentifier', 'InstanceProfileName', 'logGroupName'];
      memory.watch();
      memory.hide(
        [
          ...new Set(
            [...madeBy(answer.body.toString('utf8')), ...names.map((name) => seen.parameters[name] ?? '')].filter(
              (identity) => identity !== '',
            ),
          ),
        ],
        fault.reads,
      );
      return sendHeld(answer, response);
    }
    case 'stale':
      memory.goStale(fault.reads);
      return serve(response);
    case 'lasting': {
      const { transitions } = worldOf();
      const former = transitions.setPace({ reads: fault.reads, milliseconds: 3_600_000 });
      try {
        return await serve(response);
      } finally {
        transitions.setPace(former);
      }
    }
    case undefined:
    case 'delay':
      return seen.mutating || !memory.isWatching ? serve(response) : memory.read(seen, key, response, serve);
    case 'throttle':
    case 'deny':
    case 'expired':
    case 'dependency':
    case 'quota':
    case 'capacity':
    case 'error':
      return undefined;
    default:
      return fault satisfies never;
  }
}

/** The request again and again: with its body where it was read already. */
export function replayable(incoming: IncomingMessage, body: Buffer | null): () => IncomingMessage {
  if (body === null) return () => incoming;
  return () =>
    Object.assign(Readable.from(body.length === 0 ? [] : [body]), {
      method: incoming.method,
      url: incoming.url,
      headers: incoming.headers,
    }) as unknown as IncomingMessage;
}
