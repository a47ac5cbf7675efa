import { look, type Program } from '../../../src/domain/call.ts';
import type { RunWitness } from '../../../src/domain/records/audit-report.ts';
import { canonical, sha256 } from '../../../src/base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { captureBucketName, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { compact, objectsOf, textOf } from '../configuration/values.ts';

/**
 * `manifests/<run>/<name>-<12 hex>.json`: of a run or of a capture, not the numbered parts of a bucket's list of
 * copies.
 */
const manifestName = /^manifests\/(?<run>\d{8}-\d{6}-[0-9a-f]{4})\/.+-(?<digest>[0-9a-f]{12})\.json$/u;

interface Found {
  versions: string[];
  deletedAt: string | null;
}

/**
 * The records of runs in the capture bucket, also manifests that somebody deleted (a version stays) or wrote over: each
 * is written once, before the first change of a run or before a destruction, and names the record that its journal then
 * ended with. `wanted` chooses by run. Reads only. Throws AwsError. Source: S3 API reference, ListObjectVersions; user
 * guide, "Deleting object versions".
 */
export function* readWitnesses(of: CaptureBucket, wanted: (run: string) => boolean): Program<readonly RunWitness[]> {
  const bucket = captureBucketName(of.account, of.region, of.bucket);
  const found = new Map<string, Found>();
  let markers: JsonObject = {};
  for (;;) {
    const answer: JsonObject =
      (yield* look({
        service: 's3',
        operation: 'ListObjectVersions',
        input: compact({ ...owned(bucket, of.account), Prefix: 'manifests/', ...markers }),
      })) ?? {};
    const entry = (item: JsonObject): Found | null => {
      const key = textOf(item['Key']) ?? '';
      const run = manifestName.exec(key)?.groups?.['run'];
      if (run === undefined || !wanted(run)) return null;
      const known = found.get(key) ?? { versions: [], deletedAt: null };
      found.set(key, known);
      return known;
    };
    // Newest first within a key: the last one is what was written first.
    for (const item of objectsOf(answer['Versions'])) entry(item)?.versions.push(textOf(item['VersionId']) ?? '');
    for (const item of objectsOf(answer['DeleteMarkers'])) {
      const known = entry(item);
      if (known !== null && item['IsLatest'] === true) known.deletedAt = textOf(item['LastModified']) ?? '';
    }
    if (answer['IsTruncated'] !== true) break;
    markers = compact({ KeyMarker: answer['NextKeyMarker'], VersionIdMarker: answer['NextVersionIdMarker'] });
  }
  const witnesses: RunWitness[] = [];
  for (const [key, { versions, deletedAt }] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { run = '', digest = '' } = manifestName.exec(key)?.groups ?? {};
    const first = versions.at(-1);
    const isPlain = deletedAt === null && versions.length === 1;
    const answer =
      first === undefined
        ? null
        : yield* look({
            service: 's3',
            operation: 'GetObject',
            input: { ...owned(bucket, of.account), Key: key, ...(isPlain ? {} : { VersionId: first }) },
            absent: ['NoSuchKey', 'NoSuchVersion'],
          });
    const manifest = parsed(textOf(answer?.['Body']));
    const text = (name: string): string | null =>
      manifest !== null && typeof manifest[name] === 'string' ? manifest[name] : null;
    const plan = manifest !== null && isObject(manifest['plan']) ? manifest['plan'] : {};
    witnesses.push({
      run,
      place: `s3://${bucket}/${key}`,
      at: text('at'),
      step: text('step'),
      planName: text('planName') ?? textOf(plan['name']) ?? null,
      journalHead: text('journalHead'),
      isWhole: manifest !== null && manifest['run'] === run && sha256(canonical(manifest)).slice(7, 19) === digest,
      isOverwritten: versions.length > 1,
      deletedAt,
    });
  }
  return witnesses;
}

function parsed(text: string | undefined): JsonObject | null {
  try {
    const value: Json = JSON.parse(text ?? 'null') as Json;
    return isObject(value) ? value : null;
  } catch {
    // The former text is unknown; that it is not the written one is known.
    return null;
  }
}
