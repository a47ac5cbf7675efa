import { resolve } from 'node:path';
import { exitCodes, UserError, type ExitCode } from '../model/error.ts';
import { needed } from '../model/confirm.ts';
import { approve, refuseUnapprovable } from '../engine/approve.ts';
import { planRows } from '../views/plan-rows.ts';
import { row, span } from '../views/rows.ts';
import { signApproval } from '../store/signatures.ts';
import { writeWhole } from '../store/files.ts';
import { refuseWithoutBucket } from './capture-bucket.ts';
import { approvalOf, askPerson, cannotAsk, confirmationsFromLines, missingOf } from './consent.ts';
import { print, printJson, tell } from './output.ts';
import { loadForApply } from './planning.ts';
import type { Io } from './io.ts';
import type { World } from './world.ts';

export interface ReviewOptions { readonly sign?: string; readonly out?: string }

/**
 * `aiplan review PLAN|FILE`: the plan as a person should see it. With `--sign KEY` the confirmations become a signed
 * approval (T1); without it nothing is kept, because a typed approval counts only in the process that applies.
 */
export async function review(world: World, file: string, { sign, out }: ReviewOptions): Promise<ExitCode> {
  const { io, options } = world;
  const { planned } = await loadForApply(world, file);
  const { plan } = planned;
  if (sign === undefined) {
    if (options.json === true) {
      printJson(io, missingOf(plan));
      return needed(plan).nothing ? exitCodes.done : exitCodes.blocked;
    }
    if (cannotAsk(world) !== null) {
      print(io, options, planRows(plan, io.clock.now(), file));
      return exitCodes.done;
    }
    await askPerson(world, planned, 'look');
    tell(io, options, [row(0, 'Reviewed. Nothing was kept: ', span(`aiplan apply ${file}`, 'title'), ' asks again and applies, ', span('--sign KEY', 'title'), ' makes a signed approval.')]);
    return exitCodes.done;
  }
  refuseUnapprovable(plan, io.clock.now());
  if (needed(plan).nothing) throw new UserError('nothing-to-approve', 'live state is as the plan wants it', { help: 'there is nothing to sign' });
  await refuseWithoutBucket(world, plan);
  const terminal = io.stdin.isTTY === true && io.stdout.isTTY === true;
  if (!terminal && options.json !== true) print(io, options, planRows(plan, io.clock.now(), file));
  const result = terminal ? await askPerson(world, planned, 'sign') : confirmationsFromLines(plan, await everythingFrom(io), io.clock.now());
  const approval = approvalOf(world, plan, 'T1', result);
  approve(planned, approval, world.configuration, io.clock.now());
  const path = resolve(io.current, out ?? `${plan.name}.approval.json`);
  writeWhole(path, `${JSON.stringify(signApproval(approval, resolve(io.current, sign)), null, 2)}\n`);
  if (options.json === true) printJson(io, { status: 'signed', plan: plan.digest, approval: path, confirmations: approval.confirmations.map(({ step }) => step), expiresAt: approval.expiresAt });
  else tell(io, options, [row(0, span('signed', 'good'), ` ${approval.confirmations.length} confirmations until ${approval.expiresAt}: ${path}`), row(0, span(`aiplan apply ${file} --approval ${out ?? `${plan.name}.approval.json`}`, 'title'))]);
  return exitCodes.done;
}

async function everythingFrom(io: Io): Promise<string> {
  let text = '';
  io.stdin.setEncoding('utf8');
  for await (const chunk of io.stdin) {
    text += String(chunk);
    if (text.length > 1_000_000) throw new UserError('too-much-input', 'standard input is longer than 1,000,000 characters', { help: 'give one line for each confirmation' });
  }
  return text;
}
