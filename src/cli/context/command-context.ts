import { resolve } from 'node:path';
import type { Configuration } from '../../domain/configuration.ts';
import type { LiveState, Target } from '../../domain/live.ts';
import type { AwsReader, AwsSession } from '../../domain/call.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import type { ApplySession } from '../../domain/records/ports.ts';
import type { Schemas } from '../../domain/schema.ts';
import type { Store } from '../../domain/records/store.ts';
import { UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';
import { flawText } from '../../base/shape.ts';
import { captureBucketOf } from '../../plan/steps/preview-context.ts';
import { loadConfiguration } from '../../store/configuration.ts';
import { readBelow, readWhole } from '../../store/objects/files.ts';
import { liveState } from '../../store/objects/shapes.ts';
import { foldersOf, type Folders } from '../../store/objects/folders.ts';
import { loadSchema } from '../../../providers/aws/schema.ts';
import type { OpenSession } from '../../../providers/aws/session/session.ts';
import { resourceTypes } from '../../../providers/index.ts';
import type { GlobalOptions, Io } from './io.ts';
import { loadMaskKey, withMasks } from './mask-key.ts';
import { Working } from './working.ts';
import { openStore } from './open-store.ts';

/** Everything that a command works with: who asks, with which configuration, and how to reach AWS. */
export interface CommandContext {
  readonly io: Io;
  readonly options: GlobalOptions;
  readonly folders: Folders;
  readonly configuration: Configuration;
  /** Plans applied, approvals, journals, locks, audit. Nothing of it is opened before it is asked for. */
  readonly store: Store;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  /** A session that refuses every mutating call. Made once. */
  reader(): Promise<AwsSession>;
  /** A session that may read one secret, named as the change plan names it, and nothing else beyond plain reads. */
  secretReader(name: string): Promise<AwsSession & { close(): void }>;
  /** A session that lets declared calls through; for apply and rollback only. */
  applier(run: string): Promise<ApplySession & { close(): void }>;
  /** Who is calling, and where. Made once. Throws UserError when the credentials do not work. */
  target(): Promise<Target>;
  /** By how many milliseconds AWS's clock is ahead of this machine's, by its last answer; null before the first. */
  clockSkew?(): number | null;
  /**
   * Has masks made with the key of the account from now on, and answers why the shared one could not be read, or null.
   * Made once. Not `wanted`: only answers what came of it, where something else has had it made.
   */
  masks?(wanted?: boolean): Promise<string | null>;
  /** Says how far long reading has come; absent: it says nothing. */
  readonly working?: Working;
  /** The recorded live state of `--live`, or null. */
  recorded(): LiveState | null;
  close(): void;
}

/** Opens the context of one command. Nothing is read from AWS before it is asked for. */
export function openWorld(io: Io, options: GlobalOptions): CommandContext {
  const folders = foldersOf(io.environment, io.current);
  const configuration = loadConfiguration(folders);
  const store = openStore(io, options, folders, configuration);
  const working = new Working(io, options);
  let session: Promise<OpenSession> | undefined;
  let target: Promise<Target> | undefined;
  let key: Promise<string | null> | undefined;
  let skew: number | null = null;
  const masks = async (wanted = true): Promise<string | null> => {
    if (!wanted) return key ?? null;
    key ??= once().then(async (found) => loadMaskKey({ io, folders, configuration }, await reader(), found));
    return key;
  };

  const sessionOptions = async () => {
    const { resolveEndpoint, resolveRegion } = await import('../../../providers/aws/session/target.ts');
    const region = await resolveRegion(io.environment, options.region, options.profile);
    return {
      region,
      endpoint: resolveEndpoint(io.environment, options.endpoint),
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      onDate: (at: number): void => {
        skew = at - io.clock.now();
      },
    };
  };
  const reader = (): Promise<OpenSession> => {
    session ??= (async () => {
      const { openSession } = await import('../../../providers/aws/session/session.ts');
      return openSession({ ...(await sessionOptions()), mode: 'read-only' });
    })();
    return session;
  };
  const findTarget = async (): Promise<Target> => {
    const aws: AwsReader = await reader();
    const { caller } = await import('../../../providers/aws/session/target.ts');
    const { region, endpoint } = await sessionOptions();
    const { account, arn } = await caller(aws, endpoint, options.profile ?? io.environment['AWS_PROFILE']);
    const alias = configuration.aliases[account];
    const found = { account, region, caller: arn, endpoint, ...(alias === undefined ? {} : { alias }) };
    // The checks of a restore read the manifests and marks there (`readableKeys`), never a copy or a secret.
    (await reader()).useCaptureBucket(captureBucketOf(configuration, found));
    return found;
  };

  const once = (): Promise<Target> => {
    target ??= findTarget();
    return target;
  };

  return {
    io,
    options,
    folders,
    configuration,
    store,
    types: resourceTypes,
    schemas: loadSchema,
    reader: async () => working.counted(withMasks(await reader(), masks)),
    working,
    masks,
    async secretReader(name) {
      const { openSession } = await import('../../../providers/aws/session/session.ts');
      return openSession({ ...(await sessionOptions()), mode: 'read-only', secrets: [name] });
    },
    async applier(run) {
      const { openSession } = await import('../../../providers/aws/session/session.ts');
      const where = await this.target();
      const settings = {
        ...(await sessionOptions()),
        mode: 'apply' as const,
        userAgent: run,
        captureBucket: captureBucketOf(configuration, where),
      };
      return withMasks(
        renewable(() => openSession(settings)),
        masks,
      );
    },
    target: once,
    clockSkew: () => skew,
    recorded() {
      return options.live === undefined ? null : readLive(resolve(io.current, options.live));
    },
    close() {
      store.close();
      void session?.then(
        (open) => open.close(),
        () => undefined,
      );
    },
  };
}

/** A session that can be made again, so that the credentials are resolved again. */
function renewable(open: () => AwsSession & { close(): void }): ApplySession & { close(): void } {
  let session = open();
  return {
    get counts() {
      return session.counts;
    },
    read: (call) => session.read(call),
    mutate: (call, resolved, permit) => session.mutate(call, resolved, permit),
    async renew() {
      session.close();
      session = open();
    },
    close() {
      session.close();
    },
  };
}

function readLive(path: string): LiveState {
  const text = readWhole(path);
  if (text === null)
    throw new UserError('no-such-file', `there is no file "${path}"`, {
      help: 'record one with `aiplan refresh FILE -o live.json`',
    });
  return parseLive(text, path);
}

/** The text of a live file. Throws UserError `not-a-live-file` with the place of what is wrong in it. */
export function parseLive(text: string, path: string): LiveState {
  const help = 'record one with `aiplan refresh FILE -o live.json`';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError('not-a-live-file', `"${path}" is not JSON`, { cause: error, help });
  }
  const flaw = liveState(value);
  if (flaw !== null)
    throw new UserError('not-a-live-file', `"${path}" is not an aiplan/live@1 file: ${sanitise(flawText(flaw))}`, {
      where: path,
      help,
    });
  return { ...(value as LiveState), recorded: true };
}

/** A file's text, by a path relative to the current folder. Throws UserError `no-such-file`. */
export function readInput(io: Io, file: string): string {
  const text = readWhole(resolve(io.current, file), { pipes: true });
  if (text === null) throw new UserError('no-such-file', `there is no file "${file}"`, { help: 'check the path' });
  return text;
}

/**
 * The largest file that `!Text` inlines, in bytes: EC2 takes 16 KiB of user data, and nothing that may stand there is
 * larger than a mebibyte.
 */
const mostTextBytes = 1_048_576;

/**
 * How `!Text PATH` reads: a file below the folder of the change plan only, so that a plan cannot carry a file of the
 * machine into a place where an agent can read it. Throws UserError `no-such-file`, and as `readBelow` does.
 */
export function textReader(io: Io, file: string): (path: string) => string {
  const folder = resolve(io.current, file, '..');
  return (path) => {
    const text = readBelow(folder, resolve(folder, path), path, mostTextBytes);
    if (text === null)
      throw new UserError('no-such-file', `there is no file "${path}" beside the change plan`, {
        help: 'check the path; it is relative to the change plan',
      });
    return text;
  };
}
