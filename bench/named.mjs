#!/usr/bin/env node
// Reads for a plan that names every resource of a fleet with its tags as they are, so that nothing changes, against a
// hand-written script that reads the same, 30 ms away; and for one that changes 20 of them. Usage: node bench/named.mjs
// [runs] [sizes, as 200,1000]
import { join } from 'node:path';
import { bareClients, bareReadNamed } from './lib/bare.mjs';
import { farAway } from './lib/far.mjs';
import { countArgument, machine, median, ratio, seconds, table, timed } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';

const runs = countArgument(0, 3);
const sizes = (process.argv[3] ?? '200,1000').split(',').map(Number);
const distance = 30;
const changed = 20;
const region = 'eu-west-1';
const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };
const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

await inTemporaryFolder(async (folder, atEnd) => {
  const program = await loadProgram(folder);
  const { changingUpdates, defaults: configuration, loadSchema: schemas, resourceTypes: types } = program;
  const rows = [['', 'calls', 'bare', 'ratio', 'time', 'bare', 'ratio']];
  for (const size of sizes) {
    const dir = join(folder, `sandbox-${size}`);
    atEnd(() => program.down(dir));
    const { endpoint: near, account } = await program.up({
      dir,
      region,
      entry: join(folder, 'program', 'sandbox-server.mjs'),
      environment: process.env,
    });
    const fleet = await program.seedFleet(near, size, region);
    const { endpoint, close } = await farAway(near, distance);
    try {
      const target = { account, region, caller: `arn:aws:iam::${account}:user/bench`, endpoint };
      const session = program.openSession({ region, endpoint, credentials, mode: 'read-only' });
      const clients = bareClients({ region, endpoint, credentials });
      const parsed = (resources) => {
        const text = JSON.stringify({
          aiplan: 1,
          name: 'fleet',
          intent: 'Look at a fleet.',
          target: { account, region },
          resources,
        });
        const { changePlan, findings } = program.parseChangePlan(text, { file: 'fleet', schemas, types });
        if (changePlan === null) throw new Error(JSON.stringify(findings.slice(0, 3)));
        return { changePlan, text };
      };
      const read = ({ changePlan, text }) =>
        timed(async () => {
          const now = new Date().toISOString();
          const changing = (live) => changingUpdates({ changePlan, text, live, types, schemas, configuration, now });
          const state = await program.refresh(changePlan, {
            aws: session,
            types,
            schemas,
            target,
            now,
            concurrency: 16,
            changing,
          });
          if (state.failures.length > 0) throw new Error(`reads failed: ${JSON.stringify(state.failures.slice(0, 3))}`);
          return {
            calls: sum(state.calls),
            counts: state.calls,
            resources: state.resources,
            changing: changing(state).size,
          };
        });
      const entries = Object.entries(fleet).flatMap(([type, identities]) => identities.map((id) => ({ type, id })));
      const named = (of) => Object.fromEntries(entries.map((entry, index) => [`Resource${index}`, of(entry, index)]));
      const seen = await read(parsed(named(({ type, id }) => ({ type, action: 'read', id }))));
      // Tags of a bucket are not in any list: of what was looked up, a bucket is named by the tags that the fleet was
      // seeded with.
      const live = new Map(
        (
          await read(
            parsed(
              named(({ type, id }) => ({ type, action: 'update', id, properties: { Tags: { 'aiplan-bench': 'x' } } })),
            ),
          )
        ).resources.map((one) => [`${one.type} ${one.identity}`, one.properties.Tags ?? {}]),
      );
      const same = ({ type, id }) => ({
        type,
        action: 'update',
        id,
        properties: { Tags: live.get(`${type} ${id}`) ?? {} },
      });
      const nothing = parsed(named(same));
      const few = parsed(
        named((entry, index) =>
          index % Math.floor(entries.length / changed) === 0 && index / Math.floor(entries.length / changed) < changed
            ? { ...same(entry), properties: { Tags: { owner: 'platform' } } }
            : same(entry),
        ),
      );
      const [a, b, c] = [[], [], []];
      const buckets = fleet['AWS::S3::Bucket'] ?? [];
      for (let run = 0; run <= runs; run += 1) {
        const [one, other, third] = [
          await read(nothing),
          await timed(() => bareReadNamed(clients, buckets)),
          await read(few),
        ];
        if (one.changing !== 0 || third.changing !== changed || seen.resources.length < size)
          throw new Error(`${one.changing} of none and ${third.changing} of ${changed} would change`);
        if (run > 0) {
          a.push(one);
          b.push({ ...other, calls: sum(other.counts) });
          c.push(third);
        }
      }
      const time = (list) => median(list.map(({ milliseconds }) => milliseconds));
      const line = (name, list) => [
        name,
        String(list[0].calls),
        String(b[0].calls),
        ratio(list[0].calls, b[0].calls),
        `${seconds(time(list))} s`,
        `${seconds(time(b))} s`,
        ratio(time(list), time(b)),
      ];
      rows.push(line(`${size} named, nothing changes`, a), line(`${size} named, ${changed} change`, c));
      session.close();
      clients.close();
    } finally {
      await close();
      await program.down(dir);
    }
  }
  process.stdout.write(`reads ${distance} ms away, median of ${runs} by turns; ${machine()}\n`);
  table([...rows, ['aim where nothing changes', '', '', '≤ 1.10', '', '', '≤ 1.50']]);
});
