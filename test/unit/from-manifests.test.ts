import { expect, it } from '@jest/globals';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Lying, LyingManifests, RunManifest, CaptureManifest } from '../../src/domain/records/run-manifest.ts';
import { keptRuns, madeByTag, recordsFrom } from '../../src/recovery/captures/from-manifests.ts';
import { opOf } from '../../src/plan/steps/preview-context.ts';
import { rollbackChangePlan, type RollbackDraft } from '../../src/recovery/rollback/rollback.ts';
import type { Bench } from '../helpers/apply-world.ts';
import { changePlan, freshBench, run, restoredAs, unmapped } from '../helpers/fault-scenario.ts';
import { Killed, mortal } from '../helpers/mortal.ts';

/** What lies in the capture bucket of the bench; S3 has the times of the clock. */
function manifestsOf(bench: Bench): LyingManifests {
  const lying = [...bench.vault.manifests].map(([key, manifest]) => ({ key, written: manifest.at, manifest }));
  return {
    runs: lying.filter((one): one is Lying<RunManifest> => one.manifest.format === 'aiplan/run@1'),
    leftOut: [],
    touched: [],
    captures: lying.filter((one): one is Lying<CaptureManifest> => one.manifest.format === 'aiplan/capture@1'),
  };
}

/** The rollback that the capture bucket alone gives; the journals of the bench are not asked. */
async function fromAws(bench: Bench, manifests = manifestsOf(bench)): Promise<RollbackDraft> {
  const { world, clock } = bench;
  const read = await Promise.all(
    world.types.all
      .filter(({ managed }) => managed)
      .map((type) => type.read(world.session, { identities: [], all: true, detailed: new Set() })),
  );
  const made = madeByTag(
    run,
    read.flatMap(({ resources }) => resources),
  );
  const earlier = keptRuns(manifests)
    .filter(({ rollbackOf }) => rollbackOf === run)
    .toReversed()
    .map((one) => recordsFrom(one.run, manifests));
  const draft = await rollbackChangePlan(recordsFrom(run, manifests, made), {
    session: world.session,
    types: world.types,
    schemas: world.schemas,
    now: new Date((clock.time += 61_000)).toISOString(),
    earlier,
  });
  return { ...draft, changePlan: { ...draft.changePlan, withoutJournal: true } };
}

it('takes a run back from the capture bucket alone, and asks for everything again', async () => {
  const bench = freshBench();
  const before = await bench.state();
  expect((await bench.apply(changePlan, { run })).outcome).toBe('done');
  expect(keptRuns(manifestsOf(bench))).toEqual([
    {
      run,
      at: expect.any(String),
      planName: 'test-plan',
      rollbackOf: null,
      steps: changePlan.resources.length,
      whole: true,
    },
  ]);
  const draft = await fromAws(bench);
  expect(draft.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  const { plan } = await bench.plan(draft.changePlan);
  expect(plan.steps.filter(({ coveredBy }) => coveredBy !== undefined)).toEqual([]);
  expect(plan.steps.filter(({ action }) => action === 'delete').map(({ confirm }) => confirm === null)).not.toContain(
    true,
  );
  const report = await bench.apply(draft.changePlan, { run: 'back' });
  expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);
  expect(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...report.map })).toEqual(before);
});

it('takes back a run that was killed at any place after its captures, and nothing that it never came to', async () => {
  const seen = new Set<string>();
  let tried = 0;
  for (let dieAt = 0; ; dieAt += 1) {
    const bench = freshBench();
    const before = await bench.state();
    const life = mortal(dieAt);
    const ended = await bench
      .apply(changePlan, { run, session: life.session, beforeAppend: life.append, afterAppend: life.written })
      .catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return null;
      });
    if (ended !== null) break;
    if (keptRuns(manifestsOf(bench)).length === 0) continue;
    // What the bucket and AWS show is all that there is to go by.
    const image = JSON.stringify([await bench.state(), [...bench.vault.manifests.keys()]]);
    if (seen.has(image)) continue;
    seen.add(image);
    const where = `point ${dieAt}, ${life.where}`;
    const draft = await fromAws(bench);
    expect([where, draft.findings.filter(({ severity }) => severity !== 'info')]).toEqual([where, []]);
    const report = await bench.apply(draft.changePlan, { run: 'back' });
    expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
    expect([where, unmapped(await bench.state(), { ...(await restoredAs(bench)), ...report.map })]).toEqual([
      where,
      before,
    ]);
    tried += 1;
  }
  expect(tried).toBeGreaterThan(15);
}, 60_000);

it('continues a rollback that was itself lost in the middle', async () => {
  const bench = freshBench();
  const before = await bench.state();
  await bench.apply(changePlan, { run });
  const life = mortal(150);
  await expect(
    bench.apply((await fromAws(bench)).changePlan, {
      run: 'back',
      session: life.session,
      beforeAppend: life.append,
      afterAppend: life.written,
    }),
  ).rejects.toThrow(Killed);
  const draft = await fromAws(bench);
  expect(draft.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  const report = await bench.apply(draft.changePlan, { run: 'again' });
  expect([report.outcome, report.message]).toEqual(['done', null]);
  expect(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...report.map })).toEqual(before);
});

it('says what is not known where only the captures are there, and still brings back what was destroyed', async () => {
  const bench = freshBench();
  await bench.apply(changePlan, { run });
  const captures = { ...manifestsOf(bench), runs: [] };
  expect(keptRuns(captures)).toEqual([expect.objectContaining({ run, whole: false })]);
  const draft = await fromAws(bench, captures);
  const entries = draft.changePlan.resources.map(({ address, action }) => `${action} ${address}`);
  expect(entries).toEqual(
    expect.arrayContaining([
      'create Db',
      'create Web',
      'create Files',
      'create Old',
      'delete OldReplacement',
      'delete Group',
      'delete Fresh',
      'delete Made',
    ]),
  );
  expect(entries).not.toContain('update Note');
});

it('takes nothing for the run that only says so', () => {
  const live = (tags: Record<string, string>): LiveResource => ({ systemTags: tags }) as unknown as LiveResource;
  const own = live({ 'aiplan:resource': 'A', 'aiplan:op': opOf(run, 'A') });
  expect(
    madeByTag(run, [
      own,
      live({ 'aiplan:resource': 'B', 'aiplan:op': opOf(run, 'A') }),
      live({ 'aiplan:op': opOf(run, 'A') }),
      live({}),
    ]),
  ).toEqual([own]);
  expect(recordsFrom(run, { runs: [], captures: [], leftOut: [], touched: [] })).toEqual([]);
});
