import { isObject, type Json } from '../../base/json.ts';
import {
  all,
  flawText,
  listOf,
  map,
  mapOf,
  object,
  oneOf,
  optional,
  orNull,
  plainJson,
  text,
  type Shape,
} from '../../base/shape.ts';
import type { CaptureManifest, RunManifest } from '../../domain/records/run-manifest.ts';
import { capture, entry, liveResource } from './shapes.ts';

const target = object({ account: text, region: text, endpoint: orNull(text) });

const change = object({
  path: text,
  effect: oneOf('in-place', 'restart', 'replace', 'destructive', 'grant'),
});

const step = object({
  id: text,
  type: text,
  identity: orNull(text),
  digest: text,
  action: oneOf('create', 'update', 'replace', 'delete', 'keep'),
  changes: listOf(change),
  dependsOn: listOf(text),
  incarnation: orNull(text),
  restores: optional(object({ run: text, step: text })),
});

const plan = object({
  format: oneOf('aiplan/plan@1'),
  digest: text,
  name: text,
  target,
  createdAt: text,
  expiresAt: text,
  configuration: map,
  rollbackOf: orNull(text),
  steps: listOf(step),
});

const shapes: Readonly<Record<string, Shape>> = {
  'aiplan/run@1': object({
    run: text,
    at: text,
    target,
    plan,
    journalHead: text,
    befores: listOf(object({ step: text, live: orNull(liveResource), entry, changes: listOf(change) })),
    captures: mapOf(capture),
  }),
  'aiplan/capture@1': object({
    run: text,
    step: text,
    at: text,
    target,
    planName: text,
    planDigest: text,
    journalHead: text,
    live: liveResource,
    before: optional(liveResource),
    entry,
    capture: orNull(capture),
    expires: text,
  }),
};

/** A manifest of a run or of a capture, or why it is neither. */
export type ShapedManifest =
  | { readonly kind: 'run'; readonly manifest: RunManifest }
  | { readonly kind: 'capture'; readonly manifest: CaptureManifest }
  | { readonly kind: 'none'; readonly why: string };

/**
 * Holds a JSON value against the formats of manifests that this version reads (FORMATS.md), down to the members that a
 * rollback uses. Further members stay. Pure.
 */
export function shapedManifest(value: Json): ShapedManifest {
  const format = isObject(value) ? value['format'] : undefined;
  const shape = typeof format === 'string' && Object.hasOwn(shapes, format) ? shapes[format] : undefined;
  if (shape === undefined) {
    const named = typeof format === 'string' ? format.slice(0, 100) : 'none';
    return { kind: 'none', why: `its format "${named}" is not one that this version of aiplan reads` };
  }
  const found = all(shape, plainJson)(value);
  if (found !== null) {
    return { kind: 'none', why: `it is not a manifest of the format "${String(format)}": ${flawText(found)}` };
  }
  return format === 'aiplan/run@1'
    ? { kind: 'run', manifest: value as unknown as RunManifest }
    : { kind: 'capture', manifest: value as unknown as CaptureManifest };
}
