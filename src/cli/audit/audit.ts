import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { AuditEvent } from '../../domain/records/audit.ts';
import type { AuditProblem, AuditVerdict } from '../../domain/records/audit-report.ts';
import { filterEvents, type AuditFilter } from '../../audit/filter.ts';
import { chainRoot, lineDigest, verifyAudit } from '../../audit/verify.ts';
import { auditEvents, beginnings, inOrder, journalEvents, logEvents, type AuditedJournal } from '../../audit/view.ts';
import { slimmed } from '../../audit/slim-journal.ts';
import { auditRows, verdictRows } from '../../views/run/audit-rows.ts';
import { row, span } from '../../views/base/rows.ts';
import { readEverything } from './audit-evidence.ts';
import {
  auditPlace,
  eachJournal,
  filterOf,
  keptPlans,
  readAuditLog,
  readLogs,
  type AuditOptions,
} from './audit-reading.ts';
import { asText, print, printJson, tell } from '../context/output.ts';
import { page } from '../context/pager.ts';
import { closedRunProblems } from '../planning/closed-run-check.ts';
import type { CommandContext } from '../context/command-context.ts';

/** Events that one list holds in memory; older ones are found by `--since` and `--until`. */
const mostEvents = 20_000;

/**
 * Minutes by which the clocks of two machines may differ before something is overlooked that `--since` or `--until`
 * asks for.
 */
const margin = 60 * 60_000;

export interface AuditFound {
  readonly events: readonly AuditEvent[];
  readonly head: string;
  readonly records: number;
  /** There are older events that the options ask for. */
  readonly more: boolean;
  /** Each place where the audit log is damaged: what stood there is not among the events. */
  readonly damaged: readonly AuditProblem[];
}

/**
 * The events that the options ask for, at most `most` of the newest, and the head of the audit log. Each journal is let
 * go of when its events are found. A damaged entry hides no other (`damaged`).
 */
export async function auditOf(
  context: CommandContext,
  options: AuditOptions,
  most = Number.POSITIVE_INFINITY,
): Promise<AuditFound> {
  const filter = filterOf(options, context.io.clock.now());
  if (options.run !== undefined) return ofOneRun(context, options, filter);
  const { audit, damaged } = await readAuditLog(context);
  const began = beginnings(audit);
  const ended = new Map(
    audit.flatMap((record) =>
      record.kind === 'run-ended' || record.kind === 'run-abandoned'
        ? [[record.run, Date.parse(record.at)] as const]
        : [],
    ),
  );
  const found: AuditEvent[] = [];
  const slim: AuditedJournal[] = [];
  let oldest: string | null = null;
  await eachJournal(context, (journal) => {
    slim.push(slimmed(journal));
    const isBefore =
      filter.since !== undefined && (ended.get(journal.run) ?? Number.POSITIVE_INFINITY) < filter.since - margin;
    if (!isBefore)
      found.push(
        ...filterEvents(journalEvents(journal, began.get(journal.run)), filter, {
          audit: [],
          journals: [journal],
          plans: new Map(),
        }),
      );
    if (found.length < most) return undefined;
    oldest = startOf(journal.run);
    return 'stop';
  });
  const kept =
    options.resource === undefined
      ? { plans: new Map() }
      : await keptPlans(context, audit, slim, (_digest, plan) => ({ ...plan, changePlan: '', findings: [] }));
  const ofLog = filterEvents(logEvents(audit, slim), filter, { audit, journals: slim, plans: kept.plans });
  const since: string = oldest ?? '';
  const events = inOrder([...found, ...ofLog.filter(({ at }) => at >= since)]);
  const last = audit.at(-1);
  return {
    damaged,
    events: events.length > most ? events.slice(-most) : events,
    head: last === undefined ? chainRoot : lineDigest(last),
    records: audit.length,
    more: oldest !== null || events.length > most,
  };
}

/** The ISO time in the name of a run. */
const startOf = (run: string): string =>
  run.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/u, '$1-$2-$3T$4:$5:$6.000Z');

