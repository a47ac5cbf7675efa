import { checkedManifest, listManifests, manifestVersion } from '../../providers/s3/objects/manifests.ts';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { keepText, putManifest, readManifestCall, readText } from '../../providers/s3/capture-bucket/capture-bucket.ts';
import type { CaptureBucket } from '../../providers/s3/objects/capture-place.ts';
import { setupProgram, verifyCaptureBucket } from '../../providers/s3/capture-bucket/capture-setup.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { account, region, settingUp, startBuckets, store, type BucketFixture } from '../helpers/bucket-fixture.ts';
import { drive } from '../helpers/drive.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import type { CaptureManifest } from '../../src/domain/records/run-manifest.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const permit = { run: 'test', step: 'test', operations: ['s3:PutObject'] };

suite('the capture bucket against the sandbox', () => {
  let fixture: BucketFixture;
  let of: CaptureBucket;
  beforeAll(async () => {
    fixture = await startBuckets();
    of = { account, region, endpoint: fixture.sandbox.endpoint, bucket: null };
  }, 90_000);
  afterAll(async () => {
    await fixture.stop();
  });

  let times = 0;
  const setup = async (which: CaptureBucket = of): Promise<readonly string[]> => {
    times += 1;
    return (await drive(settingUp(fixture.aws), () => setupProgram(which, { stamp: `time-${times}` }))).done;
  };
  const verify = (): Promise<readonly string[]> => drive(fixture.aws, () => verifyCaptureBucket(of));

  it('is made once; a second time changes nothing', async () => {
    expect(await verify()).toEqual([]);
    const mutations = (): number =>
      Object.entries(fixture.aws.counts).reduce(
        (sum, [name, count]) => (/:(Create|Put|Delete)/u.test(name) ? sum + count : sum),
        0,
      );
    const before = mutations();
    expect(before).toBeGreaterThanOrEqual(4);
    expect(await setup()).toEqual([]);
    expect(mutations()).toBe(before);
  });

  it('says what is wrong, and is put right again', async () => {
    await fixture.s3.send(new DeleteBucketPolicyCommand({ Bucket: store }));
    await fixture.s3.send(
      new PutBucketVersioningCommand({ Bucket: store, VersioningConfiguration: { Status: 'Suspended' } }),
    );
    expect(await verify()).toEqual([
      `The capture bucket "${store}": versioning is not enabled.`,
      `The capture bucket "${store}": its policy does not protect the captures: s3:BypassGovernanceRetention, s3:DeleteBucket, s3:DeleteObjectVersion and 8 more are not denied.`,
    ]);
    expect(await setup()).toHaveLength(2);
    const { Body } = await fixture.s3.send(
      new GetObjectCommand({ Bucket: store, Key: `setup/time-${times}/versioning.json` }),
    );
    expect(await Body?.transformToString()).toBe('{"Status":"Suspended"}');
    expect(await verify()).toEqual([]);
  });

  it('keeps versions from everybody but the root user', async () => {
    const VersionId = await fixture.put(store, 'copies/x', 'kept');
    await expect(
      fixture.s3.send(new DeleteObjectCommand({ Bucket: store, Key: 'copies/x', VersionId })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    await fixture.s3.send(new DeleteObjectCommand({ Bucket: store, Key: 'copies/x' }));
    const { Versions = [] } = await fixture.s3.send(
      new ListObjectVersionsCommand({ Bucket: store, Prefix: 'copies/x' }),
    );
    expect(Versions.map((version) => version.VersionId)).toEqual([VersionId]);
  });

  it('keeps manifests, once, and finds them again', async () => {
    const call = putManifest(of, 'run-7', 'Site-abc', { hello: 'world' });
    await fixture.aws.mutate(call, call.input, permit);
    await expect(fixture.aws.mutate(call, call.input, permit)).rejects.toMatchObject({ code: 'PreconditionFailed' });
    await fixture.put(store, 'manifests/run-7/Site-0001.json', '{"part":1}');
    expect((await fixture.aws.read(readManifestCall(of, 'run-7', 'Site-abc')))?.['Body']).toBe('{"hello":"world"}');
    const vault = openVault(fixture.aws, of, 'run-7');
    const manifest = { format: 'aiplan/capture@1', run: 'run-7', step: 'Site' } as unknown as CaptureManifest;
    expect(await vault.putManifest('run-7', 'Site', manifest)).toMatch(
      /^s3:.*\/manifests\/run-7\/Site-[0-9a-f]{12}\.json$/u,
    );
    const { manifests, strays } = await drive(fixture.aws, () => listManifests(of, 'run-7'));
    expect([
      manifests.map(({ run, name, versions }) => [run, name, versions.length]),
      strays.map(({ key }) => key),
    ]).toEqual([[['run-7', 'Site', 1]], ['manifests/run-7/Site-abc.json']]);
    const [listed] = manifests;
    const read = await fixture.aws.read(manifestVersion(of, listed!.key, listed!.versions[0]!.id));
    expect(checkedManifest(listed!, String(read?.['Body']))).toEqual({ manifest });
    // A kept text is read in the version that was written, whatever lies above it.
    const kept = await vault.keepSecret('Web', 'user-data', 'canary text');
    await fixture.put(store, `secrets/${kept.$secret.captured ?? ''}`, 'of somebody else');
    expect(await vault.readSecret(kept)).toBe('canary text');
    expect(await fixture.aws.read(readManifestCall(of, 'run-8', 'Site-abc'))).toBeNull();
  });

  it('keeps sensitive texts that no call holds', async () => {
    const call = keepText(of, 'run-7/Web/user-data');
    expect(JSON.stringify(call)).not.toContain('canary');
    await fixture.aws.mutate(call, { ...call.input, Body: 'canary' } as JsonObject, permit);
    expect((await fixture.aws.read(readText(of, 'run-7/Web/user-data')))?.['Body']).toBe('canary');
    expect(await fixture.aws.read(readText(of, 'run-7/Web/other'))).toBeNull();
  });

  it('does not take a bucket that is used for something else', async () => {
    const used = 'somebody-uses-this';
    await fixture.s3.send(new CreateBucketCommand({ Bucket: used }));
    await fixture.put(used, 'a', 'b');
    // The gate of this session protects another name, so the program's own check is what refuses.
    await expect(setup({ ...of, bucket: used })).rejects.toMatchObject({ code: 'not-a-capture-bucket' });
    await expect(setup({ ...of, account: '210987654321' })).rejects.toMatchObject({ code: 'name-taken' });
  });
});
