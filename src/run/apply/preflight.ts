import type { AwsReader, Program } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { ApplySession } from '../../domain/records/ports.ts';
import type { CaptureOperations, Restorable, StepContext } from '../../domain/resource-type.ts';
import { captureOf, restoreContext } from './apply-restore.ts';
import { messageOf, RunStopped } from '../executor/interruptions.ts';
import { mapBounded } from '../../base/pool.ts';
import { actionOf, runReadOnly, contextOf, type Run, type Task } from './run-context.ts';
import { secretsIn, secretText } from '../../plan/steps/secrets.ts';
import { JoinedReads } from '../executor/joined-reads.ts';
import { wayOut } from '../../domain/wording.ts';

interface Problem {
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

/** Names that RDS, EC2 and S3 all take for what a capture makes. */
const captureName = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/u;

/** Problems of the steps of a run, and losses of its restores, each in plan order. */
export interface Preflighted {
  readonly problems: readonly Problem[];
  readonly losses: readonly Problem[];
}

/**
 * Checks every step before the first mutation and answers all problems of all steps at once, in plan order. Only reads.
 * A step that an earlier session of the run had begun has passed its type's checks, which its own effects would not any
 * more. Throws RunStopped on stop.
 */
export async function preflight(
  given: Run,
  tasks: readonly Task[],
  begun: ReadonlySet<string> = new Set(),
): Promise<Preflighted> {
  const problems = new Map<string, Problem[]>(tasks.map(({ step }) => [step.id, []]));
  const losses = new Map<string, Problem[]>(tasks.map(({ step }) => [step.id, []]));
  const names = new Map<string, string>();
  const together = new JoinedReads(given.ports.session, given.ports.types, tasks.length);
  const run: Run = { ...given, ports: { ...given.ports, session: readOnly(given.ports.session, together) } };
  // All at once: each asks for one thing at a time, and what they ask for is asked together.
  await mapBounded(tasks, tasks.length, async (task) => {
    try {
      await checkTask(task);
    } finally {
      together.leave();
    }
  });
  return { problems: [...problems.values()].flat(), losses: [...losses.values()].flat() };

  async function checkTask(task: Task): Promise<void> {
    const into =
      (list: ReadonlyMap<string, Problem[]>): Say =>
      (code, message) => {
        list.get(task.step.id)?.push({ step: task.step.id, code, message });
      };
    const say = into(problems);
    checkShape(task, say);
    checkVault(run, task, say);
    await checkSecrets(run, task, say);
    const context = contextOf(run, task, task.work.live, { lenient: true });
    const other = names.get(context.captureName);
    if (other !== undefined || !captureName.test(context.captureName))
      say(
        'capture-name',
        `the capture name "${context.captureName}" ${other === undefined ? 'is not a name that AWS takes' : `is also that of "${other}"`}`,
      );
    names.set(context.captureName, task.step.id);
    await checkType(run, task, context, begun.has(task.step.id), say);
    await checkRestore(run, task, context, say, into(losses));
  }
}

/** The session of the run for programs that only read, whose reads go by `reader`. */
const readOnly = (session: ApplySession, reader: AwsReader): ApplySession => ({
  read: (call) => reader.read(call),
  get counts() {
    return session.counts;
  },
  renew: () => session.renew(),
  mutate: (call) => Promise.reject(new UserError('gate-refused', `${call.operation} is a mutating call in a check`)),
});

type Say = (code: string, message: string) => void;

function checkShape({ step, work, type }: Task, say: Say): void {
  const { live, entry } = work;
  const missing = type.managed ? missingPrograms(type, step.action, entry.restore !== undefined) : ['it'];
  if (missing.length > 0) say('not-supported', `${type.type}: this version cannot ${missing.join(' or ')}`);
  if (step.action === 'create') return;
  const { changeableStates } = type.rules;
  if (live === null) say('not-live', `${step.identity ?? step.id} does not exist any more`);
  else if (entry.reopen === undefined && changeableStates.length > 0 && !changeableStates.includes(live.state)) {
    say(
      'state',
      `${live.identity} is "${live.state}"; it can be changed while it is ${changeableStates.map((state) => `"${state}"`).join(' or ')}`,
    );
  }
}

function missingPrograms(type: Task['type'], action: Task['step']['action'], restores: boolean): readonly string[] {
  const needs: Readonly<Record<string, boolean>> = {
    create: ((action === 'create' && !restores) || action === 'replace') && type.create === undefined,
    restore: restores && type.capture === undefined,
    update: action === 'update' && type.update === undefined,
    delete: (action === 'delete' || action === 'replace') && type.remove === undefined,
  };
  return Object.keys(needs).filter((name) => needs[name] === true);
}

/**
 * The configuration of what is destroyed must also lie beside the data; what a run made itself holds none, but for what
 * is copied there anyway.
 */
function checkVault({ ports }: Run, { step }: Task, say: Say): void {
  if (
    ports.vault.bucket === null &&
    step.destruction !== null &&
    (step.coveredBy === undefined || step.capture.how === 'copy')
  ) {
    say('no-capture-bucket', `there is no capture bucket for what "${step.id}" destroys: run \`aiplan setup\``);
  }
}

async function checkSecrets({ ports }: Run, { work }: Task, say: Say): Promise<void> {
  for (const ref of [...secretsIn(work.desired), ...secretsIn(work.entry.restore?.capture)]) {
    try {
      await secretText(ref, ports);
    } catch (error) {
      if (error instanceof UserError) say(error.code, error.message);
      else if (error instanceof AwsError) say('preflight-unknown', `a kept secret cannot be read: ${messageOf(error)}`);
      else throw error;
    }
  }
}

/** The type's own checks of the change that the step makes. A restore is no create: it has checks of its own. */
async function checkType(run: Run, task: Task, context: StepContext, begun: boolean, say: Say): Promise<void> {
  const { step, work, type } = task;
  if (!type.managed || begun || work.entry.restore !== undefined || type.preflight === undefined) return;
  const problems = await checked(run, task, type.preflight(context, actionOf(step)), say);
  for (const problem of problems ?? []) say('preflight', problem);
}

/** Whether what is destroyed could be restored, and what is restored can be: by what the restore itself uses. */
async function checkRestore(run: Run, task: Task, context: StepContext, say: Say, lose: Say): Promise<void> {
  const {
    step,
    work: { entry, live },
    type,
  } = task;
  if (!type.managed || type.capture === undefined) return;
  const destroys =
    (step.action === 'delete' || step.action === 'replace') &&
    live !== null &&
    step.recoverability.level !== 'irreversible';
  if (entry.restore === undefined && !destroys) return;
  const answer = await checked(run, task, restoreCheck(run, task, context, type.capture), say);
  const order = entry.restore;
  for (const problem of answer?.problems ?? [])
    say(
      'not-restorable',
      order === undefined || order.apart !== undefined
        ? problem
        : `${problem}; to bring the data out otherwise: ${wayOut(order.run, order.step, type)}`,
    );
  for (const loss of answer?.losses ?? []) lose('restore-loses', loss);
}

function restoreCheck(run: Run, task: Task, context: StepContext, operations: CaptureOperations): Program<Restorable> {
  const { restore } = task.work.entry;
  if (restore === undefined) return operations.restorable(context, null);
  return operations.restorable(restoreContext(run, task, restore, true), captureOf(restore.capture, task.step.id));
}

/**
 * The answer of a check; undefined where it could not be made, which is a problem: what cannot be checked is not fine
 * (law 9).
 */
async function checked<Result>(run: Run, task: Task, program: Program<Result>, say: Say): Promise<Result | undefined> {
  try {
    return await runReadOnly(run, task, program);
  } catch (error) {
    if (error instanceof RunStopped) throw error;
    say('preflight-unknown', `it cannot be checked: ${messageOf(error)}`);
    return undefined;
  }
}
