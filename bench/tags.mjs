#!/usr/bin/env node
// 20 tag updates applied by aiplan (read, plan, journal, capture, change, verify) against 20 bare SDK calls one after the other, on one
// sandbox in one run. Usage: node bench/tags.mjs [runs]
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { bareClients } from './lib/bare.mjs';
import { countArgument, machine, median, ratio, runNode, seconds, table } from './lib/measure.mjs';
import { bin, cleanPlace, inTemporaryFolder, loadProgram, requireBuild } from './lib/program.mjs';

requireBuild();
const runs = countArgument(0, 5);
const updates = 20;
const region = 'eu-west-1';
const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };

await inTemporaryFolder(async (folder, atEnd) => {
  const program = await loadProgram(folder);
  const place = cleanPlace(folder);
  const dir = join(folder, 'sandbox');
  atEnd(() => program.down(dir));
  const { endpoint, account } = await program.up({ dir, region, entry: join(folder, 'program', 'sandbox-server.mjs'), environment: process.env });
  const fleet = await program.seedFleet(endpoint, updates * 5, region);
  const groups = fleet['AWS::EC2::SecurityGroup'].slice(0, updates);
  const clients = bareClients({ region, endpoint, credentials });
  mkdirSync(join(place.env.HOME, '.config', 'aiplan'), { recursive: true });
  writeFileSync(join(place.env.HOME, '.config', 'aiplan', 'config.yaml'), 'allow_yes: true\n');
  const env = { ...place.env, AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_ACCESS_KEY_ID: 'sandbox', AWS_SECRET_ACCESS_KEY: 'sandbox', AWS_EC2_METADATA_DISABLED: 'true' };
  const [whole, changing, bare, processes] = [[], [], [], []];
  for (let run = 0; run <= runs; run += 1) {
    writeFileSync(join(place.cwd, 'tags.json'), JSON.stringify({
      aiplan: 1, name: `tags-${run}`, intent: 'Say who owns what.', target: { account, region },
      resources: Object.fromEntries(groups.map((id, index) => [`Group${index}`, { type: 'AWS::EC2::SecurityGroup', action: 'update', id, properties: { Tags: { owner: `team-${run}` } } }])),
    }));
    const { milliseconds, output } = await runNode([bin, '--json', 'apply', 'tags.json', '--yes'], { cwd: place.cwd, env });
    const report = JSON.parse(output);
    if (report.outcome !== 'done' || report.calls !== updates) throw new Error(`the apply ended as ${report.outcome} with ${report.calls} calls: ${report.message}`);
    const start = performance.now();
    for (const id of groups) await clients.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'owner', Value: `bare-${run}` }] }));
    const alone = performance.now() - start;
    const { milliseconds: empty } = await runNode(['-e', '0'], place);
    if (run > 0) { whole.push(milliseconds); changing.push(report.durations.change); bare.push(alone); processes.push(empty); }
  }
  clients.close();
  process.stdout.write(`${updates} tag updates, median of ${runs} by turns; ${machine()}\n`);
  table([
    ['', 'time', 'ratio'],
    [`${updates} bare SDK calls, clients warm`, `${seconds(median(bare))} s`, '1.00'],
    ['aiplan apply, its phase "change" alone: look, journal, send, read back', `${seconds(median(changing))} s`, ratio(median(changing), median(bare))],
    ['aiplan apply, the whole process: start, read, plan twice, preflight, capture, change', `${seconds(median(whole))} s`, ratio(median(whole), median(bare))],
  ]);
  process.stdout.write(`(a process that does nothing: ${median(processes).toFixed(0)} ms)\n`);
});
