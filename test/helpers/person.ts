import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Approval } from '../../src/domain/approval.ts';
import { askedText, lossPhrase, needed } from '../../src/domain/confirmation.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Cli, Finished, RunOptions } from './cli.ts';

/** Somebody with an SSH key who is an allowed signer on a machine, and says everything that a plan asks. */
export interface Person {
  readonly key: string;
  /**
   * Plans a file and applies it, signed where the plan asks for anything, else with `--yes`; answers what apply said.
   */
  applies(file: string, options?: RunOptions): Promise<Finished>;
  /** Carries out the plan that a command writes with `-o`. */
  carriesOut(words: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Takes a run back, the newest one where none is named. */
  takesBack(run?: string, options?: RunOptions): Promise<Finished>;
}

/** A new key without passphrase; answers its path. */
export function makeKey(cli: Cli, name: string): string {
  const path = join(cli.home, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return path;
}

/** An approval signed as `ssh-keygen -Y sign` does it, over whatever text. */
export function sign(cli: Cli, approval: object, key: string, namespace = 'aiplan-approval'): object {
  const file = join(cli.home, `to-sign-${randomBytes(4).toString('hex')}`);
  writeFileSync(file, canonical(approval));
  try {
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', namespace, file], { stdio: 'ignore' });
    return { format: 'aiplan/signed-approval@1', approval, signature: readFileSync(`${file}.sig`, 'utf8') };
  } finally {
    for (const made of [file, `${file}.sig`]) rmSync(made, { force: true });
  }
}

export const publicKey = (path: string): string => readFileSync(`${path}.pub`, 'utf8').trim();
export const signersFile = (cli: Cli): string => join(cli.home, 'config', 'aiplan', 'allowed_signers');

/** Of the options of a command those that every command of the person has. */
const programOf = ({ program }: RunOptions): RunOptions => (program === undefined ? {} : { program });

/** Makes the person of a machine, with `settings` as further lines of the configuration. */
export function makePerson(cli: Cli, settings = ''): Person {
  const key = makeKey(cli, 'person');
  mkdirSync(join(cli.home, 'config', 'aiplan'), { recursive: true });
  writeFileSync(signersFile(cli), `ada@example.org namespaces="aiplan-approval" ${publicKey(key)}\n`);
  cli.configure(`allowed_signers: ${signersFile(cli)}\nallow_yes: true\n${settings}`);
  const approve = async (file: string, plan: Plan, options: RunOptions): Promise<Finished> => {
    const needs = needed(plan);
    if (askedText(needs) === '') return cli.ok(['apply', file, '--yes'], options);
    const approval: Approval = {
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
    cli.write('signed.approval.json', JSON.stringify(sign(cli, approval, key)));
    return cli.ok(['apply', file, '--approval', 'signed.approval.json'], options);
  };
  const carriesOut = async (words: readonly string[], options: RunOptions = {}): Promise<Finished> =>
    approve(
      'signed.plan.json',
      (await cli.json([...words, '-o', 'signed.plan.json'], programOf(options))) as Plan,
      options,
    );
  return {
    key,
    carriesOut,
    async applies(file, options = {}) {
      const plan = (await cli.json(['plan', file, '-o', 'signed.plan.json'], programOf(options))) as Plan;
      return approve('signed.plan.json', plan, options);
    },
    async takesBack(run, options = {}) {
      const which = run ?? ((await cli.json(['runs'])) as { run: string }[])[0]?.run ?? '';
      return carriesOut(['rollback', which], options);
    },
  };
}
