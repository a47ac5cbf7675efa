import type { Report } from '../../domain/records/report.ts';
import type { Screen } from '../../tui/terminal/view.ts';
import type { RunScene } from '../../tui/run/run-view.ts';
import type { Plan } from '../../domain/plan.ts';
import { journalRows } from '../../views/run/journal-rows.ts';
import { failureRows } from '../../views/run/failure-rows.ts';
import { agentHost } from './agent-environment.ts';
import type { RunWatch } from './run-watch.ts';
import type { CommandContext } from './command-context.ts';

/** True where the person wants lines in place of a screen: a screen reader, a slow line. */
export const isPlain = ({ io, options }: Pick<CommandContext, 'io' | 'options'>): boolean =>
  options.plain === true || !['', '0', 'false'].includes(io.environment['AIPLAN_PLAIN'] ?? '');

/** True where standard input and output are a terminal, and of a person as far as can be told. */
const hasTerminal = ({ io }: Pick<CommandContext, 'io'>): boolean =>
  io.stdin.isTTY === true && io.stdout.isTTY === true && agentHost(io.environment) === null;

export const isColored = ({ io, options }: Pick<CommandContext, 'io' | 'options'>): boolean =>
  options.color && (io.environment['NO_COLOR'] ?? '') === '' && io.environment['TERM'] !== 'dumb';

/**
 * The one screen of a command, opened when it is first needed, on which review, run and the review of its rollback
 * follow each other. It is closed on every way out, and only then is anything printed.
 */
export class TerminalSession {
  readonly #world: CommandContext;
  #screen: Screen | null = null;

  constructor(context: CommandContext) {
    this.#world = context;
  }

  /** The screen, opened now if it is not open. Only where `hasTerminal` and not `isPlain`. */
  async screen(): Promise<Screen> {
    if (this.#screen === null) {
      const { openScreen } = await import('../../tui/terminal/screen.tsx');
      const { io } = this.#world;
      this.#screen = openScreen({
        stdin: io.stdin,
        stdout: io.stdout,
        color: isColored(this.#world),
        now: () => io.clock.now(),
        onInterrupt: (callback) => io.onInterrupt(callback),
      });
    }
    return this.#screen;
  }

  /** The progress of a run as a scene; null where a run is watched as lines. */
  async runScene(plan: Plan): Promise<RunScene | null> {
    if (!hasTerminal(this.#world) || isPlain(this.#world) || this.#world.options.json === true) return null;
    const { runScene } = await import('../../tui/run/run-view.ts');
    const { io } = this.#world;
    const scene = runScene({ plan, now: () => io.clock.now() });
    (await this.screen()).show(scene.scene);
    return scene;
  }

  /** Restores the terminal. Safe to call twice. */
  async close(): Promise<void> {
    await this.#screen?.close();
    this.#screen = null;
  }
}

/** The messages of runs to the watcher of a view. */
export const watchOf = (scene: RunScene | null): { readonly watch?: RunWatch } =>
  scene === null ? {} : { watch: scene.watch };

/**
 * After a run that changed something and did not end well: a rollback now, or everything kept as it is. `keep` where
 * nobody can be asked. Throws UserError from the store.
 */
export async function askAfter(
  context: Pick<CommandContext, 'store'>,
  scene: RunScene | null,
  report: Report,
): Promise<'rollback' | 'keep'> {
  if (scene === null || report.outcome === 'done' || report.calls === 0) return 'keep';
  const { records } = await context.store.readRun(report.run);
  const back = report.rollbackOf === null ? 'roll back now' : 'continue the rollback';
  return scene.finished({ report, why: failureRows(report, records), back }, async () =>
    journalRows((await context.store.readRun(report.run)).records),
  );
}
