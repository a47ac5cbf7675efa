import { canonical } from '../../base/digest.ts';
import type { AwsReader, ReadCall } from '../../domain/call.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ReadOutcome, ResourceTypes } from '../../domain/resource-type.ts';
import { mapBounded } from '../../base/pool.ts';

interface Waiting {
  readonly call: ReadCall;
  readonly settle: (outcome: ReadOutcome) => void;
}

/**
 * Reads for many programs that each ask for one thing at a time. When all that are still at it wait for an answer, what
 * they ask for is asked together: the same question once, and questions about single resources as lists where AWS
 * offers one (`ResourceTypes.readTogether`).
 */
export class JoinedReads implements AwsReader {
  readonly #session: AwsReader;
  readonly #types: ResourceTypes;
  readonly #known = new Map<string, ReadOutcome>();
  #waiting: Waiting[] = [];
  #active: number;

  /** `active`: how many programs take part; each must call `leave` once it has ended. */
  constructor(session: AwsReader, types: ResourceTypes, active: number) {
    this.#session = session;
    this.#types = types;
    this.#active = active;
  }

  get counts(): AwsReader['counts'] {
    return this.#session.counts;
  }

  /** Throws AwsError, and whatever the session throws. */
  async read(call: ReadCall): Promise<JsonObject | null> {
    const known = this.#known.get(canonical(call as unknown as JsonObject));
    const outcome =
      known ??
      (await new Promise<ReadOutcome>((settle) => {
        this.#waiting.push({ call, settle });
        this.#askIfAllWait();
      }));
    if ('failure' in outcome) throw outcome.failure;
    return outcome.answer;
  }

  /** A program has ended. */
  leave(): void {
    this.#active -= 1;
    this.#askIfAllWait();
  }

  #askIfAllWait(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#active) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    void this.#ask(waiting);
  }

  /** Never rejects: whatever goes wrong is the outcome of each question. */
  async #ask(waiting: readonly Waiting[]): Promise<void> {
    const questions = new Map<string, ReadCall>(
      waiting.map(({ call }) => [canonical(call as unknown as JsonObject), call]),
    );
    const keys = [...questions.keys()];
    try {
      const outcomes = await (this.#types.readTogether ?? readEach)(this.#session, [...questions.values()]);
      keys.forEach((key, index) => {
        this.#known.set(
          key,
          outcomes[index] ?? { failure: new TypeError(`${questions.get(key)?.operation ?? ''} was not answered`) },
        );
      });
    } catch (failure) {
      for (const key of keys) this.#known.set(key, { failure });
    }
    for (const { call, settle } of waiting)
      settle(this.#known.get(canonical(call as unknown as JsonObject)) as ReadOutcome);
  }
}

/** Every question by itself, sixteen at a time. */
async function readEach(session: AwsReader, calls: readonly ReadCall[]): Promise<readonly ReadOutcome[]> {
  const outcomes: ReadOutcome[] = [];
  await mapBounded(calls, 16, async (call, index) => {
    try {
      outcomes[index] = { answer: await session.read(call) };
    } catch (failure) {
      outcomes[index] = { failure };
    }
  });
  return outcomes;
}
