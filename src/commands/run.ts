import type { ApprovedPlan } from '../model/plan.ts';
import type { Report } from '../model/report.ts';
import { apply } from '../engine/apply.ts';
import { openVault } from '../../providers/s3/vault.ts';
import { openJournal } from '../store/journal.ts';
import { acquireLock } from '../store/lock.ts';
import { newRunId } from '../store/runs.ts';
import { spendApproval, spendPlan } from '../store/spent.ts';
import { progressRow, thinner } from '../views/progress.ts';
import { row, span } from '../views/rows.ts';
import { existingBucket } from './capture-bucket.ts';
import { tell } from './output.ts';
import { makePlan, type Source } from './planning.ts';
import { secretSource } from './secrets.ts';
import type { World } from './world.ts';

/**
 * One run: lock, spend the plan and the approval, open the journal, apply. Ctrl-C finishes the call in flight and leaves a
 * run that can be rolled back; the lock is released on every way out.
 */
export async function run(world: World, approved: ApprovedPlan, source: Source): Promise<Report> {
  const { io, options, store } = world;
  const started = io.clock.now();
  const id = newRunId(started, io.random(2));
  const { target } = approved.plan;
  const lock = acquireLock(store, target, { run: id, owner: io.user, host: io.host, pid: io.pid, startedAt: new Date(started).toISOString() });
  const stop = new AbortController();
  const worthTelling = thinner();
  const stopListening = io.onInterrupt((signal) => {
    if (!stop.signal.aborted) tell(io, options, [row(0, span(`${signal}: the call in flight is finished, then the run stops`, 'warning'))], 'error');
    stop.abort();
  });
  let session;
  let vaultSession;
  let journal;
  try {
    spendPlan(store, approved.plan, id);
    spendApproval(store, approved.approval.nonce, id);
    journal = await openJournal({ store, run: id, clock: io.clock });
    tell(io, options, [row(0, span(`run ${id}`, 'title'))]);
    session = await world.applier(id);
    vaultSession = await world.applier(id);
    const bucket = await existingBucket(world, target);
    return await apply(approved, {
      session, types: world.types, schemas: world.schemas, journal, clock: io.clock, stop: stop.signal,
      vault: openVault(vaultSession, bucket === null ? null : { account: target.account, region: target.region, endpoint: target.endpoint, bucket }, id),
      secrets: secretSource(world),
      replan: () => makePlan(world, source),
      emit(event) {
        const since = io.clock.now() - started;
        const line = worthTelling(event, since) ? progressRow(event, since) : null;
        if (line !== null) tell(io, options, [line]);
      },
      ...(target.endpoint === null ? {} : { pace: { pollStart: 100, pollMax: 1_000 } }),
    });
  } finally {
    stopListening();
    session?.close();
    vaultSession?.close();
    await journal?.close();
    lock.release();
  }
}
