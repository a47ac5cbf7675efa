import { AwsError, UserError, type AwsErrorKind } from '../../src/base/error.ts';
import type { Effect, Fault, Point, Scene } from './fault-points.ts';

const refusal = (name: string, code: string, kind: AwsErrorKind, executed: 'no' | 'unknown' = 'no'): AwsError =>
  new AwsError({
    code,
    kind,
    operation: name,
    message: 'ordered by the test',
    executed,
    requestId: 'test',
    httpStatus: kind === 'network' ? undefined : 400,
  });

const network = (name: string): AwsError => refusal(name, 'ECONNRESET', 'network', 'unknown');
const unreadable = (name: string): AwsError => refusal(name, 'UnreadableAnswer', 'unknown', 'unknown');
const disk = (code: string) => (): UserError =>
  new UserError('store-unwritable', `cannot write: ${code}`, { help: 'free some disk space' });
const fails =
  (code: string) =>
  ({ lasting }: Scene): never => {
    lasting(['line'], disk(code));
    throw disk(code)();
  };
const quiet = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    () => undefined,
  );

const on = (effect: Effect, kinds: Readonly<Record<string, Fault['act']>>, at?: Fault['at']): readonly Fault[] =>
  Object.entries(kinds).map(([name, act]) => ({ name, on: effect, act, ...(at === undefined ? {} : { at }) }));

/** The process is killed before the effect; or after it, before anybody has its answer. */
const killed = (effect: Effect, before: string, after: string): readonly Fault[] => [
  { name: before, on: effect, kills: 'before', act: ({ die }) => die() },
  {
    name: after,
    on: effect,
    kills: 'after',
    act: ({ perform, die }) =>
      perform().then(
        () => die(),
        () => die(),
      ),
  },
];

const refuses =
  (code: string, kind: AwsErrorKind) =>
  ({ point }: Scene): never => {
    throw refusal(point.name, code, kind);
  };
const makes = ({ name }: Point): boolean => /:(?:Create|Restore|Copy|Put)/u.test(name);
const deletes = ({ name }: Point): boolean => /:Delete/u.test(name);
const enters = ({ name }: Point): boolean => /:(?:Create|Restore|Modify)/u.test(name);
/** The n-th and all later effects fail: the network is gone, the credentials are. */
const alwaysExpired = ({ point, lasting }: Scene): never => {
  const error = (name: string): AwsError => refusal(name, 'ExpiredToken', 'expired');
  lasting(['read', 'call', 'vault', 'renew'], error);
  throw error(point.name);
};
const gone = ({ point, lasting }: Scene): never => {
  lasting(['read', 'call', 'vault'], network);
  throw network(point.name);
};