/** Says where the log is damaged, and answers how a command ends that showed the rest of it. */
export function tellDamaged(
  { io, options }: Pick<CommandContext, 'io' | 'options'>,
  damaged: readonly AuditProblem[],
): ExitCode {
  if (damaged.length === 0) return exitCodes.done;
  tell(
    io,
    options,
    [
      row(0, span('the audit log is damaged, and what stood there is not shown:', 'destroy')),
      ...damaged.map(({ message, where }) => row(1, message, span(` (${where})`, 'muted'))),
      row(0, '`aiplan audit verify` says what still fits'),
    ],
    'error',
  );
  return exitCodes.error;
}

/** Of one run nothing else is read: its journal, and the entries of the log that name it or its plans. */
async function ofOneRun(context: CommandContext, options: AuditOptions, filter: AuditFilter): Promise<AuditFound> {
  const { logs, damaged } = await readLogs(context, { run: options.run, plans: options.resource !== undefined });
  return {
    damaged,
    events: filterEvents(auditEvents(logs), filter, logs),
    head: await context.store.auditHead(),
    records: logs.audit.length,
    more: false,
  };
}

/** `aiplan audit`: what happened, who did it, and what AWS answered, out of the audit log and all journals. */
export async function audit(
  context: CommandContext,
  options: AuditOptions & { readonly pager?: boolean },
): Promise<ExitCode> {
  const { io, options: global } = context;
  const { events, more, damaged } = await auditOf(context, options, mostEvents);
  if (global.json === true) printJson(io, events);
  else {
    const text = asText(io, global, auditRows(events));
    if (!(await page(io, global, text, options.pager !== false))) io.stdout.write(text);
  }
  if (more)
    tell(
      io,
      global,
      [
        row(
          0,
          span(`these are the newest ${events.length} events; older ones: `, 'warning'),
          span('aiplan audit --until TIME', 'title'),
          span(', or all of them: ', 'warning'),
          span('aiplan audit export', 'title'),
        ),
      ],
      'error',
    );
  return tellDamaged(context, damaged);
}

/**
 * `aiplan audit verify`: whether audit log, journals, plans, signed approvals and marks agree; says where they do not.
 * Exit 1 when something breaks.
 */
export async function auditVerify(
  context: CommandContext,
  { expectHead }: { readonly expectHead?: string },
): Promise<ExitCode> {
  const { io, options, store } = context;
  if (expectHead !== undefined && !/^sha256:[0-9a-f]{64}$/u.test(expectHead))
    throw new UserError('bad-head', `"${expectHead}" is no head of an audit log`, {
      help: 'it looks like sha256: and 64 hexadecimal digits; `aiplan audit verify` prints it',
    });
  const { logs, damaged, planProblems } = await readEverything(context);
  const settledPlace = (run: string): string => `${store.place}/settled/${run}.*`;
  const found = verifyAudit(logs, {
    whereOf: (seq) => auditPlace(context, seq),
    approvalPlace: (nonce) => `${store.place}/approvals/${nonce}.json`,
    settledPlace,
    ...(expectHead === undefined ? {} : { expectHead }),
    ...(damaged.length === 0 ? {} : { damaged }),
  });
  const settled = closedRunProblems(
    logs.settled,
    logs.journals,
    damaged.length === 0 ? logs.audit : null,
    settledPlace,
  );
  const strays = (await store.auditStrays()).map((place): AuditProblem => ({
    code: 'audit-stray',
    where: place,
    message: 'this lies among the entries of the audit log and is none: it is left out',
  }));
  const verdict: AuditVerdict = {
    ...found,
    broken: [...found.broken, ...planProblems, ...settled],
    notes: [...found.notes, ...strays],
  };
  const intact = verdict.broken.length === 0;
  if (options.json === true) printJson(io, { intact, place: store.place, ...verdict });
  else print(io, options, verdictRows(verdict, store.place));
  return intact ? exitCodes.done : exitCodes.error;
}
