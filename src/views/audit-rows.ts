import type { Confirmation } from '../model/approval.ts';
import type { AuditEvent } from '../model/audit.ts';
import type { AuditProblem, AuditVerdict } from '../model/audit-report.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { blank, row, span, type Row, type Span, type Tone } from './rows.ts';

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value));
const texts = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.map((item: Json) => text(item)) : []);
const shortDigest = (digest: string | null): string => (digest === null ? '' : digest.replace(/^sha256:/u, '').slice(0, 12));

/** `2026-02-26T23:15:00.123Z` → `2026-02-26 23:15:00`. */
export const moment = (iso: string): string => (iso === '' ? '(no time)          ' : iso.slice(0, 19).replace('T', ' '));

/** `340 ms`, `1.2 s`, `4 min 05 s`: how long a call took. */
export function took(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${String(Math.floor((milliseconds % 60_000) / 1000)).padStart(2, '0')} s`;
}

/**
 * What happened, oldest first, one line for each thing with time (UTC), what, and about what; below it who, and what was typed. Lines
 * of a run stand under its beginning. Everything is text that somebody wrote and passes the sanitiser (law 10).
 */
export function auditRows(events: readonly AuditEvent[]): readonly Row[] {
  if (events.length === 0) return [row(0, 'nothing in the audit log fits')];
  return [row(0, span(`Times are UTC. ${several(events.length, 'event')}, oldest first.`, 'muted')), blank, ...events.flatMap(eventRows)];
}

function eventRows(event: AuditEvent): readonly Row[] {
  const { detail } = event;
  const line = (word: string, tone: Tone, ...rest: readonly (string | Span)[]): Row => row(0, span(`${moment(event.at)}  `, 'muted'), span(word.padEnd(11), tone), ...rest);
  const under = (...rest: readonly (string | Span)[]): Row => row(32, ...rest);
  const who = under(span(whoText(event), 'muted'));
  const about = event.step === null ? event.identity ?? '' : `${event.step}${event.identity === null || event.identity === event.step ? '' : ` ${event.identity}`}`;
  switch (event.kind) {
    case 'planned':
      return [
        line('planned', 'plain', span(event.planName ?? '', 'title'), ` ${text(detail['steps'])} steps`, detail['blocked'] === 0 ? '' : span(`, ${text(detail['blocked'])} blocked`, 'destroy'), span(` plan ${shortDigest(event.plan)}`, 'muted')),
        who, ...Object.entries(isObject(detail['claims']) ? detail['claims'] : {}).map(([name, value]) => under(span(`claims ${name}: "${text(value)}"`, 'claim'))),
      ];
    case 'reviewed': return reviewRows(event, line, under, who);
    case 'refused':
      return [line('REFUSED', 'destroy', span(text(detail['code']), 'destroy'), ` ${text(detail['message'])}`, span(detail['command'] === null ? '' : ` (aiplan ${text(detail['command'])})`, 'muted')), who];
    case 'run-began':
      return [line('began', 'title', span(`run ${event.run ?? ''}`, 'title'), ` ${text(detail['command'])} of ${event.planName ?? 'plan'} `, span(shortDigest(event.plan), 'muted')), who];
    case 'run-ended':
      return [line('ended', 'title', span(`run ${event.run ?? ''} `, 'title'), span(text(detail['outcome']), detail['outcome'] === 'done' ? 'good' : 'destroy'))];
    case 'run-abandoned':
      return [line('abandoned', 'warning', span(`run ${event.run ?? ''}`, 'title'), `, typed "${text(detail['typed'])}"`), who];
    case 'call': case 'called': return [callRow(event, line, about)];
    case 'captured':
      return [line('captured', detail['verified'] === true ? 'good' : 'destroy', about, ` ${text(detail['how'])} ${detail['verified'] === true ? 'complete' : 'NOT complete'}`, span(refsOf(detail['refs']), 'muted')), ...texts(detail['problems']).map((problem) => under(span(problem, 'destroy')))];
    case 'step': {
      const state = text(detail['state']);
      return [line(state === 'failed' ? 'FAILED' : state, state === 'done' ? 'good' : state === 'pending' ? 'warning' : 'destroy', about, span(detail['message'] === null ? '' : ` ${text(detail['message'])}`, 'muted'))];
    }
    case 'finding': return [line('found', 'warning', `${about === '' ? '' : `${about}: `}${text(detail['code'])} ${text(detail['message'])}`)];
    case 'damaged': return [line('DAMAGED', 'destroy', span(`run ${event.run ?? ''}: ${text(detail['message'])} (${text(detail['path'])})`, 'destroy'))];
  }
}

type Line = (word: string, tone: Tone, ...rest: readonly (string | Span)[]) => Row;
type Under = (...rest: readonly (string | Span)[]) => Row;

function reviewRows({ detail, plan, planName, approver }: AuditEvent, line: Line, under: Under, who: Row): readonly Row[] {
  const approved = detail['decision'] === 'approved';
  const confirmations = (Array.isArray(detail['confirmations']) ? detail['confirmations'] : []) as unknown as readonly Confirmation[];
  const tier = { T0: 'typed', T1: 'signed', none: 'by --yes' }[text(detail['tier'])] ?? text(detail['tier']);
  return [
    line(approved ? 'approved' : 'DECLINED', approved ? 'good' : 'destroy', span(planName ?? '', 'title'), ` ${approved ? `${tier} by ${approver ?? '?'}, ${confirmations.length} confirmation${confirmations.length === 1 ? '' : 's'}` : text(detail['why'])}`, span(` plan ${shortDigest(plan)}`, 'muted')),
    who,
    ...confirmations.map(({ step, typed, typedLoss, shown, at }) => under(`${step}: typed "${typed}"${typedLoss === null ? '' : ` and the loss "${typedLoss}"`}`, span(`${at === undefined ? '' : ` at ${moment(at).slice(11)}`}, card ${shortDigest(shown)}`, 'muted'))),
    ...(typeof detail['typedName'] === 'string' ? [under(`plan name typed: "${detail['typedName']}"`)] : []),
    ...texts(detail['rejected']).map((step) => under(span(`${step}: rejected, left alone`, 'warning'))),
  ];
}

function callRow({ detail }: AuditEvent, line: Line, about: string): Row {
  const count = typeof detail['count'] === 'number' ? detail['count'] : 1;
  const operations = `${texts(detail['operations']).join(', ')}${count > 1 ? ` × ${count}` : ''}`;
  const time = typeof detail['milliseconds'] === 'number' ? `, ${took(detail['milliseconds'])}` : '';
  const request = detail['requestId'] === null ? '' : `, request ${text(detail['requestId'])}`;
  const [word, tone]: readonly [string, Tone] = detail['ok'] === true ? ['ok', 'good'] : detail['executed'] === 'no' ? ['refused', 'warning'] : ['ANSWER LOST', 'destroy'];
  return line('call', 'plain', span(operations, 'title'), about === '' ? ' ' : ` ${about} `, span(word, tone), span(`${detail['code'] === null ? '' : ` ${text(detail['code'])}`}${time}${request}`, 'muted'));
}

const refsOf = (refs: Json | undefined): string => {
  const plain = Object.entries(isObject(refs) ? refs : ({} as JsonObject)).filter(([, value]) => value !== null && typeof value !== 'object');
  return plain.length === 0 ? '' : ` ${plain.map(([key, value]) => `${key}=${text(value)}`).join(', ')}`;
};

/** `by ada on laptop (under Claude Code) as arn:…, approved by grace`. */
function whoText({ by, host, agent, caller, approver }: AuditEvent): string {
  return [
    by === null ? 'by nobody known' : `by ${by}${host === null ? '' : ` on ${host}`}${agent === null ? '' : ` (under ${agent})`}`,
    ...(caller === null ? [] : [`as ${caller}`]), ...(approver === null || approver === by ? [] : [`approved by ${approver}`]),
  ].join(', ');
}

const several = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Whether the logs agree, where they break, and the head to keep elsewhere. */
export function verdictRows({ broken, notes, head, records, runs, calls, plans }: AuditVerdict, place: string): readonly Row[] {
  const problem = ({ code, where, message }: AuditProblem, tone: Tone): readonly Row[] => [row(2, span(code, tone), ` ${message}`), row(6, span(where, 'muted'))];
  return [
    broken.length === 0
      ? row(0, span('The audit log is intact', 'good'), `: ${several(records, 'record')}, ${several(runs, 'journal')} with ${several(calls, 'call')} and ${several(plans, 'plan')} agree, in ${place}.`)
      : row(0, span(`The audit log is BROKEN in ${several(broken.length, 'place')}`, 'destroy'), ` (${several(records, 'record')}, ${several(runs, 'journal')}, ${several(plans, 'plan')} in ${place})`),
    ...broken.flatMap((item) => problem(item, 'destroy')),
    ...(notes.length === 0 ? [] : [blank, row(0, span('Worth a look', 'title'))]), ...notes.flatMap((item) => problem(item, 'warning')),
    blank,
    row(0, 'head ', span(head, 'title')),
    row(0, span('A log cannot show by itself that its newest records were taken away, nor that all of it was written anew. Keep the head somewhere else (a ticket, a mail, another account) and check it with `aiplan audit verify --expect-head HASH`; a store in S3 with Object Lock keeps every record by itself.', 'muted')),
  ];
}