/** What goes wrong at a mutating call. */
const atCalls: readonly Fault[] = [
  ...killed('call', 'killed before the request', 'killed after the request, before the answer'),
  ...on('call', {
    'request dropped': ({ point }) => {
      throw network(point.name);
    },
    'answer dropped': async ({ perform, point }) => {
      await perform();
      throw network(point.name);
    },
    'answer dropped, carried out late': ({ perform, point, later }) => {
      later(() => quiet(perform()));
      throw network(point.name);
    },
    'network gone': gone,
    'answer delayed by an hour': async ({ perform, clock }) => {
      clock.time += 3_600_000;
      return perform();
    },
    'carried out twice': async ({ perform }) => {
      const answer = await perform();
      await quiet(perform());
      return answer;
    },
    'carried out twice, second answer': async ({ perform }) => {
      await perform();
      return perform();
    },
    'answer cut off': async ({ perform, point }) => {
      await perform();
      throw refusal(point.name, 'TimeoutError', 'network', 'unknown');
    },
    'answer garbled': async ({ perform, point }) => {
      await perform();
      throw unreadable(point.name);
    },
    'internal error, not carried out': ({ point }) => {
      throw refusal(point.name, 'InternalError', 'unknown', 'unknown');
    },
    'internal error, carried out': async ({ perform, point }) => {
      await perform();
      throw refusal(point.name, 'InternalError', 'unknown', 'unknown');
    },
    'throttled once': refuses('RequestLimitExceeded', 'throttled'),
    'throttled for good': ({ point, lasting }) => {
      const error = (name: string): AwsError => refusal(name, 'RequestLimitExceeded', 'throttled');
      lasting(['call'], error);
      throw error(point.name);
    },
    'credentials expired once': refuses('ExpiredToken', 'expired'),
    'credentials expired for good': alwaysExpired,
    denied: refuses('UnauthorizedOperation', 'denied'),
    'wrong state': refuses('IncorrectState', 'conflict'),
    'stale reads afterwards': async ({ perform, world }) => {
      world.lag(0, 3);
      try {
        return await perform();
      } finally {
        world.lag(0, 0);
      }
    },
    'long state afterwards': async ({ perform, world }) => {
      world.slow(25);
      try {
        return await perform();
      } finally {
        world.slow(1);
      }
    },
  }),
  ...on(
    'call',
    {
      'not found after it was made': async ({ perform, world }) => {
        world.lag(4, 0);
        try {
          return await perform();
        } finally {
          world.lag(0, 0);
        }
      },
    },
    makes,
  ),
  ...on('call', { 'dependency violation': refuses('DependencyViolation', 'dependency') }, deletes),
  ...on(
    'call',
    { quota: refuses('InstanceQuotaExceeded', 'quota'), capacity: refuses('InsufficientInstanceCapacity', 'quota') },
    enters,
  ),
];

/** What goes wrong at a read. */
const atReads: readonly Fault[] = [
  ...killed('read', 'killed before the read', 'killed after the read'),
  ...on('read', {
    'read dropped once': ({ point }) => {
      throw network(point.name);
    },
    'network gone at a read': gone,
    'read delayed by an hour': async ({ perform, clock }) => {
      clock.time += 3_600_000;
      return perform();
    },
    'read garbled': ({ point }) => {
      throw unreadable(point.name);
    },
    'read throttled once': refuses('RequestLimitExceeded', 'throttled'),
    'credentials expired at a read, once': refuses('ExpiredToken', 'expired'),
    'credentials expired at a read, for good': alwaysExpired,
    'read denied': refuses('UnauthorizedOperation', 'denied'),
  }),
];

/** What goes wrong with the disk: before the line is there; or when it is there, and nobody has said so. */
const atLines: readonly Fault[] = [
  { name: 'killed before the line', on: 'line', before: true, kills: 'before', act: ({ die }) => die() },
  ...['ENOSPC', 'EROFS'].map((code): Fault => ({ name: code, on: 'line', before: true, act: fails(code) })),
  { name: 'killed after the line', on: 'line', kills: 'after', act: ({ die }) => die() },
  { name: 'EIO in fsync', on: 'line', act: fails('EIO') },
];

/** What goes wrong at the capture bucket. */
const atVault: readonly Fault[] = [
  ...killed('vault', 'killed before the object', 'killed after the object'),
  ...on('vault', {
    'object dropped': ({ point }) => {
      throw network(point.name);
    },
    "object's answer dropped": async ({ perform, point }) => {
      await perform();
      throw network(point.name);
    },
    'object denied': refuses('AccessDenied', 'denied'),
    'credentials expired at the object': alwaysExpired,
  }),
];

/** What goes wrong where credentials are taken anew. */
const atRenewals: readonly Fault[] = [
  { name: 'killed at renewing', on: 'renew', kills: 'before', act: ({ die }) => die() },
  ...on('renew', { 'nobody is logged in': alwaysExpired }),
];

/** Every fault that there is. Not one is left out of the matrix. */
export const faults: readonly Fault[] = [...atCalls, ...atReads, ...atLines, ...atVault, ...atRenewals];
