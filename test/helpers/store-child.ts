import { createInterface } from 'node:readline';
import { openStoreBucket } from '../../providers/aws/session/store-session.ts';
import { UserError } from '../../src/base/error.ts';
import type { Lock } from '../../src/domain/records/lock-store.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import type { LockPace } from '../../src/store/locks/lock-state.ts';
import { s3Store } from '../../src/store/s3-store.ts';

/** Which store a child process opens: a folder, or a prefix of a bucket of an emulator. */
export type ChildStore =
  | { readonly kind: 'folder'; readonly folder: string; readonly spool: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly endpoint: string;
      readonly spool: string;
    };

/** What the child is told by its first argument. `host` as another machine would have it. */
export interface ChildOrder {
  readonly store: ChildStore;
  readonly host: string;
  readonly run: string;
  readonly pace?: LockPace;
}

const target = { account: '123456789012', region: 'eu-west-1', endpoint: null };
const order = JSON.parse(process.argv[2] ?? '{}') as ChildOrder;

function open({ store, host, pace }: ChildOrder): Store {
  const options = { host, ...(pace === undefined ? {} : { pace }) };
  if (store.kind === 'folder') return folderStore({ folder: store.folder, spool: store.spool, ...options });
  const { bucket, prefix, endpoint, spool } = store;
  return s3Store({
    place: `s3://${bucket}/${prefix}`,
    spool,
    ...options,
    connect: () =>
      openStoreBucket({
        bucket,
        prefix,
        endpoint,
        region: 'eu-west-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      }),
  });
}

const store = open(order);
const say = (words: object): void => {
  process.stdout.write(`${JSON.stringify(words)}\n`);
};
const codeOf = (error: unknown): object =>
  error instanceof UserError ? { code: error.code, message: error.message } : { code: String(error) };
const acquire = (round: string): Promise<Lock> =>
  store.acquireLock(target, {
    run: `${order.run}-${round}`,
    owner: 'ada',
    host: order.host,
    pid: process.pid,
    startedAt: new Date().toISOString(),
  });

let lock: Lock | null = null;
/** Checks before each pretended call, as the executor does, until the lock is lost. */
async function work(): Promise<void> {
  lock = await acquire('work');
  say({ holds: lock.owner });
  for (let calls = 1; ; calls += 1) {
    try {
      await lock.check();
    } catch (error) {
      say({ stopped: codeOf(error), calls: calls - 1 });
      return;
    }
    say({ sent: calls });
    await new Promise((done) => {
      setTimeout(done, 10);
    });
  }
}

const orders: Readonly<Record<string, (word: string) => Promise<void>>> = {
  async take(round) {
    try {
      lock = await acquire(round);
      say({ round, won: true });
    } catch (error) {
      say({ round, won: false, ...codeOf(error) });
    }
  },
  async release(round) {
    await lock?.release();
    lock = null;
    say({ round, released: true });
  },
  work,
  async audit(count) {
    for (let entry = 0; entry < Number(count); entry += 1)
      await store.appendAudit(
        {
          kind: 'refused',
          by: order.run,
          host: order.host,
          target: null,
          plan: null,
          code: 'x',
          message: String(entry),
        },
        { now: () => Date.now(), sleep: async () => undefined },
      );
    say({ audited: count });
  },
  async spend(nonce) {
    try {
      await store.markApprovalUsed(nonce, order.run);
      say({ nonce, won: true });
    } catch (error) {
      say({ nonce, won: false, ...codeOf(error) });
    }
  },
};
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb = '', word = ''] = line.split(' ');
    void orders[verb]?.(word);
  })
  .on('close', () => process.exit(0));
say({ ready: true });
