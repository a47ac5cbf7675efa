import { identityParts } from '../domain/identity.ts';
import type { LoggedCall, MatchedCall, Reconciled, TrailEvent } from '../domain/records/audit-report.ts';

export interface ReconcileOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The stretch that was asked for; calls outside it are not expected. Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
}

/** How CloudTrail logs an operation, `service:Operation`. */
export interface TrailNames {
  /** Whether an event of this source and name is one of the operation. */
  readonly isLoggedAs: (operation: string, source: string, name: string) => boolean;
  /** Whether only a trail with data events has it. */
  readonly isDataEvent: (operation: string) => boolean;
}

/**
 * CloudTrail typically delivers within 5 minutes, and is documented with 15 ("CloudTrail event history", "How
 * CloudTrail works").
 */
export const trailDelay = 15 * 60_000;
/** Clocks of this machine and of AWS may differ so much (a signature is refused beyond 15 minutes; 5 are much). */
const skew = 5 * 60_000;

/**
 * Holds CloudTrail's mutating events against the calls of the log. A call is shown by an event with its request id,
 * which AWS gives and nobody can choose; a call without one (its answer was lost) by an event whose user agent names
 * the run and whose operation, resource and time fit, each call once. A user agent alone explains nothing: anybody can
 * send one. Pure.
 */
export function reconcile(
  calls: readonly LoggedCall[],
  events: readonly TrailEvent[],
  options: ReconcileOptions & { readonly trail: TrailNames },
): Reconciled {
  const byRequest = new Map(
    calls.flatMap((call) => (call.outcome?.requestId == null ? [] : [[call.outcome.requestId, call] as const])),
  );
  const matches = new Map<LoggedCall, { events: TrailEvent[]; by: MatchedCall['by'] }>();
  const settled: { call: LoggedCall; event: TrailEvent }[] = [];
  const rest: TrailEvent[] = [];
  for (const event of inOrder(events)) {
    const call = event.requestId === null ? undefined : byRequest.get(event.requestId);
    const match = call === undefined ? undefined : matches.get(call);
    if (call === undefined) rest.push(event);
    else if (match === undefined) matches.set(call, { events: [event], by: 'request-id' });
    else match.events.push(event);
  }

  const around: { event: TrailEvent; claims: string | null }[] = [];
  const attempts: TrailEvent[] = [];
  const services: TrailEvent[] = [];
  const lost = calls.filter(isUnanswered);
  for (const event of rest) {
    const run = runOf(event);
    const own =
      run === null || event.service !== null
        ? undefined
        : lost.find(
            (call) =>
              call.run === run &&
              (matches.get(call)?.events.length ?? 0) < call.count &&
              fits(call, event, options.trail),
          );
    if (own !== undefined) {
      const match = matches.get(own);
      if (match === undefined) matches.set(own, { events: [event], by: 'user-agent' });
      else match.events.push(event);
      if (event.errorCode === null) settled.push({ call: own, event });
    } else if (event.errorCode !== null) attempts.push(event);
    else if (event.service !== null) services.push(event);
    else around.push({ event, claims: run });
  }

  const expected = calls.filter(
    (call) => !matches.has(call) && call.outcome?.executed === 'yes' && within(call, options),
  );
  const isData = ({ operations }: LoggedCall): boolean => operations.every(options.trail.isDataEvent);
  const dataEvents = expected.filter(isData);
  const trailed = expected.filter((call) => !isData(call));
  const isYoung = (call: LoggedCall): boolean => options.now - Date.parse(call.outcome?.at ?? call.at) < trailDelay;
  return {
    matched: [...matches].map(([call, match]) => ({ call, ...match })),
    settled,
    notYet: trailed.filter(isYoung),
    missing: trailed.filter((call) => !isYoung(call)),
    dataEvents,
    around,
    attempts,
    services,
  };
}

const inOrder = (events: readonly TrailEvent[]): readonly TrailEvent[] =>
  [...new Map(events.map((event) => [event.id, event])).values()].sort((a, b) =>
    a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1,
  );

const within = (call: LoggedCall, { since, until }: ReconcileOptions): boolean =>
  Date.parse(call.at) >= since && Date.parse(call.outcome?.at ?? call.at) <= until;

/** A call of which the log has no request id, and that may have reached AWS; also the requests of a batch. */
const isUnanswered = ({ outcome, count }: LoggedCall): boolean =>
  count > 1 || outcome === null || (outcome.requestId === null && outcome.executed !== 'no');

/** The run that a user agent names: `… aiplan/0.1.0 run/20260226-231500-a1b2`. */
export function runOf({ userAgent }: Pick<TrailEvent, 'userAgent'>): string | null {
  return /(?:^|[\s[])aiplan\/[\w.-]+ (?:\S+ )*?run\/([\w-]+)/u.exec(userAgent ?? '')?.[1] ?? null;
}

function fits(call: LoggedCall, event: TrailEvent, { isLoggedAs }: TrailNames): boolean {
  const at = Date.parse(event.at);
  const until = call.outcome === null ? Number.POSITIVE_INFINITY : Date.parse(call.outcome.at) + skew;
  if (!(at >= Date.parse(call.at) - skew && at <= until)) return false;
  if (!call.operations.some((operation) => isLoggedAs(operation, event.source, event.name))) return false;
  if (call.identity === null || makesSomething(event.name)) return true;
  const parts = identityParts(call.identity);
  return (
    event.resources.length === 0 ||
    event.resources.some((resource) => parts.some((part) => isSameResource(resource, part)))
  );
}

/** Names of what a call makes are AWS's: the log cannot know them before the answer. */
const makesSomething = (name: string): boolean => /^(?:Create|Run|Copy|Restore|Register|Allocate|Import)/u.test(name);

/** An identity, or an ARN that ends with it. */
export const isSameResource = (resource: string, identity: string): boolean =>
  resource === identity || resource.endsWith(`:${identity}`) || resource.endsWith(`/${identity}`);
