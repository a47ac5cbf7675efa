import { z } from 'zod';
import { isObject, type Json } from '../../base/json.ts';
import type { RunManifest, CaptureManifest } from '../../domain/records/run-manifest.ts';

const json = z.json();
const object = z.record(z.string(), json);
const strings = z.record(z.string(), z.string());
const target = z.looseObject({ account: z.string(), region: z.string(), endpoint: z.string().nullable() });

const live = z.looseObject({
  type: z.string(),
  identity: z.string(),
  incarnation: z.string(),
  properties: object,
  attributes: object,
  systemTags: strings,
  state: z.string(),
  pending: object,
  binding: object,
  observed: object,
  detailed: z.boolean(),
});

const capture = z.looseObject({
  how: z.enum(['native', 'config', 'copy', 'none']),
  refs: object,
  pointInTime: z.string().nullable(),
  bytes: z.number().nullable(),
  encrypted: z.boolean().nullable(),
  extras: object,
});

const entry = z.looseObject({
  address: z.string(),
  type: z.string(),
  action: z.enum(['read', 'create', 'update', 'replace', 'delete']),
  dependsOn: z.array(z.string()),
  properties: object.optional(),
});

const change = z.looseObject({
  path: z.string(),
  before: json,
  after: json,
  effect: z.enum(['in-place', 'restart', 'replace', 'destructive', 'grant']),
});

const step = z.looseObject({
  id: z.string(),
  type: z.string(),
  identity: z.string().nullable(),
  digest: z.string(),
  action: z.enum(['create', 'update', 'replace', 'delete', 'keep']),
  changes: z.array(change),
  dependsOn: z.array(z.string()),
  incarnation: z.string().nullable(),
  restores: z.looseObject({ run: z.string(), step: z.string() }).optional(),
});

const plan = z.looseObject({
  format: z.literal('aiplan/plan@1'),
  digest: z.string(),
  name: z.string(),
  target,
  createdAt: z.string(),
  expiresAt: z.string(),
  configuration: object,
  rollbackOf: z.string().nullable(),
  steps: z.array(step),
});

const runManifest = z.looseObject({
  format: z.literal('aiplan/run@1'),
  run: z.string(),
  at: z.string(),
  target,
  plan,
  journalHead: z.string(),
  befores: z.array(z.looseObject({ step: z.string(), live: live.nullable(), entry, changes: z.array(change) })),
  captures: z.record(z.string(), capture),
});

const captureManifest = z.looseObject({
  format: z.literal('aiplan/capture@1'),
  run: z.string(),
  step: z.string(),
  at: z.string(),
  target,
  planName: z.string(),
  planDigest: z.string(),
  journalHead: z.string(),
  live,
  before: live.optional(),
  entry,
  capture: capture.nullable(),
  expires: z.string(),
});

/** A manifest of a run or of a capture, or why it is neither. */
export type ShapedManifest =
  | { readonly kind: 'run'; readonly manifest: RunManifest }
  | { readonly kind: 'capture'; readonly manifest: CaptureManifest }
  | { readonly kind: 'none'; readonly why: string };

/**
 * Holds a JSON value against the formats of manifests that this version reads (FORMATS.md), down to the members that a
 * rollback uses. What is more than they say stays. Pure.
 */
export function shapedManifest(value: Json): ShapedManifest {
  const format = isObject(value) ? value['format'] : undefined;
  if (format !== 'aiplan/run@1' && format !== 'aiplan/capture@1')
    return {
      kind: 'none',
      why: `its format "${typeof format === 'string' ? format.slice(0, 100) : 'none'}" is not one that this version of aiplan reads`,
    };
  const found = (format === 'aiplan/run@1' ? runManifest : captureManifest).safeParse(value);
  if (!found.success) {
    const [issue] = found.error.issues;
    return {
      kind: 'none',
      why: `it is not a manifest of the format "${format}": ${issue === undefined ? 'no reason given' : `${issue.path.join('.')} ${issue.message}`.trim()}`,
    };
  }
  return format === 'aiplan/run@1'
    ? { kind: 'run', manifest: found.data as unknown as RunManifest }
    : { kind: 'capture', manifest: found.data as unknown as CaptureManifest };
}
