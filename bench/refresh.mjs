#!/usr/bin/env node
// Reads fleets of several sizes as `aiplan refresh` does, against bare paginated SDK calls on the same emulator in the
// same run.
// Usage: node bench/refresh.mjs [runs] [sizes, as 50,200,1000]
import { join } from 'node:path';
import { bareClients, bareRead } from './lib/bare.mjs';
import { countArgument, machine, median, ratio, seconds, table, timed } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';

const runs = countArgument(0, 5);
const sizes = (process.argv[3] ?? '50,200,1000').split(',').map(Number);
const region = 'eu-west-1';
const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
/** Names every resource of the fleet, to be looked up (`read`) or tagged (`update`). */
function changePlanOf(fleet, account, action) {
  const resources = Object.entries(fleet).flatMap(([type, identities]) =>
    identities.map((id) => ({
      type,
      action,
      id,
      ...(action === 'update' ? { properties: { Tags: { owner: 'platform' } } } : {}),
    })),
  );
  return JSON.stringify({
    aiplan: 1,
    name: 'fleet',
    intent: 'Look at a fleet.',
    target: { account, region },
    resources: Object.fromEntries(resources.map((entry, index) => [`Resource${index}`, entry])),
  });
}

await inTemporaryFolder(async (folder, atEnd) => {
  const program = await loadProgram(folder);
  const { loadSchema: schemas, resourceTypes: types } = program;
  const parsed = (text) => {
    const { changePlan, findings } = program.parseChangePlan(text, { file: 'fleet', schemas, types });
    if (changePlan === null) throw new Error(JSON.stringify(findings.slice(0, 3)));
    return changePlan;
  };
  const rows = [['', 'calls', 'bare', 'ratio', 'time', 'bare', 'ratio']];
  for (const size of sizes) {
    const dir = join(folder, `sandbox-${size}`);
    atEnd(() => program.down(dir));
    const { endpoint, account } = await program.up({
      dir,
      region,
      entry: join(folder, 'program', 'sandbox-server.mjs'),
      environment: process.env,
    });
    try {
      const fleet = await program.seedFleet(endpoint, size, region);
      const target = { account, region, caller: `arn:aws:iam::${account}:user/bench`, endpoint };
      const session = program.openSession({ region, endpoint, credentials, mode: 'read-only' });
      const clients = bareClients({ region, endpoint, credentials });
      const ours = (changePlan) =>
        timed(async () => {
          const state = await program.refresh(changePlan, {
            aws: session,
            types,
            schemas,
            target,
            now: new Date().toISOString(),
            concurrency: 16,
          });
          if (state.resources.length < size)
            throw new Error(`read ${state.resources.length} of ${size}: ${JSON.stringify(state.failures.slice(0, 3))}`);
          return { calls: sum(state.calls), counts: state.calls, failures: state.failures };
        });
      const bare = () =>
        timed(async () => {
          const { found, counts } = await bareRead(clients);
          if (found < size) throw new Error(`the bare script read ${found} of ${size}`);
          return { calls: sum(counts), counts };
        });
      const look = parsed(changePlanOf(fleet, account, 'read'));
      const [a, b] = [[], []];
      // The first of each warms both up; then by turns.
      for (let run = 0; run <= runs; run += 1) {
        const [one, other] = [await ours(look), await bare()];
        if (one.failures.length > 0) throw new Error(`reads failed: ${JSON.stringify(one.failures.slice(0, 3))}`);
        if (run > 0) {
          a.push(one);
          b.push(other);
        }
      }
      const [calls, bareCalls] = [a[0].calls, b[0].calls];
      const [time, bareTime] = [
        median(a.map(({ milliseconds }) => milliseconds)),
        median(b.map(({ milliseconds }) => milliseconds)),
      ];
      rows.push([
        `${size} resources, looked up`,
        String(calls),
        String(bareCalls),
        ratio(calls, bareCalls),
        `${seconds(time)} s`,
        `${seconds(bareTime)} s`,
        ratio(time, bareTime),
      ]);
      process.stdout.write(`${size}: ${describe(a[0].counts)}\n  bare: ${describe(b[0].counts)}\n`);
      const update = await ours(parsed(changePlanOf(fleet, account, 'update')));
      rows.push([
        `${size} resources, to be changed`,
        String(update.calls),
        '',
        '',
        `${seconds(update.milliseconds)} s`,
        '',
        '',
      ]);
      process.stdout.write(`  to be changed, the most frequent: ${describe(update.counts, 6)}\n`);
      for (const message of new Set(update.failures.map((failure) => failure.message)))
        process.stdout.write(`  failed: ${message}\n`);
      session.close();
      clients.close();
    } finally {
      await program.down(dir);
    }
  }
  process.stdout.write(`\nrefresh, median of ${runs} by turns; ${machine()}\n`);
  table([...rows, ['aim, of what is looked up', '', '', '≤ 1.00', '', '', '≤ 1.25']]);
  process.stdout.write(
    'What will be changed is read whole, for its capture: attributes and sub-resources that AWS gives by one call each.\n',
  );
});

function describe(counts, most = Infinity) {
  return Object.entries(counts)
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
