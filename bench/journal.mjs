#!/usr/bin/env node
// What the journal costs: two lines to each mutating call and two more to a step, each on disk (or in S3) before the
// next thing happens. In a local folder against a bare write with fsync of the same lines; in S3, on a sandbox, against
// a bare PutObject. Usage: node bench/journal.mjs [calls] [runs]
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { bareClients } from './lib/bare.mjs';
import { countArgument, machine, median, ratio, table } from './lib/measure.mjs';
import { inTemporaryFolder, loadProgram } from './lib/program.mjs';

const calls = countArgument(0, 200);
const runs = countArgument(1, 5);
const region = 'eu-west-1';
const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };
const clock = {
  now: () => Date.now(),
  sleep: (milliseconds) =>
    new Promise((done) => {
      setTimeout(done, milliseconds);
    }),
};

/** What is written around one tag change of a bucket. */
const entriesOf = (call) => [
  {
    kind: 'intent',
    step: 'Files',
    call,
    purpose: 'change',
    declared: {
      service: 's3',
      operation: 'PutBucketTagging',
      input: {
        Bucket: 'sample-bucket',
        Tagging: {
          TagSet: [
            { Key: 'owner', Value: 'platform' },
            { Key: 'team', Value: `team-${call}` },
          ],
        },
      },
      identity: 'sample-bucket',
      retry: 'absolute',
      purpose: 'set tags',
    },
  },
  {
    kind: 'outcome',
    step: 'Files',
    call,
    ok: true,
    requestId: 'ABCDEFGHIJKLMNOP',
    milliseconds: 12,
    answer: { ETag: '"d41d8cd98f00b204e9800998ecf8427e"' },
  },
];

/** A step of one call: it begins, calls, and ends with the whole resource as it is then. */
const stepOf = (call) => [
  { kind: 'step', step: `Files${call}`, state: 'started', identity: 'sample-bucket', after: null, message: null },
  ...entriesOf(call),
  {
    kind: 'step',
    step: `Files${call}`,
    state: 'done',
    identity: 'sample-bucket',
    message: null,
    after: {
      type: 'AWS::S3::Bucket',
      identity: 'sample-bucket',
      incarnation: 'sample-bucket 2024-05-01T00:00:00.000Z',
      state: 'present',
      detailed: true,
      systemTags: {},
      pending: {},
      properties: {
        BucketName: 'sample-bucket',
        VersioningConfiguration: { Status: 'Enabled' },
        Tags: { owner: 'platform', team: `team-${call}` },
      },
      attributes: { Arn: 'arn:aws:s3:::sample-bucket', Region: region },
      binding: { versioning: 'Enabled', acl: 'private', policy: 'none' },
      observed: { created: '2024-05-01T00:00:00.000Z' },
    },
  },
];

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Milliseconds for each call, or step, of a journal that a store opens. */
async function journalCost(store, run, count, linesOf = entriesOf) {
  const journal = await store.createJournal(run, clock);
  const milliseconds = await timed(async () => {
    for (let call = 1; call <= count; call += 1) for (const entry of linesOf(call)) await journal.append(entry);
  });
  await journal.close();
  return milliseconds / count;
}

/** The same lines, each written and synced, by nobody who checks anything. */
async function bareCost(path, count, linesOf = entriesOf) {
  const handle = openSync(path, 'a');
  const milliseconds = await timed(async () => {
    for (let call = 1; call <= count; call += 1) {
      for (const entry of linesOf(call)) {
        writeSync(
          handle,
          `${JSON.stringify({ seq: call, prev: '0'.repeat(71), at: new Date().toISOString(), ...entry })}\n`,
        );
        fsyncSync(handle);
      }
    }
  });
  closeSync(handle);
  return milliseconds / count;
}

const name = (index) => `20260226-2300${String(index).padStart(2, '0')}-abcd`;

await inTemporaryFolder(async (folder, atEnd) => {
  const program = await loadProgram(folder);
  const local = program.folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'here' });
  const rows = [['', 'each', 'bare', 'ratio']];
  for (const [kind, linesOf, first] of [
    ['a call: 2 lines', entriesOf, 0],
    ['a step of one call: 4 lines', stepOf, 50],
  ]) {
    const [ours, bare] = [[], []];
    for (let run = 0; run <= runs; run += 1) {
      const [one, other] = [
        await journalCost(local, name(first + run), calls, linesOf),
        await bareCost(join(folder, `bare-${first + run}`), calls, linesOf),
      ];
      if (run > 0) {
        ours.push(one);
        bare.push(other);
      }
    }
    rows.push([
      `local folder, ${kind}, each with fsync`,
      `${median(ours).toFixed(2)} ms`,
      `${median(bare).toFixed(2)} ms`,
      ratio(median(ours), median(bare)),
    ]);
  }

  const dir = join(folder, 'sandbox');
  atEnd(() => program.down(dir));
  const { endpoint } = await program.up({
    dir,
    region,
    entry: join(folder, 'program', 'sandbox-server.mjs'),
    environment: process.env,
  });
  const clients = bareClients({ region, endpoint, credentials });
  await clients.s3.send(
    new CreateBucketCommand({ Bucket: 'team-store', CreateBucketConfiguration: { LocationConstraint: region } }),
  );
  await clients.s3.send(
    new PutBucketVersioningCommand({ Bucket: 'team-store', VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const shared = program.s3Store({
    place: 's3://team-store/aiplan',
    spool: join(folder, 'spool'),
    host: 'here',
    connect: () => program.openStoreBucket({ bucket: 'team-store', prefix: 'aiplan', region, endpoint, credentials }),
  });
  const few = Math.max(1, Math.round(calls / 10));
  const [put, plain] = [[], []];
  for (let run = 0; run <= runs; run += 1) {
    const one = await journalCost(shared, name(run), few);
    const other =
      (await timed(async () => {
        for (let call = 1; call <= few; call += 1)
          for (const entry of entriesOf(call))
            await clients.s3.send(
              new PutObjectCommand({
                Bucket: 'team-store',
                Key: `bare/${run}/${call}/${entry.kind}`,
                Body: JSON.stringify(entry),
                IfNoneMatch: '*',
              }),
            );
      })) / few;
    if (run > 0) {
      put.push(one);
      plain.push(other);
    }
  }
  clients.close();
  rows.push([
    'S3 store on the sandbox, a call: 2 objects',
    `${median(put).toFixed(1)} ms`,
    `${median(plain).toFixed(1)} ms`,
    ratio(median(put), median(plain)),
  ]);
  process.stdout.write(`the journal; ${calls} calls (S3: ${few}), median of ${runs} by turns; ${machine()}\n`);
  table(rows);
});
