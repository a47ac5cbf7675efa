#!/usr/bin/env node
// 20 tag updates of each type applied by aiplan (read, plan, journal, capture, change, verify) against 20 bare SDK
// calls one after the other, on one sandbox in one run: beside the program, and as far away as AWS is. Says where the
// time of the phase "change" goes.
// Usage: node bench/tags.mjs [runs] [type,type…] [bin.mjs of another build, measured by turns with this one]
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
} from '@aws-sdk/client-rds';
import { PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import { bareClients } from './lib/bare.mjs';
import { breakdown } from './lib/breakdown.mjs';
import { farAway } from './lib/far.mjs';
import { countArgument, machine, median, ratio, runNode, table } from './lib/measure.mjs';
import { bin, cleanPlace, inTemporaryFolder, loadProgram, requireBuild } from './lib/program.mjs';

requireBuild();
const runs = countArgument(0, 3);
const only = process.argv[3]?.split(',');
const builds = [['this build', bin], ...(process.argv[4] === undefined ? [] : [['the other build', process.argv[4]]])];
const updates = 20;
const region = 'eu-west-1';
const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };
/** The captures of the run before go, because an account has room for a hundred, and the databases are waited for. */
async function withoutCaptures({ rds }) {
  const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }));
  await Promise.all(
    DBSnapshots.map(({ DBSnapshotIdentifier }) => rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }))),
  );
  for (;;) {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
    if (DBInstances.every(({ DBInstanceStatus }) => DBInstanceStatus === 'available')) return;
    await new Promise((done) => {
      setTimeout(done, 200);
    });
  }
}
/** A round trip to AWS from outside its network takes about as long. */
const distance = 40;

const ec2 = ({ ec2: client }, id, value) =>
  client.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'owner', Value: value }] }));
const kinds = {
  groups: { type: 'AWS::EC2::SecurityGroup', bare: ec2 },
  instances: { type: 'AWS::EC2::Instance', bare: ec2 },
  volumes: { type: 'AWS::EC2::Volume', bare: ec2 },
  buckets: {
    type: 'AWS::S3::Bucket',
    bare: ({ s3 }, id, value) =>
      s3.send(new PutBucketTaggingCommand({ Bucket: id, Tagging: { TagSet: [{ Key: 'owner', Value: value }] } })),
  },
  databases: {
    type: 'AWS::RDS::DBInstance',
    bare: ({ rds }, id, value, account) =>
      rds.send(
        new AddTagsToResourceCommand({
          ResourceName: `arn:aws:rds:${region}:${account}:db:${id}`,
          Tags: [{ Key: 'owner', Value: value }],
        }),
      ),
  },
};
const names = Object.keys(kinds).filter((name) => only === undefined || only.includes(name));

const each = (milliseconds) => `${(milliseconds / updates).toFixed(1)} ms`;
const middle = (samples, pick) => median(samples.map(pick));

await inTemporaryFolder(async (folder, atEnd) => {
  const program = await loadProgram(folder);
  const place = cleanPlace(folder);
  const dir = join(folder, 'sandbox');
  atEnd(() => program.down(dir));
  const { endpoint: near, account } = await program.up({
    dir,
    region,
    entry: join(folder, 'program', 'sandbox-server.mjs'),
    environment: process.env,
  });
  const fleet = await program.seedFleet(near, updates * 10, region);
  const far = await farAway(near, distance);
  atEnd(() => far.close());
  mkdirSync(join(place.env.HOME, '.config', 'aiplan'), { recursive: true });
  writeFileSync(join(place.env.HOME, '.config', 'aiplan', 'config.yaml'), 'allow_yes: true\n');
  let number = 0;

  /** One apply of all updates of a kind, and the same by bare calls; by turns with everything else. */
  async function once(name, endpoint, executable) {
    const { type, bare } = kinds[name];
    const ids = fleet[type].slice(0, updates);
    number += 1;
    const clients = bareClients({ region, endpoint, credentials });
    await withoutCaptures(clients);
    writeFileSync(
      join(place.cwd, 'tags.json'),
      JSON.stringify({
        aiplan: 1,
        name: `tags-${number}`,
        intent: 'Say who owns what.',
        target: { account, region },
        resources: Object.fromEntries(
          ids.map((id, index) => [
            `Resource${index}`,
            { type, action: 'update', id, properties: { Tags: { owner: `team-${number}` } } },
          ]),
        ),
      }),
    );
    const env = {
      ...place.env,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'sandbox',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    const { milliseconds, output, watched } = await runNode([executable, '--json', 'apply', 'tags.json', '--yes'], {
      cwd: place.cwd,
      env,
      watch: true,
      codes: [0, 3, 4, 5],
    });
    const report = JSON.parse(output);
    if (report.status === 'blocked') throw new Error(`the plan is blocked: ${JSON.stringify(report.plan.findings[0])}`);
    if (report.outcome !== 'done' || report.steps.filter(({ state }) => state === 'done').length !== updates)
      throw new Error(`the apply ended as ${report.outcome}: ${report.message}`);
    await bare(clients, ids[0], 'warm', account);
    const start = performance.now();
    for (const id of ids) await bare(clients, id, `bare-${number}`, account);
    const alone = performance.now() - start;
    clients.close();
    return { ...breakdown(watched, 'change'), process: milliseconds, alone, all: watched.requests.length };
  }

  process.stdout.write(
    `${updates} tag updates of each type, one update in the phase "change"; median of ${runs} by turns; ${machine()}\n`,
  );
  const kept = new Map();
  for (const [title, endpoint] of [
    ['the sandbox beside the program', near],
    [`the same ${distance} ms away, as AWS is`, far.endpoint],
  ]) {
    process.stdout.write(`\n${title}\n`);
    const rows = [
      [
        '',
        'bare call',
        'one update',
        'ratio',
        'a change in flight',
        'only reads',
        'only the journal',
        'else',
        'processor',
        'requests',
        'syncs',
        'whole process',
      ],
    ];
    for (const name of names) {
      const samples = builds.map(() => []);
      for (let run = 0; run <= runs; run += 1) {
        for (const [index, [, executable]] of builds.entries()) {
          const sample = await once(name, endpoint, executable);
          if (run > 0) samples[index].push(sample);
        }
      }
      const alone = middle(samples.flat(), (sample) => sample.alone);
      for (const [index, [build]] of builds.entries()) {
        const own = samples[index];
        const of = (field) => middle(own, (sample) => sample[field]);
        kept.set(`${name}${builds.length === 1 ? '' : `, ${build}`}`, own.at(-1).counts);
        rows.push([
          `${name}${builds.length === 1 ? '' : `, ${build}`}`,
          each(alone),
          each(of('whole')),
          ratio(of('whole'), alone),
          each(of('changing')),
          each(of('reading')),
          each(of('storing')),
          each(of('rest')),
          each(of('processor')),
          (of('requests') / updates).toFixed(1),
          (of('syncs') / updates).toFixed(1),
          `${(of('process') / 1000).toFixed(2)} s`,
        ]);
      }
    }
    table(rows);
  }
  process.stdout.write('\nrequests of the phase "change", one update:\n');
  for (const [name, counts] of kept) {
    const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
    process.stdout.write(
      `  ${name}: ${sorted.map(([operation, count]) => `${operation.replace(/^\w+:/u, '')} ${(count / updates).toFixed(2).replace(/\.?0+$/u, '')}`).join(', ')}\n`,
    );
  }
});
