import {
  all,
  byMember,
  count,
  flag,
  listOf,
  map,
  mapOf,
  number,
  object,
  oneOf,
  optional,
  orNull,
  plainJson,
  text,
  time,
  type Shape,
} from '../../base/shape.ts';

/**
 * The shapes of everything that aiplan reads back from files: FORMATS.md in code. Members that are not named may be
 * there.
 */

const texts = listOf(text);
const endpoint = orNull(text);

const target = object({ account: text, region: text, caller: text, endpoint, alias: optional(text) });
const finding = object({
  code: text,
  severity: oneOf('error', 'warning', 'info'),
  step: orNull(text),
  message: text,
  line: orNull(number),
  column: orNull(number),
  help: optional(text),
});

const change = object({
  path: text,
  effect: oneOf('in-place', 'restart', 'replace', 'destructive', 'grant'),
  notes: optional(texts),
  authored: optional(text),
});

export const liveResource = object({
  type: text,
  identity: text,
  incarnation: text,
  properties: map,
  attributes: map,
  systemTags: mapOf(text),
  state: text,
  pending: map,
  binding: map,
  observed: map,
  detailed: flag,
  inactive: optional(mapOf(text)),
});

const how = oneOf('native', 'config', 'copy', 'none');
export const capture = object({
  how,
  refs: map,
  pointInTime: orNull(text),
  bytes: orNull(number),
  encrypted: orNull(flag),
  extras: map,
});

const step = object({
  id: text,
  type: text,
  identity: orNull(text),
  digest: text,
  action: oneOf('create', 'update', 'replace', 'delete', 'keep'),
  declared: oneOf('create', 'update', 'replace', 'delete'),
  blocked: flag,
  changes: listOf(change),
  confirm: orNull(text),
  destruction: orNull(object({ loses: texts })),
  grant: orNull(object({ opens: texts })),
  evidence: object({ binding: map, observed: map }),
  capture: object({ how, what: text, late: optional(flag), final: optional(flag), keptIn: optional(text) }),
  recoverability: object({ level: oneOf('reversible', 'restorable', 'irreversible'), loses: texts }),
  calls: texts,
  dependsOn: texts,
  source: object({ line: number, column: number }),
  reason: orNull(text),
  acceptLoss: orNull(text),
  incarnation: orNull(text),
  live: optional(map),
  interrupts: flag,
  oneWay: texts,
  when: orNull(oneOf('now', 'window')),
  leftovers: texts,
  coveredBy: optional(text),
  restores: optional(object({ run: text, step: text, from: optional(texts) })),
  mutual: optional(object({ before: texts, after: texts })),
});

const summary = object({
  create: count,
  update: count,
  replace: count,
  delete: count,
  keep: count,
  blocked: count,
  destructions: count,
  grants: count,
});

const planMembers: Shape = object({
  format: oneOf('aiplan/plan@1'),
  digest: text,
  name: text,
  intent: text,
  target,
  createdAt: time,
  expiresAt: time,
  changePlan: text,
  configuration: map,
  recorded: flag,
  rollbackOf: orNull(text),
  rejected: optional(texts),
  resumes: optional(text),
  texts: optional(listOf(object({ path: text, file: text, digest: text }))),
  assume: texts,
  author: mapOf(text),
  steps: listOf(step),
  findings: listOf(finding),
  summary,
});
export const plan: Shape = all(planMembers, plainJson);

const confirmation = object({
  step: text,
  stepDigest: text,
  typed: text,
  shown: text,
  typedLoss: orNull(text),
  at: optional(text),
});
const approval = object({
  format: oneOf('aiplan/approval@1'),
  planDigest: text,
  planName: text,
  target: object({ account: text, region: text, endpoint }),
  nonce: text,
  createdAt: time,
  expiresAt: time,
  tier: oneOf('T0', 'T1', 'none'),
  by: text,
  confirmations: listOf(confirmation),
  typedName: orNull(text),
});
export const signedApproval: Shape = all(
  object({ format: oneOf('aiplan/signed-approval@1'), approval, signature: text }),
  plainJson,
);

export const liveState: Shape = all(
  object({
    format: oneOf('aiplan/live@1'),
    target,
    readAt: time,
    recorded: flag,
    resources: listOf(liveResource),
    absent: listOf(object({ type: text, identity: text })),
    complete: texts,
    failures: listOf(
      object({ type: text, identity: orNull(text), code: text, message: text, operation: optional(text) }),
    ),
    refusals: optional(listOf(object({ type: text, operation: text, code: text, message: text }))),
    calls: mapOf(number),
    account: map,
  }),
  plainJson,
);

const position = object({ line: number, column: number });
export const entry = object({
  address: text,
  type: text,
  action: oneOf('read', 'create', 'update', 'replace', 'delete'),
  id: optional(text),
  find: optional(map),
  properties: optional(map),
  expect: optional(map),
  reason: optional(text),
  when: optional(oneOf('now', 'window')),
  rotate: optional(text),
  order: optional(oneOf('create-first', 'delete-first')),
  carry: optional(texts),
  dependsOn: texts,
  acceptLoss: optional(text),
  source: position,
  positions: mapOf(position),
  restore: optional(map),
  reopen: optional(map),
  repoint: optional(map),
  made: optional(map),
  pinned: optional(oneOf(true)),
});

