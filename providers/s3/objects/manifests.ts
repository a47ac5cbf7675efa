import type { ReadCall, Program } from '../../../src/domain/call.ts';
import { canonical, sha256 } from '../../../src/base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { captureBucketName, type CaptureBucket } from './capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { versionsBelow } from './copies.ts';

/** An object below `manifests/`, with its versions as S3 lists them. */
export interface ListedManifest {
  readonly key: string;
  readonly run: string;
  /** `run.all`, or the step whose capture it tells of. */
  readonly name: string;
  /** The first digits of the digest of what was written there, as the name says. */
  readonly digest: string;
  /** Oldest first, delete markers left out. `written`: ISO time by S3's clock. */
  readonly versions: readonly { readonly id: string; readonly written: string; readonly size: number }[];
  /** When it was deleted, where its newest version is a delete marker. */
  readonly deletedAt: string | null;
}

/** The objects below `manifests/`. */
export interface ListedManifests {
  readonly manifests: readonly ListedManifest[];
  readonly strays: readonly { readonly key: string; readonly why: string }[];
}

/** `manifests/<run>/<name>-<12 hex>.json`, as the vault writes them. No step's address has a dot or a slash. */
const manifestName = /^manifests\/(?<run>[^/]+)\/(?<name>run\.all|[^/.]+)-(?<digest>[0-9a-f]{12})\.json$/u;
/**
 * The numbered parts of a bucket's list of copies lie beside the manifests; each is bound by its digest in the
 * manifest.
 */
const partName = /^manifests\/[^/]+\/[^/.]+-\d{4}\.json$/u;

/** Larger than any manifest that was ever written: a run of 10,000 steps comes to a tenth of it. */
const largest = 256 * 1024 ** 2;
/** Versions of one name that are looked at before it is left out. */
export const mostVersions = 5;

/**
 * Lists the manifests of one run, or of all runs, every page, with every version: what somebody wrote over or deleted
 * stays 30 days as an earlier version. Reads only. Throws AwsError. Source: S3 API reference, ListObjectVersions.
 */
export function* listManifests(of: CaptureBucket, run: string | null): Program<ListedManifests> {
  const bucket = captureBucketName(of.account, of.region, of.bucket);
  const listed =
    (yield* versionsBelow(bucket, of.account, run === null ? 'manifests/' : `manifests/${run}/`)) ??
    new Map<string, never>();
  const manifests: ListedManifest[] = [];
  const strays: { key: string; why: string }[] = [];
  for (const [key, entries] of listed) {
    if (partName.test(key)) continue;
    const { run: of_ = '', name = '', digest = '' } = manifestName.exec(key)?.groups ?? {};
    const versions = entries
      .filter(({ marker }) => !marker)
      .toReversed()
      .map(({ versionId, modified, size }) => ({ id: versionId, written: modified, size }));
    if (name === '') strays.push({ key, why: 'its name is not one of a manifest' });
    else if (versions.length > 0)
      manifests.push({
        key,
        run: of_,
        name,
        digest,
        versions,
        deletedAt: entries[0]?.marker === true ? entries[0].modified : null,
      });
  }
  return { manifests, strays };
}

/** Reads one version of a manifest; the answer's `Body` is its text, null where there is none. */
export const manifestVersion = (of: CaptureBucket, key: string, version: string): ReadCall => ({
  service: 's3',
  operation: 'GetObject',
  absent: ['NoSuchKey', 'NoSuchVersion'],
  input: { ...owned(captureBucketName(of.account, of.region, of.bucket), of.account), Key: key, VersionId: version },
});

/**
 * The versions of a manifest to look at, oldest first: the one that aiplan wrote is the first whose content has the
 * digest of the name, because it is written only where none is (If-None-Match).
 */
export const candidates = ({ versions }: ListedManifest): ListedManifest['versions'] =>
  versions.filter(({ size }) => size <= largest).slice(0, mostVersions);

/** A manifest of that name and run, or why it is none. Pure. */
export function checkedManifest(
  { run, name, digest }: ListedManifest,
  text: string | null,
): { readonly manifest: JsonObject } | { readonly why: string } {
  if (text === null) return { why: 'it cannot be read' };
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { why: 'it is not JSON' };
  }
  if (!isObject(value)) return { why: 'it is not a JSON object' };
  if (sha256(canonical(value)).slice(7, 19) !== digest)
    return { why: 'its content does not have the digest of its name' };
  if (value['run'] !== run) return { why: `it says that it is of run "${String(value['run'])}"` };
  if (name !== 'run.all' && value['step'] !== name)
    return { why: `it says that it is of step "${String(value['step'])}"` };
  return { manifest: value };
}
