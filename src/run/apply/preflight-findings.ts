import type { Approval } from '../../domain/approval.ts';
import type { AwsReader } from '../../domain/call.ts';
import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { SecretRef } from '../../base/json.ts';
import { placeOf } from '../../domain/finding.ts';
import type { Plan, Planned } from '../../domain/plan.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import { checkedOf, type Checked, type Problem } from './checks.ts';
import { planningRun } from '../../plan/steps/preview-context.ts';
import { beginRun, tasksOf } from './run-context.ts';
import { secretsIn } from '../../plan/steps/secrets.ts';

/** The ports that the checks of a run need; they only read. */
export interface ForeseePorts extends Pick<ApplyPorts, 'types' | 'schemas' | 'clock' | 'secrets' | 'stop'> {
  readonly session: AwsReader;
  readonly vault: Pick<ApplyPorts['vault'], 'bucket' | 'check' | 'findSecret'>;
}

/** Errors that only ask the author for a word: what AWS would say to the step is worth knowing beside them. */
const wordsMissing: ReadonlySet<string> = new Set([
  'reason-needed',
  'when-needed',
  'accept-loss-needed',
  'order-needed',
  'too-many-confirmations',
  'dead-id',
]);

/** The plan itself says what does not exist, once, at its place. */
const saidAlready = ({ plan }: Planned, finding: Finding): boolean =>
  plan.findings.some(({ code, step, message }) => {
    const dead = code === 'dead-id' && step === finding.step ? /"([^"]+)"/u.exec(message)?.[1] : undefined;
    return dead !== undefined && finding.message.includes(dead) && /does not exist/u.test(finding.message);
  });

/**
 * The problems for which apply would refuse before its first call: the checks of a run (phase preflight), with the same
 * sentences, as findings. Steps that are blocked already for what they are, and steps that change nothing, are not
 * looked at. Only reads.
 */
export async function foresee(planned: Planned, ports: ForeseePorts): Promise<readonly Finding[]> {
  const { plan } = planned;
  const settled = new Set(
    plan.findings
      .filter(({ severity, code }) => severity === 'error' && !wordsMissing.has(code))
      .map(({ step }) => step),
  );
  const steps = plan.steps.filter(({ id, blocked }) => !blocked || !settled.has(id));
  if (settled.has(null)) return [];
  const run = beginRun(planned, confirmedWholly(plan), readingOnly(ports));
  const tasks = tasksOf({ planned: { ...planned, plan: { ...plan, steps } }, ports: run.ports });
  if (tasks.length === 0) return [];
  return findingsOf(await checkedOf(run, tasks), planned).filter((finding) => !saidAlready(planned, finding));
}

/**
 * Whether the checks of a plan look into the capture bucket. A capture goes into it; a restore takes from it what the
 * run that it undoes kept there, though it captures and destroys nothing itself.
 */
export const usesBucket = ({ plan, work }: Planned): boolean =>
  plan.steps.some((step) => step.capture.how !== 'none' || step.destruction !== null) ||
  [...work.values()].some(({ entry, desired }) => entry.restore !== undefined || secretsIn(desired).some(keptByRun));

const keptByRun = ({ $secret }: SecretRef): boolean => $secret.captured !== undefined;

/** One finding for what a plan from recorded state cannot say; nothing where it changes nothing. */
export const unforeseen = ({ plan }: Planned): readonly Finding[] =>
  plan.steps.every(({ action }) => action === 'keep')
    ? []
    : [
        {
          code: 'not-checked',
          severity: 'info',
          step: null,
          line: null,
          column: null,
          message: 'this plan is made from recorded state, so nothing says whether AWS would take it',
          help: 'plan without --live to hear what apply would refuse',
        },
      ];

/** Whoever applies has the secrets; whoever plans may not, and need not. */
const severityOf = ({ code }: Problem): Finding['severity'] => (code === 'secret-missing' ? 'warning' : 'error');

function findingsOf({ problems, losses }: Checked, { work }: Planned): readonly Finding[] {
  const finding = (problem: Problem, severity: Finding['severity']): Finding => {
    const entry = problem.step === null ? undefined : work.get(problem.step)?.entry;
    const { line, column } =
      entry === undefined ? { line: null, column: null } : placeOf(entry, entry.id === undefined ? '' : 'id');
    return { code: problem.code, severity, step: problem.step, message: problem.message, line, column };
  };
  return [
    ...problems.map((problem) => finding(problem, severityOf(problem))),
    ...losses.map((loss) => finding(loss, 'warning')),
  ];
}

/** As if a person had confirmed everything: the checks are about what AWS would say. */
const confirmedWholly = ({ digest, name, target, createdAt, expiresAt, steps }: Plan): Approval => ({
  format: 'aiplan/approval@1',
  planDigest: digest,
  planName: name,
  target: { account: target.account, region: target.region, endpoint: target.endpoint },
  nonce: '',
  createdAt,
  expiresAt,
  tier: 'none',
  by: '',
  typedName: null,
  confirmations: steps.map((step) => ({
    step: step.id,
    stepDigest: step.digest,
    typed: step.confirm ?? '',
    shown: '',
    typedLoss: step.acceptLoss,
  })),
});

/** The ports of a run that has no journal and sends nothing. */
function readingOnly(ports: ForeseePorts): ApplyPorts {
  const refuse = (): Promise<never> => Promise.reject(new UserError('gate-refused', 'planning changes nothing'));
  const { session } = ports;
  return {
    ...ports,
    emit: () => {},
    replan: refuse,
    session: {
      read: (call) => session.read(call),
      get counts() {
        return session.counts;
      },
      mutate: refuse,
      renew: refuse,
    },
    journal: { run: planningRun, records: [], append: refuse },
    // A plan reads no kept secret: that it is there is enough.
    vault: {
      bucket: ports.vault.bucket,
      ...(ports.vault.check === undefined ? {} : { check: ports.vault.check }),
      findSecret: (ref) => ports.vault.findSecret(ref),
      async readSecret(ref) {
        await ports.vault.findSecret(ref);
        return '';
      },
      keepSecret: refuse,
      putManifest: refuse,
    },
  };
}
