import { Command, CommanderError, Option } from 'commander';
import { exitCodes, UserError, type ExitCode } from '../base/error.ts';
import { errorFacts, errorRows } from '../views/run/error-rows.ts';
import { findingRows, inFindingOrder } from '../views/plan/plan-rows.ts';
import type { GlobalOptions, Io } from './context/io.ts';
import { printJson, tell } from './context/output.ts';
import type { CommandContext } from './context/command-context.ts';

type Work = (context: CommandContext, ...values: never[]) => Promise<ExitCode>;

/** Parses the command line, runs one command, and turns whatever happens into an exit code and readable lines. */
export async function runProgram(io: Io, words: readonly string[], version: string): Promise<number> {
  let code: ExitCode = exitCodes.done;
  let global: GlobalOptions = { color: true };

  /** Wraps a command: opens its context, loads the verb lazily, closes the context. */
  const action =
    (load: () => Promise<Work>) =>
    async (...values: unknown[]): Promise<void> => {
      const command = values.at(-1) as Command;
      global = command.optsWithGlobals<GlobalOptions>();
      const { openWorld } = await import('./context/command-context.ts');
      const context = openWorld(io, global);
      try {
        code = await (await load())(context, ...(values.slice(0, -1) as never[]));
      } catch (error) {
        await (
          await import('./context/audit-log.ts')
        ).recordRefusal(context, error, topName(command), null, command.args);
        throw error;
      } finally {
        context.close();
      }
    };

  const program = buildProgram(version, action);
  const output = {
    writeOut: (text: string) => io.stdout.write(text),
    writeErr: (text: string) => io.stderr.write(text),
  };
  const prepare = (command: Command): void => {
    command
      .exitOverride()
      .configureOutput(output)
      .configureHelp({ showGlobalOptions: true })
      .showHelpAfterError('(aiplan --help shows the commands)');
    for (const inner of command.commands) prepare(inner);
  };
  prepare(program);
  try {
    await completions(program, words);
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return misused(io, words, error);
    return report(io, global, error);
  }
}

/** The command's own name on the command line: `audit` for `audit verify`. */
function topName(command: Command): string {
  let at = command;
  while (at.parent?.parent != null) at = at.parent;
  return at.name();
}

/**
 * Commander has said it on standard error; a program that asked for JSON gets it there too. Help and version are no
 * errors.
 */
function misused(io: Io, words: readonly string[], error: CommanderError): ExitCode {
  if (error.exitCode === 0) return exitCodes.done;
  if (words.includes('--json'))
    printJson(io, {
      error: 'usage',
      message: error.message.replace(/^error: /u, ''),
      help: 'aiplan --help shows the commands',
    });
  return exitCodes.error;
}

async function report(io: Io, options: GlobalOptions, error: unknown): Promise<ExitCode> {
  const findings =
    error instanceof UserError && 'findings' in error
      ? (error as UserError & { findings: Parameters<typeof inFindingOrder>[0]; file: string })
      : null;
  if (options.json === true) {
    const { code, place, ...facts } = errorFacts(error);
    printJson(io, {
      error: code,
      ...facts,
      ...(place.length === 0 ? {} : { place }),
      ...(findings === null ? {} : { findings: inFindingOrder(findings.findings) }),
    });
  } else {
    if (findings !== null)
      tell(
        io,
        options,
        inFindingOrder(findings.findings).flatMap((finding) => findingRows(finding, findings.file)),
        'error',
      );
    tell(io, options, errorRows(error), 'error');
  }
  return error instanceof UserError ? error.exitCode : exitCodes.error;
}

/**
 * Shell completion: `aiplan complete bash|zsh|fish|powershell` prints the script; the shells call `aiplan complete --
 * …`.
 */
async function completions(program: Command, words: readonly string[]): Promise<void> {
  if (words[0] !== 'complete') return;
  const { default: tab } = await import('@bomb.sh/tab/commander');
  tab(program as never);
}

