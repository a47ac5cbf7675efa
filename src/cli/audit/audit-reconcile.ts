import type { AuditProblem, LoggedCall, RunWitness, TrailEvent } from '../../domain/records/audit-report.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { Target } from '../../domain/live.ts';
import { callsOutsideRuns } from '../../audit/calls.ts';
import { principalLookup, type Lookup } from '../../audit/names.ts';
import { witnessed, witnessProblems, type WitnessedJournal } from '../../audit/witness.ts';
import { isDataEvent, isLoggedAs } from '../../../providers/aws/services/index.ts';
import { isSameResource, reconcile, trailDelay, type ReconcileOptions } from '../../audit/reconcile.ts';
import { reconcileFacts, type RunFacts } from '../../audit/reconcile-facts.ts';
import { reconcileRows, witnessRows, type Asked } from '../../views/run/audit-reconcile-rows.ts';
import { row, span } from '../../views/base/rows.ts';
import { askHistory, historyDays, historyPause } from '../../../providers/aws/session/cloudtrail.ts';
import { eachJournal, readAuditLog, timeOf } from './audit-reading.ts';
import { askWitnesses, startOfRun } from './audit-witness.ts';
import { noHistory } from './no-history.ts';
import { print, printJson, tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

export interface ReconcileCommandOptions {
  readonly run?: string;
  readonly resource?: readonly string[];
  readonly principal?: readonly string[];
  readonly since?: string;
  readonly until?: string;
}

/** The question, and the calls of the log that the answer has to show. */
interface Question {
  readonly lookups: readonly Lookup[];
  readonly stretch: ReconcileOptions;
  readonly expected: (call: LoggedCall) => boolean;
  readonly asked: Omit<Asked, 'requests'>;
}

/**
 * `aiplan audit reconcile`: asks CloudTrail's event history for the resources and the principals of the log and holds
 * its changing events against the calls that the log tells; and the manifests that runs left in the capture bucket
 * against the log and the journals. Exit 3 when something was done around aiplan, a call of the log is not in
 * CloudTrail, or a run is not what the log says of it.
 */
export async function auditReconcile(context: CommandContext, options: ReconcileCommandOptions): Promise<ExitCode> {
  const { io, options: global } = context;
  const now = io.clock.now();
  const { witnesses, problem } = await askWitnesses(context, { run: options.run, ...stretchOf(options, now) });
  const { audit, damaged } = await readAuditLog(context);
  const { facts, journals, broken } = await factsOfRuns(context, witnesses, earliest(options, now));
  // An unreadable journal may hold the very call that explains an event.
  const unread = [...damaged, ...broken][0];
  if (unread !== undefined)
    tell(
      io,
      global,
      [
        row(
          0,
          span("not all of the log can be read, so that own calls may look like others': ", 'warning'),
          unread.message,
        ),
      ],
      'error',
    );
  const target = await context.target();
  // In the order in which they ran: an event explains each lost call once.
  const here = facts.toReversed().filter((one) => isAt(one.target, target));
  const targets = new Map(
    audit.flatMap((record) => (record.kind === 'called' ? [[record.seq, record.target] as const] : [])),
  );
  const outside = callsOutsideRuns(audit).filter((call) => isAt(targets.get(call.seq) ?? null, target));
  const calls = [...here.flatMap((one) => one.calls), ...outside];
  if (problem !== null)
    tell(io, global, [row(0, span('the capture bucket could not be asked about runs: ', 'warning'), problem)], 'error');
  const known = damaged.length === 0 ? witnessProblems(witnesses, audit, journals) : [];
  const runs = { problems: known, asked: new Set(witnesses.map(({ run }) => run)).size, problem };
  const question = questionOf(here, outside, options, now, {
    elsewhere: journals.length - here.length,
    isInAws: witnesses.length > 0,
  });
  if (question.lookups.length === 0) {
    const agree = known.length === 0;
    if (global.json === true) printJson(io, { agree, asked: { ...question.asked, requests: 0 }, runs: known });
    else
      print(io, global, [
        row(
          0,
          'The log has no run here that CloudTrail could be asked about; `--principal` and `--resource` name what else.',
        ),
        ...witnessRows(runs),
      ]);
    return agree ? exitCodes.done : exitCodes.blocked;
  }
  const { events, requests } = await ask(context, question, target);
  const all = reconcile(calls, events, { ...question.stretch, trail: { isLoggedAs, isDataEvent } });
  const found = {
    ...all,
    missing: all.missing.filter(question.expected),
    notYet: all.notYet.filter(question.expected),
    dataEvents: all.dataEvents.filter(question.expected),
  };
  const asked = { ...question.asked, requests };
  const agree = found.around.length === 0 && found.missing.length === 0 && known.length === 0;
  if (global.json === true) printJson(io, { agree, asked, ...found, runs: known });
  else print(io, global, reconcileRows(found, asked, runs));
  return agree ? exitCodes.done : exitCodes.blocked;
}

/** Of every journal what is asked of it, a few at a time; none stays in memory. */
async function factsOfRuns(
  context: CommandContext,
  witnesses: readonly RunWitness[],
  since: number,
): Promise<{
  readonly facts: readonly RunFacts[];
  readonly journals: readonly WitnessedJournal[];
  readonly broken: readonly AuditProblem[];
}> {
  const facts: RunFacts[] = [];
  const journals: WitnessedJournal[] = [];
  const broken: AuditProblem[] = [];
  const byRun = new Map<string, RunWitness[]>();
  for (const witness of witnesses) byRun.set(witness.run, [...(byRun.get(witness.run) ?? []), witness]);
  await eachJournal(context, (journal) => {
    const found = reconcileFacts(journal, since);
    if (found !== null) facts.push(found);
    journals.push(witnessed(journal, byRun.get(journal.run) ?? []));
    if (journal.problem !== null)
      broken.push({ code: 'journal-damaged', where: journal.path, message: journal.problem });
  });
  return { facts, journals, broken };
}

/** From when on CloudTrail can be asked at all, for what these options want. Throws UserError `bad-time`. */
function earliest({ run, since }: ReconcileCommandOptions, now: number): number {
  const began = since !== undefined ? timeOf(since, now) : run !== undefined ? startOfRun(run) : Number.NaN;
  return Math.max(now - historyDays * 86_400_000, Number.isNaN(began) ? 0 : began);
}

/** The stretch in which runs began that are asked for; without one everything. Throws UserError `bad-time`. */
const stretchOf = (
  { since, until }: ReconcileCommandOptions,
  now: number,
): { readonly since: number; readonly until: number } => ({
  since: since === undefined ? 0 : timeOf(since, now),
  until: until === undefined ? now : timeOf(until, now),
});

const isAt = (one: Target | null, target: Target): boolean =>
  one !== null && one.account === target.account && one.region === target.region && one.endpoint === target.endpoint;

/** Throws UserError `no-such-run` for a run that was not made here, `bad-time`. */
function questionOf(
  here: readonly RunFacts[],
  outside: readonly LoggedCall[],
  { run, resource, principal, since, until }: ReconcileCommandOptions,
  now: number,
  { elsewhere, isInAws }: { readonly elsewhere: number; readonly isInAws: boolean },
): Question {
  const chosen = run === undefined ? here : here.filter((journal) => journal.run === run);
  // Of a run that only the capture bucket knows there is something to tell.
  if (run !== undefined && chosen.length === 0 && !isInAws)
    throw new UserError('no-such-run', `run "${run}" was not made in this account and region`, {
      help: '`aiplan runs` lists the runs; choose the profile, region and endpoint of the run',
    });
  const begins = chosen.flatMap((one) => one.begins);
  const principals = principal ?? (resource === undefined ? [...new Set(begins.map(({ caller }) => caller))] : []);
  const more = run === undefined ? outside : [];
  const names = resource ?? [
    ...new Set([...chosen.flatMap((one) => one.names), ...more.flatMap(({ identity }) => identity ?? [])]),
  ];
  const lookups = [
    ...names.map((value): Lookup => ({ key: 'ResourceName', value })),
    ...principals.map(principalLookup),
  ];
  const oldest = now - historyDays * 86_400_000;
  const first =
    since !== undefined
      ? timeOf(since, now)
      : Math.min(now, ...[...begins, ...more].map(({ at }) => Date.parse(at) - 60_000));
  const endedAt = run === undefined ? null : (chosen[0]?.endedAt ?? null);
  const last =
    until !== undefined ? timeOf(until, now) : endedAt !== null ? Math.min(now, Date.parse(endedAt) + trailDelay) : now;
  const stretch = { now, since: Math.max(first, oldest), until: Math.min(last, now) };
  if (!(stretch.since <= stretch.until))
    throw new UserError(
      'bad-time',
      'the stretch of time that is asked for is empty, or older than the 90 days that CloudTrail keeps',
      { help: 'give --since and --until' },
    );
  const own = new Set([...chosen.map((journal) => journal.run), ...more.map((call) => call.run)]);
  return {
    lookups,
    stretch,
    // Only what the questions must have brought up: the calls of the chosen runs, and of the resources that were asked
    // for.
    expected: (call) =>
      resource === undefined
        ? own.has(call.run) && principal === undefined
        : resource.some((name) => call.identity !== null && isSameResource(name, call.identity)),
    asked: {
      resources: names.length,
      principals,
      since: new Date(stretch.since).toISOString(),
      until: new Date(stretch.until).toISOString(),
      runs: chosen.length,
      elsewhere,
    },
  };
}

async function ask(
  context: CommandContext,
  { lookups, stretch }: Question,
  target: Target,
): Promise<{ readonly events: readonly TrailEvent[]; readonly requests: number }> {
  const { io, options } = context;
  const aws = await context.reader();
  const events: TrailEvent[] = [];
  let requests = 0;
  tell(io, options, [
    row(0, span(`asking CloudTrail about ${lookups.length} names; it answers two questions a second`, 'muted')),
  ]);
  const pace = async (): Promise<void> => {
    requests += 1;
    if (requests % 60 === 0)
      tell(io, options, [
        row(0, span(`${requests} questions asked, ${events.length} changing events so far`, 'muted')),
      ]);
    // An emulator has no such limit.
    if (requests > 1 && target.endpoint === null) await io.clock.sleep(historyPause);
  };
  try {
    for (const { key, value } of lookups) {
      for await (const event of askHistory(aws, { key, value, since: stretch.since, until: stretch.until }, pace))
        events.push(event);
    }
  } catch (error) {
    throw noHistory(error, target.endpoint);
  }
  return { events, requests };
}
