import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Approval } from '../../src/domain/approval.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { openCli, type Cli } from '../helpers/cli.ts';
import { makePerson, sign } from '../helpers/person.ts';
import type { Road } from '../helpers/road.ts';
import { secrets, type Lane, type Scenario, type Start } from './world.ts';

/** The machine on which a plan was made and signed, as it was then; its disk is brought back for each run. */
export interface Machine {
  readonly cli: Cli;
  /** The file of the signed approval of `faults.plan.json`. */
  readonly approval: string;
  readonly sign: (plan: Plan) => string;
  /** Its disk as it is now: a folder. */
  copy(): string;
  /** Makes its disk what it was in a copy. */
  turnTo(copy: string): void;
}

/** A plan lives for so long on a machine, in milliseconds; then it is made again. */
const patience = 600_000;
const machines = new Map<Scenario, { readonly machine: Machine; readonly disk: string; readonly until: number }>();

/** The machine with the plan of a scenario and its signed approval, as if both had just been made. */
export async function machineOf(lane: Lane, { text }: Start, scenario: Scenario): Promise<Machine> {
  const known = machines.get(scenario);
  if (known !== undefined && lane.copies && known.until > Date.now()) {
    known.machine.turnTo(known.disk);
    return known.machine;
  }
  known?.machine.cli.close();
  const cli = openCli(lane.sandbox.endpoint);
  const person = makePerson(cli);
  cli.write('plan.yaml', text);
  const signed = (plan: Plan): string =>
    cli.write('signed.approval.json', JSON.stringify(sign(cli, approvalOf(plan), person.key)));
  const approval = signed(
    (await cli.json(['plan', 'plan.yaml', '-o', 'faults.plan.json'], {
      environment: secrets,
      timeout: 240_000,
    })) as Plan,
  );
  const machine: Machine = {
    cli,
    approval,
    sign: signed,
    copy() {
      const folder = mkdtempSync(join(tmpdir(), 'aiplan-disk-'));
      cpSync(cli.home, folder, { recursive: true, preserveTimestamps: true });
      return folder;
    },
    turnTo(copy) {
      rmSync(cli.home, { recursive: true, force: true });
      cpSync(copy, cli.home, { recursive: true, preserveTimestamps: true });
    },
  };
  machines.set(scenario, { machine, disk: machine.copy(), until: Date.now() + patience });
  return machine;
}

/** The journals of runs of this process. */
export const textOf = (road: Road, runs: readonly string[]): string =>
  runs.map((run) => JSON.stringify(road.records(run))).join('\n');

export const runsOf = (cli: Cli): string => join(cli.state, 'aiplan', 'store', 'runs');

/** Every journal in a machine's store. */
export function storeText(cli: Cli): string {
  const folder = runsOf(cli);
  if (!existsSync(folder)) return '';
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

/** Everything that a plan asks, said. */
function approvalOf(plan: Plan): Approval {
  const needs = needed(plan);
  return {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: plan.target,
    nonce: randomBytes(16).toString('hex'),
    createdAt: new Date().toISOString(),
    expiresAt: plan.expiresAt,
    tier: 'T1',
    by: 'ada',
    typedName: needs.name ? plan.name : null,
    confirmations: needs.confirmations.map((step) => ({
      step: step.id,
      stepDigest: step.digest,
      typed: step.confirm ?? '',
      shown: '',
      typedLoss: lossPhrase(step),
    })),
  };
}
