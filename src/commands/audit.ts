import { exitCodes, UserError, type ExitCode } from '../model/error.ts';
import type { AuditEvent } from '../model/audit.ts';
import type { AuditVerdict } from '../model/audit-report.ts';
import { filterEvents } from '../engine/audit-filter.ts';
import { chainRoot, lineDigest, verifyAudit } from '../engine/audit-verify.ts';
import { auditEvents } from '../engine/audit-view.ts';
import { auditRows, verdictRows } from '../views/audit-rows.ts';
import { readEverything } from './audit-evidence.ts';
import { auditPlace, filterOf, readLogs, type AuditOptions } from './audit-reading.ts';
import { asText, print, printJson } from './output.ts';
import { page } from './pager.ts';
import { settledProblems } from './settled-check.ts';
import type { World } from './world.ts';

/** The events that the options ask for, and the head of the audit log. Throws UserError `audit-damaged`: `audit verify` says where. */
export async function auditOf(world: World, options: AuditOptions): Promise<{ readonly events: readonly AuditEvent[]; readonly head: string; readonly records: number }> {
  const filter = filterOf(options, world.io.clock.now());
  const { logs, damaged } = await readLogs(world, { run: options.run, plans: options.resource !== undefined });
  if (damaged !== null) throw new UserError(damaged.code, damaged.message, { where: damaged.where, help: '`aiplan audit verify` tells what still fits; leave the log as it is' });
  const last = logs.audit.at(-1);
  return { events: filterEvents(auditEvents(logs), filter, logs), head: last === undefined ? chainRoot : lineDigest(last), records: logs.audit.length };
}

/** `aiplan audit`: what happened, who did it, and what AWS answered, out of the audit log and all journals. */
export async function audit(world: World, options: AuditOptions & { readonly pager?: boolean }): Promise<ExitCode> {
  const { io, options: global } = world;
  const { events } = await auditOf(world, options);
  if (global.json === true) printJson(io, events);
  else {
    const text = asText(io, global, auditRows(events));
    if (!(await page(io, global, text, options.pager !== false))) io.stdout.write(text);
  }
  return exitCodes.done;
}

/** `aiplan audit verify`: whether audit log, journals, plans, signed approvals and marks agree; says where they do not. Exit 1 when something breaks. */
export async function auditVerify(world: World, { expectHead }: { readonly expectHead?: string }): Promise<ExitCode> {
  const { io, options, store } = world;
  if (expectHead !== undefined && !/^sha256:[0-9a-f]{64}$/u.test(expectHead)) throw new UserError('bad-head', `"${expectHead}" is no head of an audit log`, { help: 'it looks like sha256: and 64 hexadecimal digits; `aiplan audit verify` prints it' });
  const { logs, damaged, planProblems } = await readEverything(world);
  const settledPlace = (run: string): string => `${store.place}/settled/${run}.*`;
  const found = verifyAudit(logs, {
    whereOf: (seq) => auditPlace(world, seq), approvalPlace: (nonce) => `${store.place}/approvals/${nonce}.json`, settledPlace,
    ...(expectHead === undefined ? {} : { expectHead }), ...(damaged === null ? {} : { damaged }),
  });
  const settled = settledProblems(logs.settled, logs.journals, damaged === null ? logs.audit : null, settledPlace);
  const verdict: AuditVerdict = { ...found, broken: [...found.broken, ...planProblems, ...settled] };
  const intact = verdict.broken.length === 0;
  if (options.json === true) printJson(io, { intact, place: store.place, ...verdict });
  else print(io, options, verdictRows(verdict, store.place));
  return intact ? exitCodes.done : exitCodes.error;
}
