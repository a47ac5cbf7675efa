import { canonical, sha256 } from '../../src/model/digest.ts';
import { AwsError, UserError } from '../../src/model/error.ts';
import type { AwsSession, Call, Permit } from '../../src/model/call.ts';
import type { JsonObject, SecretRef } from '../../src/model/json.ts';
import type { CaptureManifest, CaptureVault } from '../../src/model/ports.ts';

const permit: Permit = { run: 'vault', step: 'vault', operations: ['s3:PutObject'] };

/**
 * The capture bucket as apply uses it. `session` is a session of its own whose gate lets only PutObject through; `account`
 * is checked by S3 itself on every request (ExpectedBucketOwner). With `bucket` null everything is refused.
 */
export function openVault(session: AwsSession, bucket: string | null, account: string, run: string): CaptureVault {
  const need = (): string => {
    if (bucket === null) throw new UserError('no-capture-bucket', 'there is no capture bucket', { help: 'run `aiplan setup` once for this account and region' });
    return bucket;
  };
  const put = async (key: string, body: string, purpose: string): Promise<void> => {
    const name = need();
    const input: JsonObject = { Bucket: name, Key: key, Body: body, ContentType: 'application/json', ServerSideEncryption: 'AES256', ExpectedBucketOwner: account, IfNoneMatch: '*' };
    const call: Call = { service: 's3', operation: 'PutObject', input, identity: name, retry: 'named', purpose };
    try {
      await session.mutate(call, input, permit);
    } catch (error) {
      // The same object may be there from an attempt whose answer was lost; what counts is what is read back.
      if (!(error instanceof AwsError) || (error.code !== 'PreconditionFailed' && error.executed === 'no')) throw error;
    }
    const written = await read(key);
    if (written !== body) throw new UserError('vault-mismatch', `"s3://${name}/${key}" does not hold what was written`, { help: 'something else writes into the capture bucket; look at it before you go on' });
  };
  const read = async (key: string): Promise<string | null> => {
    const answer = await session.read({ service: 's3', operation: 'GetObject', input: { Bucket: need(), Key: key, ExpectedBucketOwner: account }, absent: ['NoSuchKey'] });
    return answer === null ? null : String(answer['Body'] ?? '');
  };
  return {
    bucket,
    async keepSecret(step, name, text) {
      const key = `secrets/${run}/${step}/${name.replaceAll(/[^\w.-]/gu, '-')}-${sha256(name).slice(7, 15)}`;
      await put(key, text, 'keep a sensitive text for the restore');
      return { $secret: { captured: key } };
    },
    async readSecret(ref: SecretRef) {
      const key = ref.$secret.captured ?? '';
      const text = await read(key);
      if (text === null) throw new UserError('no-such-secret', `the capture bucket holds no "${key}"`, { help: 'the restore needs it; look for the object and its versions in the capture bucket' });
      return text;
    },
    async putManifest(manifestRun, step, manifest: CaptureManifest) {
      const body = canonical(manifest);
      const key = `manifests/${manifestRun}/${step}-${sha256(body).slice(7, 19)}.json`;
      await put(key, body, 'write the capture manifest beside the data');
      return `s3://${need()}/${key}`;
    },
  };
}