const purpose = oneOf('quiesce', 'capture', 'change', 'restore', 'repoint', 'undo');
const executed = oneOf('no', 'unknown');
const declared = object({
  service: text,
  operation: text,
  input: map,
  identity: text,
  retry: oneOf('token', 'named', 'absolute', 'none'),
  purpose: text,
  makes: optional(object({ type: text, identity: orNull(text), properties: map })),
});
const partial = object({
  succeeded: count,
  notSent: count,
  failed: listOf(object({ index: count, identity: text, code: text, message: text, executed })),
});
const outcomeBase = { step: text, call: count, requestId: orNull(text), milliseconds: number };
const settled = object({
  step: text,
  verdict: oneOf('done', 'not-started', 'not-done', 'partly', 'unknown'),
  evidence: texts,
});

const journalKinds: Readonly<Record<string, Shape>> = {
  begin: object({
    format: oneOf('aiplan/journal@1'),
    run: text,
    command: oneOf('apply', 'rollback'),
    target,
    plan: planMembers,
    approval,
    auditHead: optional(text),
    incomplete: optional(texts),
    forGood: optional(texts),
  }),
  phase: object({ phase: oneOf('recheck', 'preflight', 'capture', 'change', 'verify', 'undo') }),
  before: object({ step: text, live: orNull(liveResource), entry, changes: listOf(change) }),
  intent: object({ step: text, call: count, purpose, declared }),
  'intent-batch': object({ step: text, call: count, purpose, text, count, digest: text, operations: texts }),
  outcome: (value) =>
    (value as { ok?: unknown }).ok === true
      ? object({ ...outcomeBase, ok: oneOf(true), answer: map })(value)
      : object({ ...outcomeBase, ok: oneOf(false), code: text, message: text, executed, partial: optional(partial) })(
          value,
        ),
  captured: object({ step: text, capture, verified: flag, problems: texts }),
  remapped: object({ step: text, map: mapOf(text) }),
  step: object({
    step: text,
    state: oneOf('started', 'done', 'failed', 'pending'),
    identity: orNull(text),
    after: orNull(liveResource),
    message: orNull(text),
  }),
  finding: object({
    step: orNull(text),
    code: text,
    message: text,
    capture: optional(object({ run: text, step: text, takenAt: text })),
  }),
  resumed: object({
    session: count,
    by: text,
    host: text,
    pid: number,
    remaining: text,
    approval,
    settled: listOf(settled),
    auditHead: optional(text),
  }),
  end: object({ outcome: oneOf('done', 'failed', 'stopped', 'stale', 'blocked', 'abandoned'), message: orNull(text) }),
};
/** A record of a journal, its number and chain left to whoever reads the chain. */
export const journalRecord: Shape = all(object({ at: time }), byMember('kind', journalKinds), plainJson);

const actor = { by: text, host: text, agent: optional(orNull(text)) };
const mark = object({ records: count, head: text });
const signer = object({ principal: text, fingerprint: text, line: text });

const auditKinds: Readonly<Record<string, Shape>> = {
  planned: object({
    ...actor,
    target,
    plan: text,
    name: text,
    claims: mapOf(text),
    steps: count,
    blocked: count,
    rollbackOf: optional(orNull(text)),
    stays: optional(texts),
  }),
  reviewed: object({
    ...actor,
    target,
    plan: text,
    name: text,
    tier: oneOf('T0', 'T1', 'none'),
    decision: oneOf('approved', 'declined'),
    why: text,
    rejected: texts,
    confirmations: listOf(confirmation),
    typedName: orNull(text),
    approver: optional(text),
    nonce: optional(orNull(text)),
    signer: optional(signer),
    kept: optional(text),
  }),
  refused: object({
    ...actor,
    target: orNull(target),
    plan: orNull(text),
    code: text,
    message: text,
    command: optional(text),
    run: optional(orNull(text)),
  }),
  'run-began': object({
    ...actor,
    target,
    run: text,
    command: oneOf('apply', 'rollback', 'resume'),
    plan: text,
    journal: mark,
  }),
  'run-ended': object({ ...actor, target, run: text, outcome: text, journal: mark }),
  'run-abandoned': object({ ...actor, target, run: text, typed: text, journal: mark }),
  called: object({
    ...actor,
    target,
    run: text,
    step: text,
    call: count,
    operation: text,
    identity: text,
    state: oneOf('sent', 'answered', 'refused', 'lost'),
    requestId: orNull(text),
    milliseconds: orNull(number),
    code: orNull(text),
    message: orNull(text),
  }),
};
/** An entry of the audit log, its number and chain left to whoever reads the chain. */
export const auditRecord: Shape = all(object({ at: time }), byMember('kind', auditKinds), plainJson);

/** Who holds a lock. */
export const lockOwner: Shape = object({
  run: text,
  owner: text,
  host: text,
  pid: number,
  startedAt: text,
  heartbeat: text,
  space: optional(text),
  released: optional(text),
});
