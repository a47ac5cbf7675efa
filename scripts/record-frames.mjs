#!/usr/bin/env node
// Records anew what the golden frames are made from, with the sandbox: node scripts/record-frames.mjs
// fixtures/frames/live/NAME.json is what AWS would say to plans/NAME.yaml; undo.json is the change plan of a real
// rollback.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { runMain, Stop } from './lib/report.mjs';
import { importTypeScript } from './lib/typescript.mjs';
import { setUp } from './setup.mjs';

const folder = (...names) => inRoot('fixtures', 'frames', ...names);
/** The evening of the incident: whatever was read is told as if it had been read then. */
const readAt = Date.parse('2026-02-26T22:45:00.000Z');

/**
 * Identities and times that are the same in every recording: ids by their order, times by their distance, to the
 * minute.
 */
function settled(began) {
  const ids = new Map();
  const hex = (text, length) => createHash('sha256').update(text).digest('hex').slice(0, length);
  const id = (found, prefix) => {
    if (!ids.has(found))
      ids.set(
        found,
        `${prefix}-${prefix === 'db' ? hex(`db ${ids.size}`, 26).toUpperCase() : hex(`${prefix} ${ids.size}`, 17)}`,
      );
    return ids.get(found);
  };
  const minute = 60_000;
  return (text) =>
    text
      .replaceAll(
        /\b(vpc-cidr-assoc|eni-attach|rtbassoc|rtb|igw|vpc|subnet|sg|sgr|i|vol|ami|eni|snap|eipassoc|eipalloc|db)-([0-9a-f]{8,17}|[A-Z0-9]{20,})\b/gu,
        (found, prefix) => id(found, prefix),
      )
      .replaceAll(/\bkey\/[0-9a-f]{8}-[0-9a-f-]{27}\b/gu, 'key/5a1dbc0e-7c3f-4f0e-9d7e-2b6f4c1a8e33')
      .replaceAll(/"sha256:[0-9a-f]{24}"/gu, (found) => `"sha256:${id(found, 'digest').slice(-17)}"`)
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/gu, (found) =>
        new Date(readAt + Math.round((Date.parse(found) - began) / minute) * minute).toISOString(),
      )
      .replaceAll(/\b\d{8}-\d{6}-[0-9a-z]{4}\b/gu, '20260226-224100-7k2m')
      .replaceAll(/"endpoint":"http[^"]*"/gu, '"endpoint":null');
}

/** Answers come in any order; what is recorded has one. */
const inOneOrder = (resources) => {
  const keyOf = ({ type, identity, properties, observed }) =>
    JSON.stringify([
      type,
      observed.created ?? '',
      properties.Tags?.Name ?? properties.GroupName ?? properties.CidrBlock ?? identity,
      properties.AvailabilityZone ?? '',
      properties.GroupDescription ?? '',
    ]);
  return [...resources].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
};

