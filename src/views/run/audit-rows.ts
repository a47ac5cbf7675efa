import { several } from '../base/units.ts';
import type { Confirmation } from '../../domain/approval.ts';
import type { AuditEvent } from '../../domain/records/audit.ts';
import type { AuditProblem, AuditVerdict } from '../../domain/records/audit-report.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { blank, row, span, type Row, type Span, type Tone } from '../base/rows.ts';

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value);
const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.map((item: Json) => text(item)) : [];
const shortDigest = (digest: string | null): string =>
  digest === null ? '' : digest.replace(/^sha256:/u, '').slice(0, 12);

/** `2026-02-26T23:15:00.123Z` → `2026-02-26 23:15:00`. */
export const moment = (iso: string): string =>
  iso === '' ? '(no time)          ' : iso.slice(0, 19).replace('T', ' ');

/** `340 ms`, `1.2 s`, `4 min 05 s`: how long a call took. */
export function took(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${String(Math.floor((milliseconds % 60_000) / 1000)).padStart(2, '0')} s`;
}

/** Where the word stands, and what is said below a line. */
const under = 23;

/**
 * The events, oldest first: one line for each with its whole time (UTC), what, and about what; below it who, what was
 * typed, the run and the request. Everything is text that somebody wrote and passes the sanitiser (law 10).
 */
export function auditRows(events: readonly AuditEvent[]): readonly Row[] {
  if (events.length === 0) return [row(0, 'nothing in the audit log fits')];
  const seen: Seen = { plans: new Set(), run: null };
  return [
    row(0, span(`Times are UTC. ${several(events.length, 'event')}, oldest first.`, 'muted')),
    blank,
    ...events.flatMap((event) => eventRows(event, seen)),
  ];
}

/**
 * The things that were shown before: plans, by digest, whose claims need no second telling, and the run that the last
 * line was of.
 */
interface Seen {
  readonly plans: Set<string>;
  run: string | null;
}

function eventRows(event: AuditEvent, seen: Seen): readonly Row[] {
  const { detail } = event;
  const line: Line = (word, tone, ...rest) =>
    row(0, span(`${moment(event.at)}  `, 'muted'), span(word.padEnd(10), tone), ...rest);
  const who = row(under, span(whoText(event), 'muted'));
  const about =
    event.step === null
      ? (event.identity ?? '')
      : `${event.step}${event.identity === null || event.identity === event.step ? '' : ` ${event.identity}`}`;
  const ofRun = span(event.run === null || event.run === seen.run ? '' : ` run ${event.run}`, 'muted');
  seen.run = event.run;
  switch (event.kind) {
    case 'planned': {
      const known = event.plan !== null && seen.plans.has(event.plan);
      if (event.plan !== null) seen.plans.add(event.plan);
      const of = text(detail['rollbackOf']);
      return [
        line(
          'planned',
          'plain',
          span(event.planName ?? '', 'title'),
          span(` ${shortDigest(event.plan)}`, 'muted'),
          `${known ? ' again' : ''}: ${counted(detail['steps'], 'step')}`,
          of === '' ? '' : `, a rollback of ${of}`,
          detail['blocked'] === 0 ? '' : span(`, ${text(detail['blocked'])} blocked`, 'destroy'),
        ),
        who,
        ...Object.entries(!known && isObject(detail['claims']) ? detail['claims'] : {}).map(([name, value]) =>
          row(under, span(`claims ${name}: "${text(value)}"`, 'claim')),
        ),
      ];
    }
    case 'reviewed':
      return reviewRows(event, line, who);
    case 'refused':
      return [
        line(
          'REFUSED',
          'destroy',
          span(text(detail['code']), 'destroy'),
          span(
            `${detail['command'] === null ? '' : ` aiplan ${text(detail['command'])}`}${event.run === null ? '' : ` ${event.run}`}${event.plan === null ? '' : ` ${shortDigest(event.plan)}`}`,
            'muted',
          ),
        ),
        row(under, text(detail['message'])),
        who,
      ];
    case 'run-began':
      return [
        line('began', 'title', span(`run ${event.run ?? ''}`, 'title'), `: ${text(detail['command'])}`),
        row(
          under,
          span(event.planName ?? 'plan', 'title'),
          span(
            ` ${shortDigest(event.plan)}${event.approver === null ? '' : `, approved by ${event.approver}`}`,
            'muted',
          ),
        ),
        who,
      ];
    case 'run-ended':
      return [
        line(
          'ended',
          'title',
          span(`run ${event.run ?? ''}`, 'title'),
          ': ',
          span(text(detail['outcome']), detail['outcome'] === 'done' ? 'good' : 'destroy'),
        ),
      ];
    case 'run-abandoned':
      return [
        line('abandoned', 'warning', span(`run ${event.run ?? ''}`, 'title'), `, typed "${text(detail['typed'])}"`),
        who,
      ];
    case 'call':
    case 'called':
      return callRows(event, line);
    case 'captured': {
      const refs = refsOf(detail['refs']);
      return [
        line(
          'captured',
          detail['verified'] === true ? 'good' : 'destroy',
          about,
          ` ${text(detail['how'])} ${detail['verified'] === true ? 'complete' : 'NOT complete'}`,
          ofRun,
        ),
        ...(refs === '' ? [] : [row(under, span(refs, 'muted'))]),
        ...texts(detail['problems']).map((problem) => row(under, span(problem, 'destroy'))),
      ];
    }
    case 'step': {
      const state = text(detail['state']);
      return [
        line(
          state === 'failed' ? 'FAILED' : state,
          state === 'done' ? 'good' : state === 'pending' ? 'warning' : 'destroy',
          about,
          ofRun,
        ),
        ...(detail['message'] === null
          ? []
          : [row(under, span(text(detail['message']), state === 'failed' ? 'destroy' : 'muted'))]),
      ];
    }
    case 'finding':
      return [
        line('found', 'warning', `${about === '' ? '' : `${about}: `}${text(detail['code'])}`, ofRun),
        row(under, text(detail['message'])),
      ];
    case 'damaged':
      return [
        line('DAMAGED', 'destroy', span(`run ${event.run ?? ''}`, 'destroy')),
        row(under, span(`${text(detail['message'])} (${text(detail['path'])})`, 'destroy')),
      ];
  }
}

type Line = (word: string, tone: Tone, ...rest: readonly (string | Span)[]) => Row;

function reviewRows({ detail, plan, planName, approver }: AuditEvent, line: Line, who: Row): readonly Row[] {
  const approved = detail['decision'] === 'approved';
  const confirmations = (Array.isArray(detail['confirmations'])
    ? detail['confirmations']
    : []) as unknown as readonly Confirmation[];
  const signer = isObject(detail['signer']) ? detail['signer'] : null;
  const given = counted(confirmations.length, 'confirmation');
  // A signature counts for nobody before somebody allowed is found to have made it: that is told where the approval is
  // used.
  const isMade = approved && detail['tier'] === 'T1' && signer === null;
  const how = isMade
    ? text(detail['why'])
    : `${{ T0: 'typed', T1: 'signed', none: 'by --yes' }[text(detail['tier'])] ?? text(detail['tier'])} by ${approver ?? '?'}`;
  return [
    line(
      isMade ? 'signed' : approved ? 'approved' : 'DECLINED',
      approved ? 'good' : 'destroy',
      span(planName ?? '', 'title'),
      span(` ${shortDigest(plan)}`, 'muted'),
      approved ? '' : `: ${text(detail['why'])}`,
    ),
    ...(approved ? [row(under, `${how}, ${given}`)] : []),
    ...(signer === null ? [] : [row(under, span(`key ${text(signer['fingerprint'])}`, 'muted'))]),
    who,
    ...confirmations.map(({ step, typed, typedLoss, shown, at }) =>
      row(
        under,
        `${step}: typed "${typed}"${typedLoss === null ? '' : ` and the loss "${typedLoss}"`}`,
        span(`${at === undefined ? '' : ` at ${moment(at).slice(11)}`}, card ${shortDigest(shown)}`, 'muted'),
      ),
    ),
    ...(typeof detail['typedName'] === 'string' ? [row(under, `plan name typed: "${detail['typedName']}"`)] : []),
    ...texts(detail['rejected']).map((step) => row(under, span(`${step}: rejected, left alone`, 'warning'))),
  ];
}

/** Of a call without an outcome, or with one that says nothing, nobody knows what became of it. */
function isLost({ executed, partial }: JsonObject): boolean {
  if (!isObject(partial)) return executed !== 'no';
  const failed = Array.isArray(partial['failed']) ? (partial['failed'] as readonly Json[]) : [];
  return failed.some((one) => isObject(one) && one['executed'] === 'unknown');
}

/** Longer names stand below, so that how it ended is seen on the first line also at 80 columns. */
const roomForName = 36;

function callRows({ detail, step, identity, run }: AuditEvent, line: Line): readonly Row[] {
  const count = typeof detail['count'] === 'number' ? detail['count'] : 1;
  const operations = `${texts(detail['operations']).join(', ')}${count > 1 ? ` × ${count}` : ''}`;
  const name = identity ?? '';
  const isShort = operations.length + name.length <= roomForName;
  const time = typeof detail['milliseconds'] === 'number' ? ` ${took(detail['milliseconds'])}` : '';
  const [word, tone]: readonly [string, Tone] =
    detail['ok'] === true
      ? ['ok', 'good']
      : isLost(detail)
        ? ['ANSWER LOST', 'destroy']
        : detail['executed'] === 'no'
          ? ['refused', 'warning']
          : ['in part', 'warning'];
  const facts = [
    step,
    run === 'setup' ? 'of setup' : `run ${run ?? ''}`,
    ...(typeof detail['requestId'] === 'string' ? [`request ${detail['requestId']}`] : []),
  ];
  return [
    line(
      'call',
      'plain',
      span(operations, 'title'),
      isShort && name !== '' ? ` ${name} ` : ' ',
      span(word, tone),
      span(time, 'muted'),
    ),
    ...(isShort || name === '' ? [] : [row(under, name)]),
    ...(detail['code'] === null ? [] : [row(under, span(`${text(detail['code'])}: ${text(detail['message'])}`, tone))]),
    row(under, span(facts.filter((fact) => fact !== null && fact !== '').join(', '), 'muted')),
  ];
}

const refsOf = (refs: Json | undefined): string => {
  const plain = Object.entries(isObject(refs) ? refs : ({} as JsonObject)).filter(
    ([, value]) => value !== null && typeof value !== 'object',
  );
  return plain.map(([key, value]) => `${key}=${text(value)}`).join(', ');
};

/** `by ada on laptop (under Claude Code), as arn:…`. */
function whoText({ by, host, agent, caller }: AuditEvent): string {
  return [
    by === null
      ? 'by nobody known'
      : `by ${by}${host === null ? '' : ` on ${host}`}${agent === null ? '' : ` (under ${agent})`}`,
    ...(caller === null ? [] : [`as ${caller}`]),
  ].join(', ');
}

const counted = (count: Json | undefined, what: string): string => `${text(count)} ${what}${count === 1 ? '' : 's'}`;

/** Whether the logs agree, where they break, and the head to keep elsewhere. */
export function verdictRows(
  { broken, notes, head, records, runs, calls, plans, approvals }: AuditVerdict,
  place: string,
): readonly Row[] {
  const problem = ({ code, where, message }: AuditProblem, tone: Tone): readonly Row[] => [
    row(2, span(code, tone), ` ${message}`),
    row(6, span(where, 'muted')),
  ];
  return [
    broken.length === 0
      ? row(
          0,
          span('The audit log is intact', 'good'),
          `: ${several(records, 'record')}, ${several(runs, 'journal')} with ${several(calls, 'call')}, ${several(plans, 'plan')} and ${several(approvals, 'signed approval')} agree, in ${place}.`,
        )
      : row(
          0,
          span(`The audit log is BROKEN in ${several(broken.length, 'place')}`, 'destroy'),
          ` (${several(records, 'record')}, ${several(runs, 'journal')}, ${several(plans, 'plan')}, ${several(approvals, 'signed approval')} in ${place})`,
        ),
    ...broken.flatMap((item) => problem(item, 'destroy')),
    ...(notes.length === 0 ? [] : [blank, row(0, span('Worth a look', 'title'))]),
    ...notes.flatMap((item) => problem(item, 'warning')),
    blank,
    row(0, 'head ', span(head, 'title')),
    row(
      0,
      span(
        'A log cannot show by itself that its newest records were taken away, nor that all of it was written anew. `aiplan audit reconcile` holds it against what its runs left in the capture bucket and in CloudTrail. Keep the head somewhere else too (a ticket, a mail, another account) and check it with `aiplan audit verify --expect-head HASH`; a store in S3 remembers what is deleted, and with Object Lock lets nobody.',
        'muted',
      ),
    ),
  ];
}
