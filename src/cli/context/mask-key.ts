import { join } from 'node:path';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import type { AwsSession, ReadCall } from '../../domain/call.ts';
import type { ChangePlan } from '../../domain/change-plan.ts';
import { maskKeyOf, useMaskKey } from '../../base/digest.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Target } from '../../domain/live.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import { createWhole, readSmall } from '../../store/objects/files.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Folders } from '../../store/objects/folders.ts';
import type { Io } from './io.ts';

/** A home, as far as its key goes. */
interface Home {
  readonly io: Pick<Io, 'random'>;
  readonly folders: Pick<Folders, 'state'>;
}

/** Where a home keeps the key of an account until `setup` has made the one in the capture bucket. */
const keyFile = (folders: Home['folders'], account: string): string => join(folders.state, 'mask-keys', account);

const random = (io: Home['io']): string => Buffer.from(io.random(32)).toString('hex');

/** The key of this home, made where there is none; one that cannot be kept is good for this process. */
export function localMaskKey({ io, folders }: Home, account: string): string {
  const path = keyFile(folders, account);
  const known = (): string | null => {
    const text = readSmall(path, 200)?.trim() ?? '';
    return /^[0-9a-f]{64}$/u.test(text) ? text : null;
  };
  try {
    const there = known();
    if (there !== null) return there;
    createWhole(path, `${random(io)}\n`);
    return known() ?? random(io);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return random(io);
  }
}

/**
 * From now on masks are made with the key of the account: that of the capture bucket, which all homes share, else that
 * of this home. Answers why the bucket's could not be asked, or null. Throws AwsError where AWS cannot be reached.
 */
export async function loadMaskKey(
  context: Home & { readonly configuration: Pick<Configuration, 'capture'> },
  session: AwsSession,
  { account, region, endpoint }: Target,
): Promise<string | null> {
  const { readMaskKey } = await import('../../../providers/s3/capture-bucket/mask-key.ts');
  let problem: string | null = null;
  let shared: string | null = null;
  try {
    shared = await runOutsideRun(
      session,
      () => readMaskKey({ account, region, endpoint, bucket: context.configuration.capture.bucket }),
      { run: 'look', step: 'mask key' },
    );
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === 'network' || error.kind === 'expired') throw error;
    if (error.kind !== 'absent') problem = `${error.operation}: ${error.code}`;
  }
  useMaskKey(maskKeyOf(shared ?? localMaskKey(context, account)));
  return problem;
}

/** Reads whose answers are masked, and for which the key must be there. */
const isMaskedRead = ({ operation, input }: ReadCall): boolean =>
  operation === 'DescribeDBParameters' ||
  (operation === 'DescribeInstanceAttribute' && input['Attribute'] === 'userData');

/** A session that has the key loaded before the first answer that is masked with it. */
export const withMasks = <Session extends Pick<AwsSession, 'read'>>(
  session: Session,
  load: () => Promise<unknown>,
): Session =>
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(session),
      read: {
        enumerable: true,
        async value(call: ReadCall) {
          if (isMaskedRead(call)) await load();
          return session.read(call);
        },
      },
    },
  ) as Session;

/** Whether the author writes what is masked. */
export const hidesText = ({ resources }: ChangePlan, types: ResourceTypes): boolean =>
  resources.some(
    ({ type, properties = {} }) =>
      types.get(type)?.rules.sensitive.some((path) => Object.hasOwn(properties, path.split('.')[0] ?? path)) === true,
  );

/** That the key of the capture bucket could not be read: other homes make other masks then. Pure. */
export const maskFindings = (problem: string | null): readonly Finding[] =>
  problem === null
    ? []
    : [
        {
          code: 'mask-key-unread',
          severity: 'warning',
          step: null,
          line: null,
          column: null,
          message: `the key with which sensitive values are compared cannot be read from the capture bucket (${problem}): a plan that holds such values is stale in every other home`,
          help: 'allow s3:ListBucketVersions and s3:GetObjectVersion on keys/ of the capture bucket',
        },
      ];