await runMain(async () => {
  const { python, reason } = await setUp();
  if (reason !== undefined) throw new Stop(reason);
  await ensureBuild();
  const { startSandbox } = await importTypeScript('src/sandbox/sandbox.ts');
  const { seed } = await importTypeScript('src/sandbox/seed.ts');
  const { fillPlans } = await importTypeScript('src/sandbox/seed/fixture.ts');
  const home = mkdtempSync(join(tmpdir(), 'aiplan-frames-'));
  const sandbox = await startSandbox({
    environment: { ...process.env, ...(python ? { AIPLAN_PYTHON: python } : {}) },
    pace: { reads: 1, milliseconds: 20 },
  });
  try {
    const { names } = await seed(sandbox.endpoint, inRoot('fixtures', 'course-platform'));
    const plans = {
      ...(await fillPlans(inRoot('fixtures', 'course-platform'), names)),
      ...(await fillPlans(folder(), names)),
    };
    mkdirSync(join(home, 'config', 'aiplan'), { recursive: true });
    mkdirSync(join(home, 'work'));
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'key')]);
    writeFileSync(
      join(home, 'signers'),
      `ada namespaces="aiplan-approval" ${readFileSync(join(home, 'key.pub'), 'utf8')}`,
    );
    writeFileSync(join(home, 'config', 'aiplan', 'config.yaml'), `allowed_signers: ${join(home, 'signers')}\n`);
    const aiplan = (words, input = '') =>
      new Promise((done, fail) => {
        const child = spawn(process.execPath, [inRoot('dist', 'bin.mjs'), ...words], {
          cwd: join(home, 'work'),
          stdio: ['pipe', 'pipe', 'pipe'],
          env: {
            PATH: process.env.PATH,
            HOME: home,
            USER: 'ada',
            XDG_CONFIG_HOME: join(home, 'config'),
            XDG_STATE_HOME: join(home, 'state'),
            XDG_CACHE_HOME: join(home, 'cache'),
            AWS_EC2_METADATA_DISABLED: 'true',
            AWS_ENDPOINT_URL: sandbox.endpoint,
            AWS_REGION: 'eu-west-1',
            AWS_ACCESS_KEY_ID: 'sandbox',
            AWS_SECRET_ACCESS_KEY: 'sandbox',
          },
        });
        let said = '';
        child.stdout.on('data', (text) => {
          said += text;
        });
        child.stderr.on('data', (text) => {
          said += text;
        });
        child.once('close', (code) =>
          code === 0 ? done(said) : fail(new Stop(`aiplan ${words.join(' ')} ended with ${code}\n${said}`)),
        );
        child.stdin.end(input);
      });
    await aiplan(['setup']);
    const began = Date.now();
    const settle = settled(began);
    // Lists that AWS gives in the order of identities.
    const byText = (one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
    const sorted = (name, value) =>
      Array.isArray(value) && ['dependents', 'attached', 'SecurityGroupIngress', 'subnets'].includes(name)
        ? value.toSorted(byText)
        : value;
    const keep = (name, value) =>
      writeFileSync(folder(name), `${JSON.stringify(JSON.parse(settle(JSON.stringify(value)), sorted), null, 1)}\n`);
    mkdirSync(folder('live'), { recursive: true });
    const wanted = [...readdirSync(folder('plans')), 'delete-duplicates-wrong-expect.yaml']
      .map((file) => basename(file, '.yaml'))
      .sort();
    for (const name of wanted) {
      writeFileSync(join(home, 'work', `${name}.yaml`), plans[`${name}.yaml`]);
      await aiplan(['refresh', `${name}.yaml`, '-o', 'live.json']);
      const live = JSON.parse(readFileSync(join(home, 'work', 'live.json'), 'utf8'));
      keep(`live/${name}.json`, {
        names,
        live: { ...live, recorded: false, resources: inOneOrder(live.resources), calls: {} },
      });
    }
    await aiplan(['plan', 'undone.yaml', '-o', 'plan.json']);
    const { steps, name } = JSON.parse(readFileSync(join(home, 'work', 'plan.json'), 'utf8'));
    const said = [
      ...steps.filter(({ confirm }) => confirm !== null).map(({ id, confirm }) => `${id} ${confirm}`),
      `name ${name}`,
    ]
      .map((line) => `${line}\n`)
      .join('');
    await aiplan(['review', 'plan.json', '--sign', join(home, 'key'), '-o', 'approval.json'], said);
    await aiplan(['apply', 'plan.json', '--approval', 'approval.json']);
    const [{ run }] = JSON.parse(await aiplan(['--json', 'runs']));
    await aiplan(['rollback', run, '-o', 'undo.json']);
    keep('undo.json', JSON.parse(JSON.parse(readFileSync(join(home, 'work', 'undo.json'), 'utf8')).changePlan));
    process.stdout.write(`recorded: ${wanted.join(', ')}, undo\n`);
  } finally {
    await sandbox.stop();
    rmSync(home, { recursive: true, force: true });
  }
  return 0;
});
