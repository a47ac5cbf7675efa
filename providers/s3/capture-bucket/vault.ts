import { canonical, sha256 } from '../../../src/base/digest.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { AwsSession, Call, Permit, Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { CaptureVault } from '../../../src/domain/records/ports.ts';
import { versionOf } from '../objects/manifest.ts';
import { findText, keepText, manifestKey, putManifest, readManifestCall, readText } from './capture-bucket.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { putEnd, putUsed, readEnd, usedBy } from './run-marks.ts';

const permit: Permit = { run: 'vault', step: 'vault', operations: ['s3:PutObject'] };

/**
 * The capture bucket as apply uses it. `session` is a session of its own, through whose gate this vault sends nothing
 * but PutObject into that bucket. `of` is null where there is no capture bucket; then everything is refused.
 */
export function openVault(
  session: AwsSession,
  of: CaptureBucket | null,
  run: string,
): CaptureVault & {
  /** Marks an approval as used by the run, once; answers which run used it first, null where no mark tells. */
  markUsed(nonce: string): Promise<string | null>;
} {
  const need = (): CaptureBucket => {
    if (of === null)
      throw new UserError('no-capture-bucket', 'there is no capture bucket', {
        help: 'run `aiplan setup` once for this account and region',
      });
    return of;
  };
  const reading = async <Result>(program: Program<Result>): Promise<Result> => {
    let step = program.next();
    while (step.done !== true) {
      if (step.value.kind !== 'read') throw new TypeError(`${step.value.kind} in a program that only reads`);
      step = program.next(await session.read(step.value.call));
    }
    return step.value;
  };
  const put = async (call: Call, body: string): Promise<void> => {
    try {
      await session.mutate(call, { ...call.input, Body: body } as JsonObject, permit);
    } catch (error) {
      // It may be there from an attempt whose answer was lost; what counts is what is read back.
      if (!(error instanceof AwsError) || (error.code !== 'PreconditionFailed' && error.executed === 'no')) throw error;
    }
  };
  const written = (answer: JsonObject | null, body: string, key: string): JsonObject => {
    if (answer === null || String(answer['Body'] ?? '') !== body)
      throw new UserError('vault-mismatch', `"${key}" in the capture bucket does not hold what was written`, {
        help: 'something else writes into the capture bucket; look at it before you go on',
      });
    return answer;
  };
  const keep = async (of: string, what: string, manifest: JsonObject): Promise<string> => {
    const name = `${what}-${sha256(canonical(manifest)).slice(7, 19)}`;
    const call = putManifest(need(), of, name, manifest);
    const body = String(call.input['Body']);
    await put(call, body);
    written(await session.read(readManifestCall(need(), of, name)), body, manifestKey(of, name));
    return `s3://${String(call.input['Bucket'])}/${manifestKey(of, name)}`;
  };
  return {
    bucket: of === null ? null : String(keepText(of, 'x').input['Bucket']),
    async keepSecret(step, name, text) {
      const key = `${run}/${step}/${name.replaceAll(/[^\w.-]/gu, '-')}-${sha256(name).slice(7, 15)}`;
      await put(keepText(need(), key), text);
      // The version that was read back is the one that was written: later versions, whoever writes them, are never
      // read.
      const version = versionOf(written(await session.read(readText(need(), key)), text, key), nameOf(need()));
      return { $secret: { captured: key, version } };
    },
    async readSecret(ref) {
      const key = ref.$secret.captured ?? '';
      const answer = await session.read(readText(need(), key, ref.$secret.version));
      if (answer === null) throw noSecret(key, ref.$secret.version);
      return String(answer['Body'] ?? '');
    },
    async findSecret(ref) {
      const key = ref.$secret.captured ?? '';
      if ((await session.read(findText(need(), key, ref.$secret.version))) === null)
        throw noSecret(key, ref.$secret.version);
    },
    putManifest: (manifestRun, step, manifest) => keep(manifestRun, step, manifest as unknown as JsonObject),
    async markUsed(nonce) {
      const call = putUsed(need(), nonce, run);
      await put(call, String(call.input['Body']));
      return reading(usedBy(need(), nonce));
    },
    async putEnd(end) {
      const call = putEnd(need(), end);
      const body = String(call.input['Body']);
      await put(call, body);
      written(await session.read(readEnd(need(), end)), body, String(call.input['Key']));
      return `s3://${String(call.input['Bucket'])}/${String(call.input['Key'])}`;
    },
    // No address of a change plan has a dot: the name is no step's.
    putRun: (manifest) => keep(manifest.run, 'run.all', manifest as unknown as JsonObject),
  };
}

const noSecret = (key: string, version: string | undefined): UserError =>
  new UserError(
    'no-such-secret',
    `the capture bucket holds no "${key}"${version === undefined ? '' : ` in its version "${version}"`}`,
    {
      help: 'the restore needs it; look for the object and its versions in the capture bucket',
    },
  );
