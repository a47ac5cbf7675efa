import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { AwsError, exitCodes, type ExitCode } from '../../base/error.ts';
import type { Json } from '../../base/json.ts';
import { sanitise } from '../../base/sanitise.ts';
import type { StoreFacts } from '../../domain/records/store.ts';
import { captureBucketName } from '../../../providers/s3/objects/capture-place.ts';
import {
  setupProgram,
  verifyCaptureBucket,
  type Replacement,
} from '../../../providers/s3/capture-bucket/capture-setup.ts';
import { keepMaskKey } from '../../../providers/s3/capture-bucket/mask-key.ts';
import { makeStoreBucket } from '../../../providers/s3/capture-bucket/store-setup.ts';
import { newRunId } from '../../store/journal/runs.ts';
import { describeConfiguration } from '../../store/configuration.ts';
import { storePermissions } from '../../store/objects/s3-errors.ts';
import { s3Place } from '../../store/objects/s3-place.ts';
import { signersWritable } from '../../store/signing/signatures.ts';
import { blank, row, span, type Row } from '../../views/base/rows.ts';
import { auditedSession } from '../context/audit-log.ts';
import { cannotAsk } from '../planning/consent.ts';
import { localMaskKey } from '../context/mask-key.ts';
import { print, printJson } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * `aiplan setup`: makes the capture bucket, or makes an existing one at least as strong as it has to be, reads it back,
 * checks the store, and shows the effective configuration. Running it again changes nothing. It weakens nothing; what
 * it would replace is confirmed in a terminal, else left (exit 3). `--iam` only lists permissions.
 */
export async function setup(context: CommandContext, { iam }: { iam?: boolean }): Promise<ExitCode> {
  const { io, options, configuration } = context;
  if (iam === true) {
    const actions = {
      ...Object.fromEntries(
        (['read', 'write', 'capture', 'restore'] as const).map((purpose) => [
          purpose,
          [...new Set(context.types.all.flatMap((type) => type.iam[purpose]))].sort(),
        ]),
      ),
      // The permissions to look values of a change plan up, and to read the secrets that its secret properties name.
      values: [
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeSubnets',
        'secretsmanager:GetSecretValue',
        'ssm:GetParameter',
        'ssm:GetParameters',
      ],
      // The key by which plans of all homes compare sensitive values, below keys/ of the capture bucket.
      compare: ['s3:GetObjectVersion', 's3:ListBucketVersions'],
      audit: ['cloudtrail:LookupEvents', 's3:GetObject', 's3:GetObjectVersion', 's3:ListBucketVersions'],
      // Only a store in S3, on its bucket and prefix.
      store: storePermissions,
    };
    if (options.json === true) printJson(io, actions);
    else
      print(
        io,
        options,
        Object.entries(actions).flatMap(([purpose, names]) => [
          row(0, span(purpose, 'title')),
          ...names.map((name) => row(2, name)),
          blank,
        ]),
      );
    return exitCodes.done;
  }
  const store = await madeStore(context, await provedFacts(context));
  if (store.problems.length > 0) {
    if (options.json === true) printJson(io, { store: { place: context.store.place, ...store } });
    else print(io, options, storeRows(context, store));
    return exitCodes.error;
  }
  const target = await context.target();
  const of = {
    account: target.account,
    region: target.region,
    endpoint: target.endpoint,
    bucket: configuration.capture.bucket,
  };
  const session = auditedSession(context, await context.applier('setup'), target, 'setup');
  try {
    const bucket = captureBucketName(target.account, target.region, configuration.capture.bucket);
    const stamp = newRunId(io.clock.now(), io.random(2));
    const make = (confirmed: ReadonlySet<string>) =>
      runOutsideRun(session, () => setupProgram(of, { stamp, confirmed }), {
        run: 'setup',
        step: 'capture bucket',
        setup: true,
      });
    const first = await make(new Set());
    const isConfirmed = first.left.length > 0 && (await confirmReplacing(context, bucket, first.left));
    const second = isConfirmed
      ? await make(new Set(first.left.map(({ mark }) => mark)))
      : { done: [], left: first.left };
    const key = await runOutsideRun(session, () => keepMaskKey(of, localMaskKey(context, target.account)), {
      run: 'setup',
      step: 'mask key',
      setup: true,
    });
    const done = [...first.done, ...second.done, ...key];
    const problems = [
      ...(await runOutsideRun(session, () => verifyCaptureBucket(of), { run: 'setup', step: 'capture bucket' })),
      ...second.left.map((left) => leftText(left, cannotAsk(context))),
    ];
    if (options.json === true)
      printJson(io, {
        bucket,
        done,
        problems,
        store: { place: context.store.place, ...store },
        configuration: describeConfiguration(configuration),
      });
    else print(io, options, [...setupRows(context, bucket, done, problems), blank, ...storeRows(context, store)]);
    return problems.length === 0 ? exitCodes.done : second.left.length > 0 ? exitCodes.blocked : exitCodes.error;
  } finally {
    session.close();
  }
}

