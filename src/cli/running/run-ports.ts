import type { Lock } from '../../domain/records/lock-store.ts';
import type { OpenJournal } from '../../domain/records/journal-store.ts';
import type { LiveState, Target } from '../../domain/live.ts';
import type { Planned } from '../../domain/plan.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import { openVault } from '../../../providers/s3/capture-bucket/vault.ts';
import { auditedSession } from '../context/audit-log.ts';
import { bucketState, existingBucket } from '../planning/capture-bucket.ts';
import type { StopSignals } from './run-signals.ts';
import type { RunWatch } from '../context/run-watch.ts';
import { secretSource } from '../context/secrets.ts';
import type { CommandContext } from '../context/command-context.ts';

export interface PortsInput {
  readonly run: string;
  readonly target: Target;
  readonly journal: OpenJournal;
  readonly lock: Lock;
  readonly signals: StopSignals;
  readonly watch: RunWatch;
  readonly replan: (asBefore?: (live: LiveState) => LiveState) => Promise<Planned>;
}

/** Everything outside the engine that a run needs, with sessions of its own; `close` ends them. */
export async function openPorts(
  context: CommandContext,
  { run, target, journal, lock, signals, watch, replan }: PortsInput,
): Promise<{ readonly ports: ApplyPorts; close(): void }> {
  const { io } = context;
  const started = io.clock.now();
  const session = await context.applier(run);
  let vaultSession: typeof session | undefined;
  const close = (): void => {
    session.close();
    vaultSession?.close();
  };
  try {
    // Objects in the capture bucket stand in no journal.
    vaultSession = auditedSession(context, await context.applier(run), target, run);
    const bucket = await existingBucket(context, target);
    return {
      close,
      ports: {
        session,
        types: context.types,
        schemas: context.schemas,
        journal,
        clock: io.clock,
        stop: signals.stop,
        halt: signals.halt,
        guard: () => lock.check(),
        vault: {
          ...openVault(
            vaultSession,
            bucket === null
              ? null
              : { account: target.account, region: target.region, endpoint: target.endpoint, bucket },
            run,
          ),
          check: async () => (await bucketState(context, session, target)).problems,
        },
        secrets: secretSource(context),
        replan,
        emit: (event) => watch.emit(event, io.clock.now() - started),
        ...(target.endpoint === null ? {} : { pace: { pollStart: 100, pollMax: 1_000 } }),
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
