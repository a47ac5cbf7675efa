import type { Because } from './protocol/proxied.ts';
import { protocolOf, proxiedOf } from './services.ts';

/** A request as a test sees it, before it is answered. */
export interface SeenRequest {
  readonly number: number;
  readonly service: string;
  readonly operation: string;
  readonly mutating: boolean;
  readonly region: string;
  /** Form parameters of EC2 and RDS; bucket, key and query of S3. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The fault of a request:
 *   drop the connection breaks, `before` the emulator has seen the request or `after` it was carried out; `also` is
 *   called first
 *   answered   nothing, but `also` is called when the answer is written
 *   watched    nothing, but `carriedOut` is waited for before the answer is given, or the connection cut; `answered` is
 *   called when it is written
 *   delay      the request waits so long, or until a promise is fulfilled
 *   duplicate  the network delivers the request twice; the answer is that of the first time, or of the second
 *   truncate   half of the answer, then the connection closes
 *   garble     an answer whose body is no document
 *   without    an answer in which every element of one name is left out, as if it were no part of it; an answer that is
 *              that element keeps nothing of its body
 *   missing    what the request makes is not found by the next reads, `reads` times
 *   stale      the next reads are answered as they were before, `reads` times (Proxy.rememberAnswers)
 *   lasting    states in between that the request begins are shown to so many reads
 *   throttle refused as too many requests; expired: for credentials that are no longer good; deny: for want of
 *   permission;
 *              dependency, quota, capacity: as AWS documents it for the operation; error: any other refusal
 */
export type Fault =
  | { readonly kind: 'drop'; readonly when: 'before' | 'after'; readonly also?: () => void }
  | { readonly kind: 'answered'; readonly also: () => void }
  | { readonly kind: 'watched'; readonly carriedOut: () => Promise<'answer' | 'cut'>; readonly answered: () => void }
  | { readonly kind: 'delay'; readonly milliseconds?: number; readonly until?: Promise<unknown> }
  | { readonly kind: 'duplicate'; readonly answer?: 'first' | 'second' }
  | { readonly kind: 'truncate' | 'garble' | 'throttle' | 'expired' | 'deny' }
  | { readonly kind: 'without'; readonly element: string }
  | { readonly kind: Because }
  | { readonly kind: 'missing' | 'stale' | 'lasting'; readonly reads: number }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly status?: number };

export type { Because };
export type RequestHook = (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;

interface Answered {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

const isJson = (service: string): boolean => protocolOf(service) === 'json';

const found = (because: Because, service: string, operation: string): readonly [string, number] | undefined => {
  const row = proxiedOf(service).refuses?.[because].find(([names]) => names.test(operation));
  return row === undefined ? undefined : [row[1], row[2]];
};

/** Whether AWS documents such a refusal for the operation; by the fault of that kind. */
export const canRefuse = (because: Because, service: string, operation: string): boolean =>
  found(because, service, operation) !== undefined;

/** The refusal that a fault stands for, in the service's own words; undefined for faults that are not refusals. */
export function refusalOf(fault: Fault, service: string, operation: string): Answered | undefined {
  switch (fault.kind) {
    case 'throttle': {
      const [code, status] =
        proxiedOf(service).throttled ?? (isJson(service) ? ['ThrottlingException', 400] : ['Throttling', 400]);
      return { code, status, message: 'Rate exceeded' };
    }
    case 'expired': {
      const [code, status] =
        proxiedOf(service).expired ?? (isJson(service) ? ['ExpiredTokenException', 400] : ['ExpiredToken', 403]);
      return { code, status, message: 'The security token included in the request is expired' };
    }
    case 'deny':
      return {
        code: proxiedOf(service).denied ?? (isJson(service) ? 'AccessDeniedException' : 'AccessDenied'),
        status: isJson(service) ? 400 : 403,
        message: `You are not authorized to perform ${service}:${operation}`,
      };
    case 'dependency':
    case 'quota':
    case 'capacity': {
      const [code, status] = found(fault.kind, service, operation) ?? [
        proxiedOf(service).otherwise?.[fault.kind] ?? 'InternalFailure',
        400,
      ];
      return { code, status, message: `${service}:${operation} was refused: ${fault.kind}` };
    }
    case 'error':
      return { code: fault.code, message: fault.message, status: fault.status ?? 400 };
    case 'drop':
    case 'answered':
    case 'watched':
    case 'delay':
    case 'duplicate':
    case 'truncate':
    case 'garble':
    case 'without':
    case 'missing':
    case 'stale':
    case 'lasting':
      return undefined;
    default:
      return fault satisfies never;
  }
}
