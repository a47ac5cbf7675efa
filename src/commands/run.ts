import type { ApprovedPlan } from '../model/plan.ts';
import type { Report } from '../model/report.ts';
import { apply } from '../engine/apply.ts';
import { openVault } from '../../providers/s3/vault.ts';
import { openJournal } from '../store/journal.ts';
import { acquireLock } from '../store/lock.ts';
import { newRunId } from '../store/runs.ts';
import { spendApproval, spendPlan } from '../store/spent.ts';
import { existingBucket } from './capture-bucket.ts';
import { makePlan, type Source } from './planning.ts';
import { lineWatch, type RunWatch } from './run-watch.ts';
import { secretSource } from './secrets.ts';
import type { World } from './world.ts';

/**
 * One run: lock, spend the plan and the approval, open the journal, apply. Ctrl-C finishes the call in flight and leaves a
 * run that can be rolled back; the lock is released on every way out.
 */
export async function run(world: World, approved: ApprovedPlan, source: Source, watch: RunWatch = lineWatch(world)): Promise<Report> {
  const { io, store } = world;
  const started = io.clock.now();
  const id = newRunId(started, io.random(2));
  const { target } = approved.plan;
  const lock = acquireLock(store, target, { run: id, owner: io.user, host: io.host, pid: io.pid, startedAt: new Date(started).toISOString() });
  const stop = new AbortController();
  let interrupts = 0;
  const stopListening = io.onInterrupt((signal) => {
    watch.interrupted(signal, interrupts += 1);
    stop.abort();
  });
  let session;
  let vaultSession;
  let journal;
  try {
    spendPlan(store, approved.plan, id);
    spendApproval(store, approved.approval.nonce, id);
    journal = await openJournal({ store, run: id, clock: io.clock });
    watch.begun(id);
    session = await world.applier(id);
    vaultSession = await world.applier(id);
    const bucket = await existingBucket(world, target);
    return await apply(approved, {
      session, types: world.types, schemas: world.schemas, journal, clock: io.clock, stop: stop.signal,
      vault: openVault(vaultSession, bucket === null ? null : { account: target.account, region: target.region, endpoint: target.endpoint, bucket }, id),
      secrets: secretSource(world),
      replan: () => makePlan(world, source),
      emit: (event) => watch.emit(event, io.clock.now() - started),
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