/** All commands with their options; `action` makes what runs a command out of what loads it. */
export function buildProgram(
  version: string,
  action: (load: () => Promise<Work>) => (...values: unknown[]) => Promise<void>,
): Command {
  const program = new Command('aiplan')
    .description(
      'Plan, review, apply and roll back AWS changes. A person confirms each destruction; a snapshot is taken before anything changes.',
    )
    .version(version)
    .option('--profile <name>', 'AWS profile')
    .option('--region <region>', 'AWS region')
    .option('--endpoint <url>', 'one endpoint for all services, for an emulator')
    .option('--live <file>', 'plan against recorded live state, without credentials and network')
    .option('--json', 'one JSON document on standard output')
    .option('--quiet', 'no notes on standard error')
    .option('--no-color', 'no colour')
    .option('--plain', 'lines in place of a screen, for screen readers; also AIPLAN_PLAIN=1')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  aiplan plan move.yaml -o move.json    read AWS, show what would happen, keep it',
        '  aiplan apply move.json                review it, confirm it, carry it out',
        '  aiplan runs                           what was done, unfinished runs first',
        '  aiplan rollback RUN                   undo a run, by the same road',
        '  aiplan complete bash                  shell completion; also zsh, fish, powershell',
        '',
        'Exit codes: 0 done or no changes, 1 error, 2 changes (--detailed-exitcode), 3 blocked or a confirmation is',
        'missing, 4 live changed since the plan, 5 apply failed, 6 rollback incomplete.',
      ].join('\n'),
    );

  program
    .command('validate')
    .argument('<file>', 'change plan')
    .description('check a change plan without AWS; every error at once')
    .action(action(async () => (await import('./commands/validate.ts')).validate));
  program
    .command('plan')
    .argument('<file>', 'change plan')
    .description('read AWS and show what would happen')
    .option('-o, --out <plan>', 'keep the plan in a file')
    .option('--detailed-exitcode', 'exit 2 when there are changes')
    .action(action(async () => (await import('./commands/plan.ts')).planCommand));
  program
    .command('check')
    .argument('<file...>', 'change plans')
    .description('dry run for CI: exit 0 clean, 3 blocked')
    .addOption(
      new Option('--format <format>', 'form of the result').choices(['text', 'json', 'markdown']).default('text'),
    )
    .action(
      action(async () => {
        const { check } = await import('./commands/check.ts');
        return (context: CommandContext, files: readonly string[], options: { format: 'text' | 'json' | 'markdown' }) =>
          check(context, files, context.options.json === true ? 'json' : options.format);
      }),
    );
  program
    .command('show')
    .argument('<plan>', 'plan file')
    .description('show a plan file')
    .option('--markdown', 'as Markdown, for a pull request')
    .option('--html', 'as one HTML page that needs nothing else')
    .option('-o, --out <file>', 'write it to a file')
    .option('--no-pager', 'never through a pager')
    .action(action(async () => (await import('./commands/show.ts')).show));
  program
    .command('review')
    .argument('<file>', 'plan file or change plan')
    .description('look at a plan as a person; with --sign make an approval')
    .option('--sign <key>', 'sign the confirmations with an SSH key')
    .option('-o, --out <file>', 'where the signed approval goes')
    .option('--plan-out <plan>', 'where the plan without the rejected steps goes')
    .action(action(async () => (await import('./commands/review.ts')).review));
  program
    .command('apply')
    .argument('<file>', 'plan file or change plan')
    .description('review, confirm and carry out')
    .option('--approval <file>', 'signed approval')
    .option('--yes', 'answer a plan without destruction or grant, where the configuration allows it')
    .action(action(async () => (await import('./commands/apply.ts')).applyCommand));
  program
    .command('rollback')
    .argument('[run]', 'run id')
    .description('undo a run: inverse changes, restores, removal of what it made')
    .option('-o, --out <plan>', 'only keep the rollback plan in a file')
    .option('--approval <file>', 'signed approval')
    .option('--yes', 'as in apply')
    .option(
      '--from-aws',
      'the store is lost: undo from what lies in the capture bucket; without a run, list those it knows of',
    )
    .option('--run <run>', 'with --from-aws: the run')
    .action(action(async () => (await import('./commands/rollback.ts')).rollback));
  program
    .command('resume')
    .argument('<run>', 'run id')
    .description('find out where a stopped run stands, and resume it or undo it')
    .option('--approval <file>', 'signed approval')
    .option('--yes', 'as in apply')
    .option('--take-over <host:pid>', 'its process on another host is gone for good: take its lock over')
    .option('--sign <key>', 'only sign the confirmations of what is left')
    .option('-o, --out <file>', 'where the signed approval goes')
    .action(action(async () => (await import('./commands/resume.ts')).resumeCommand));
  program
    .command('runs')
    .argument('[run]', 'run id, or `abandon`')
    .argument('[of]', 'run id, for abandon')
    .description('list runs, show one, or close one for good')
    .option('--all', 'every run, each by its journal')
    .option('--take-over <host:pid>', 'as in resume')
    .action(action(async () => (await import('./commands/runs.ts')).runs));
  buildAudit(program, action);
  program
    .command('captures')
    .argument('[verb]', '`restore` brings one out, `expire` removes the expired ones')
    .argument('[capture]', 'RUN/STEP, for restore')
    .description('list the captures of this store, or bring the data of one out')
    .option('--as <name>', 'restore: the name of what is made, where one is chosen')
    .option('--set <name=value...>', 'restore: a property that shall differ from what was captured; null leaves it out')
    .option('--from-aws', 'restore: the store is lost; from what lies in the capture bucket')
    .option('-o, --out <plan>', 'restore: only keep the plan in a file')
    .option('--approval <file>', 'signed approval')
    .option('--yes', 'as in apply')
    .action(action(async () => (await import('./commands/captures.ts')).captures));
  program
    .command('refresh')
    .argument('<file>', 'change plan')
    .description('record the live state that a plan would read')
    .option('-o, --out <live>', 'where the record goes')
    .action(
      action(async () => {
        const { refreshCommand } = await import('./commands/refresh.ts');
        return (context: CommandContext, file: string, options: { out?: string }) =>
          refreshCommand(context, file, options.out);
      }),
    );
  program
    .command('inventory')
    .argument('[type]', 'resource type')
    .description('live resources as entries ready to paste')
    .option('--tag <name=value...>', 'only with these tags')
    .action(action(async () => (await import('./commands/inventory.ts')).inventory));
  program
    .command('import')
    .argument('<type>', 'resource type')
    .argument('<id...>', 'identities')
    .description('named live resources as entries ready to paste')
    .action(action(async () => (await import('./commands/inventory.ts')).importCommand));
  program
    .command('setup')
    .description('make the capture bucket, and show the configuration')
    .option('--iam', 'only list the IAM actions that each purpose needs')
    .action(action(async () => (await import('./commands/setup.ts')).setup));
  program
    .command('schema')
    .description('JSON Schema of the change-plan language')
    .action(action(async () => (await import('./commands/schema.ts')).schema));
  program
    .command('sandbox')
    .addArgument(program.createArgument('<verb>', 'what to do').choices(['up', 'down', 'seed', 'status']))
    .argument('[fixture]', 'fixture folder, for seed')
    .description('a local AWS emulator')
    .option('--port <port>', 'loopback port')
    .action(action(async () => (await import('./commands/sandbox.ts')).sandbox));
  return program;
}

