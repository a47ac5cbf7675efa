import { drive } from '../engine/drive.ts';
import { exitCodes, type ExitCode } from '../model/error.ts';
import type { StoreFacts } from '../model/store.ts';
import { setupProgram, verifyCaptureBucket, captureBucketName } from '../../providers/s3/capture-bucket.ts';
import { describeConfiguration } from '../store/configuration.ts';
import { signersWritable } from '../store/signatures.ts';
import { blank, row, span, type Row } from '../views/rows.ts';
import { auditedSession } from './audit-log.ts';
import { print, printJson } from './output.ts';
import type { World } from './world.ts';

/**
 * `aiplan setup`: makes the capture bucket (or brings it back to what it has to be), reads it back, checks the store, and shows the
 * effective configuration. Running it again changes nothing. `--iam` only lists permissions.
 */
export async function setup(world: World, { iam }: { iam?: boolean }): Promise<ExitCode> {
  const { io, options, configuration } = world;
  if (iam === true) {
    const actions = {
      ...Object.fromEntries((['read', 'write', 'capture', 'restore'] as const).map((purpose) => [purpose, [...new Set(world.types.all.flatMap((type) => type.iam[purpose]))].sort()])),
      audit: ['cloudtrail:LookupEvents', 's3:GetObject', 's3:GetObjectVersion', 's3:ListBucketVersions'],
      // Only a store in S3, on its bucket and prefix.
      store: ['s3:GetBucketObjectLockConfiguration', 's3:GetBucketVersioning', 's3:GetObject', 's3:ListBucket', 's3:ListBucketVersions', 's3:PutObject'],
    };
    if (options.json === true) printJson(io, actions);
    else print(io, options, Object.entries(actions).flatMap(([purpose, names]) => [row(0, span(purpose, 'title')), ...names.map((name) => row(2, name)), blank]));
    return exitCodes.done;
  }
  const store = await world.store.inspect();
  if (store.problems.length > 0) {
    if (options.json === true) printJson(io, { store: { place: world.store.place, ...store } });
    else print(io, options, storeRows(world, store));
    return exitCodes.error;
  }
  const target = await world.target();
  const of = { account: target.account, region: target.region, endpoint: target.endpoint, bucket: configuration.capture.bucket };
  const session = auditedSession(world, await world.applier('setup'), target, 'setup');
  try {
    const done = await drive(session, () => setupProgram(of), { run: 'setup', step: 'capture bucket', setup: true });
    const problems = await drive(session, () => verifyCaptureBucket(of), { run: 'setup', step: 'capture bucket' });
    const bucket = captureBucketName(target.account, target.region, configuration.capture.bucket);
    if (options.json === true) printJson(io, { bucket, done, problems, store: { place: world.store.place, ...store }, configuration: describeConfiguration(configuration) });
    else print(io, options, [...setupRows(world, bucket, done, problems), blank, ...storeRows(world, store)]);
    return problems.length === 0 ? exitCodes.done : exitCodes.error;
  } finally {
    session.close();
  }
}

function storeRows({ store }: World, { facts, problems }: StoreFacts): readonly Row[] {
  return [
    row(0, span('Store ', 'title'), store.place, problems.length === 0 ? span(' is ready', 'good') : span(' is NOT ready', 'destroy')),
    ...facts.map((text) => row(2, text)),
    ...problems.map((text) => row(2, span(text, 'destroy'))),
  ];
}

function setupRows(world: World, bucket: string, done: readonly string[], problems: readonly string[]): readonly Row[] {
  const { configuration } = world;
  const signers = configuration.allowedSigners;
  return [
    row(0, span('Capture bucket ', 'title'), bucket, problems.length === 0 ? span(' is ready', 'good') : span(' is NOT ready', 'destroy')),
    ...done.map((text) => row(2, text)),
    ...problems.map((text) => row(2, span(text, 'destroy'))),
    blank, row(0, span('Configuration', 'title')),
    ...describeConfiguration(configuration).map(({ name, value, source }) => row(2, `${name}: ${value}`, span(` (${source})`, 'muted'))),
    ...(Object.values(configuration.sources).includes('system file') ? [] : [row(2, span('an agent that runs as you can change your configuration; one in /etc/aiplan/config.yaml, owned by root, it cannot', 'warning'))]),
    ...(signers !== null && signersWritable(signers) ? [row(2, span('the allowed-signers file can be written by you, and so by an agent that runs as you; let another user own it', 'warning'))] : []),
  ];
}
