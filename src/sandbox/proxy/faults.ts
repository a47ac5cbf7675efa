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
 * What shall go wrong:
 *   drop      the connection breaks, `before` the emulator has seen the request or `after` it was carried out
 *   delay     the request waits so long, or until a promise is settled
 *   throttle  refused as too many requests; deny: refused for want of permission; error: any other refusal
 */
export type Fault =
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly milliseconds?: number; readonly until?: Promise<unknown> }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly status?: number };

export type RequestHook = (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;

const THROTTLED: Readonly<Record<string, readonly [string, number]>> = {
  ec2: ['RequestLimitExceeded', 503], s3: ['SlowDown', 503],
};
const DENIED: Readonly<Record<string, string>> = { ec2: 'UnauthorizedOperation' };

/** The refusal that a fault stands for, in the service's own words; undefined for faults that are not refusals. */
export function refusalOf(fault: Fault, service: string, operation: string): { readonly code: string; readonly message: string; readonly status: number } | undefined {
  switch (fault.kind) {
    case 'throttle': {
      const [code, status] = THROTTLED[service] ?? ['Throttling', 400];
      return { code, status, message: 'Rate exceeded' };
    }
    case 'deny': return { code: DENIED[service] ?? 'AccessDenied', status: 403, message: `You are not authorized to perform ${service}:${operation}` };
    case 'error': return { code: fault.code, message: fault.message, status: fault.status ?? 400 };
    case 'drop': case 'delay': return undefined;
    default: return fault satisfies never;
  }
}