/**
 * `audit` and its verbs. Commander gives an option that both know to `audit`, wherever it stands; so its values go to
 * the verbs too.
 */
function buildAudit(
  program: Command,
  action: (load: () => Promise<Work>) => (...values: unknown[]) => Promise<void>,
): void {
  const audit = program
    .command('audit')
    .description('what happened: plans, reviews, confirmations, every call, every refusal');
  const timed = (command: Command): Command =>
    command
      .option('--run <run>', 'only this run')
      .option('--resource <name...>', 'only these identities or addresses')
      .option('--since <time>', 'from this time on: 2026-02-26T23:15 (UTC), or an age such as 24h or 7d')
      .option('--until <time>', 'up to this time');
  const filtered = (command: Command): Command =>
    timed(command).option('--by <person>', 'only what this person, principal or agent host did');
  const withShared = (load: () => Promise<Work>) =>
    action(async () => {
      const work = (await load()) as (context: CommandContext, options: object) => Promise<ExitCode>;
      return (context: CommandContext, own: object) => work(context, { ...audit.opts(), ...own });
    });
  filtered(audit)
    .option('--no-pager', 'never through a pager')
    .action(action(async () => (await import('./audit/audit.ts')).audit));
  audit
    .command('verify')
    .description('do the chain, the journals, the plans and the signed approvals agree; says where they do not')
    .option('--expect-head <hash>', 'a head that was noted earlier must still be in the log')
    .action(action(async () => (await import('./audit/audit.ts')).auditVerify));
  filtered(audit.command('export').description('the same as NDJSON, redacted'))
    .option('-o, --out <file>', 'write it to a file')
    .action(withShared(async () => (await import('./audit/audit-export.ts')).auditExport));
  timed(
    audit
      .command('reconcile')
      .description(
        'compare with CloudTrail and the capture bucket: what was done around aiplan, or taken out of the log',
      ),
  )
    .option('--principal <name...>', 'ARNs, user names or access keys, instead of those of the log')
    .action(withShared(async () => (await import('./audit/audit-reconcile.ts')).auditReconcile));
}