const provedFacts = ({ store }: CommandContext): Promise<StoreFacts> => store.prove?.() ?? store.inspect();

/**
 * Makes the bucket of a shared store that does not exist, where the credentials and the region at hand are those of the
 * store; it proves it then. Else the facts stay as they are, and name the commands. It is the one change that no log
 * can be told of before: the log lies in that bucket.
 */
async function madeStore(context: CommandContext, facts: StoreFacts): Promise<StoreFacts> {
  const { store, storeProfile, storeRegion } = context.configuration;
  if (facts.isMissing !== true || store === null || storeProfile !== null) return facts;
  const { account, region } = await context.target();
  if (storeRegion !== null && storeRegion !== region) return facts;
  const session = await context.applier('setup');
  try {
    const done = await runOutsideRun(
      session,
      () => makeStoreBucket({ bucket: s3Place(store).bucket, account, region }),
      { run: 'setup', step: 'store bucket', setup: true },
    );
    const proved = await provedFacts(context);
    return { ...proved, facts: [...done, ...proved.facts] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      ...facts,
      problems: [
        ...facts.problems,
        `aiplan could not make it: ${error.operation} ${error.code}, ${sanitise(error.message)}`,
      ],
    };
  } finally {
    session.close();
  }
}

/**
 * A replacement or removal is confirmed by a person at a terminal, who types the bucket's name; anything else is no.
 */
async function confirmReplacing(
  context: CommandContext,
  bucket: string,
  left: readonly Replacement[],
): Promise<boolean> {
  const { io, options } = context;
  if (cannotAsk(context) !== null) return false;
  const { typeLine } = await import('../../tui/review/type-line.ts');
  const shown = (value: Json): string => sanitise(typeof value === 'string' ? value : JSON.stringify(value));
  const question = left.flatMap((item) => [
    row(0, span(item.part, 'title')),
    ...item.replaces.map((text) => row(2, span(`takes away: ${sanitise(text)}`, 'destroy'))),
    row(2, `now: ${shown(item.before)}`),
    row(2, `then: ${shown(item.after)}`),
    blank,
  ]);
  return typeLine({
    question: [
      ...question,
      row(
        0,
        span(
          `The former documents are kept in the bucket. Type ${bucket} and Enter; Esc leaves it as it is.`,
          'destroy',
        ),
      ),
    ],
    wanted: bucket,
    now: () => io.clock.now(),
    stdin: io.stdin,
    stdout: io.stdout,
    color: options.color && (io.environment['NO_COLOR'] ?? '') === '',
    onInterrupt: (callback) => io.onInterrupt(callback),
  });
}

const leftText = ({ part, replaces }: Replacement, why: string | null): string =>
  `Its ${part} stays as it is, because nobody confirmed that this is taken away: ${replaces.join('; ')}.${why === null ? '' : ` A person runs \`aiplan setup\` in a terminal (${why}).`}`;

function storeRows({ store }: CommandContext, { facts, problems }: StoreFacts): readonly Row[] {
  return [
    row(
      0,
      span('Store ', 'title'),
      store.place,
      problems.length === 0 ? span(' is ready', 'good') : span(' is NOT ready', 'destroy'),
    ),
    ...facts.map((text) => row(2, text)),
    ...problems.map((text) => row(2, span(text, 'destroy'))),
  ];
}

function setupRows(
  context: CommandContext,
  bucket: string,
  done: readonly string[],
  problems: readonly string[],
): readonly Row[] {
  const { configuration } = context;
  const signers = configuration.allowedSigners;
  return [
    row(
      0,
      span('Capture bucket ', 'title'),
      bucket,
      problems.length === 0 ? span(' is ready', 'good') : span(' is NOT ready', 'destroy'),
    ),
    ...done.map((text) => row(2, text)),
    ...problems.map((text) => row(2, span(text, 'destroy'))),
    blank,
    row(0, span('Configuration', 'title')),
    ...describeConfiguration(configuration).map(({ name, value, source }) =>
      row(2, `${name}: ${value}`, span(` (${source})`, 'muted')),
    ),
    ...(Object.values(configuration.sources).includes('system file')
      ? []
      : [
          row(
            2,
            span(
              'an agent that runs as you can change your configuration; one in /etc/aiplan/config.yaml, owned by root, it cannot',
              'warning',
            ),
          ),
        ]),
    ...(signers !== null && signersWritable(signers)
      ? [
          row(
            2,
            span(
              'the allowed-signers file can be written by you, and so by an agent that runs as you; let another user own it',
              'warning',
            ),
          ),
        ]
      : []),
  ];
}
