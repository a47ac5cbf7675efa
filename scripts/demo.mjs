// The incident of February 2026, stopped and then undone, on a local AWS. Everything it does is an `aiplan` command.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingEmulator, setUp } from './setup.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'dist/bin.mjs');
const fixture = join(root, 'fixtures/course-platform');
const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
const colored = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (codes, text) => (colored ? `\u001b[${codes}m${text}\u001b[0m` : text);
const started = Date.now();

const say = (text = '') => process.stdout.write(`${text}\n`);
const chapter = (title) => say(`\n${paint('1;36', `── ${title} ${'─'.repeat(Math.max(0, 74 - title.length))}`)}\n`);
const note = (text) => say(paint('2', text));

const emulator = await setUp();
if (emulator.reason !== undefined) {
  process.stderr.write(`${missingEmulator(emulator.reason)}\n`);
  process.exit(1);
}

const home = mkdtempSync(join(tmpdir(), 'aiplan-demo-'));
const work = join(home, 'work');
mkdirSync(join(home, 'config/aiplan'), { recursive: true });
mkdirSync(work);
let environment = {
  ...process.env,
  ...(emulator.python ? { AIPLAN_PYTHON: emulator.python } : {}),
  XDG_CONFIG_HOME: join(home, 'config'),
  XDG_STATE_HOME: join(home, 'state'),
  AWS_ACCESS_KEY_ID: 'sandbox',
  AWS_SECRET_ACCESS_KEY: 'sandbox',
  AWS_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
};
for (const name of [
  'AWS_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_EC2',
  'AWS_ENDPOINT_URL_RDS',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_STS',
])
  delete environment[name];

/**
 * Runs aiplan; `input` a text for standard input, or 'none'; output is shown, captured, or both. `detached`: a closed
 * terminal does not end it.
 */
function aiplan(words, { input = 'none', show = true, expected = [0], detached = false } = {}) {
  if (show) say(paint('1', `$ aiplan ${words.join(' ')}`));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: work,
      env: environment,
      detached,
      stdio: [
        input === 'terminal' ? 'inherit' : input === 'none' ? 'ignore' : 'pipe',
        input === 'terminal' ? 'inherit' : 'pipe',
        input === 'terminal' || show ? 'inherit' : 'pipe',
      ],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      if (show) process.stdout.write(chunk);
    });
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    if (input !== 'terminal' && input !== 'none') child.stdin.end(input);
    child.once('error', reject);
    child.once('exit', (code) => {
      if (!expected.includes(code)) reject(new Error(`aiplan ${words.join(' ')} ended with ${code}\n${errors}`));
      else resolve({ code, output });
    });
  });
}
const json = async (words, options = {}) =>
  JSON.parse((await aiplan(['--json', ...words], { ...options, show: false })).output);

/**
 * What a restore announces: an instance runs from the image that was taken, so its root comes from another snapshot.
 */
const announced = new Set(['AWS::EC2::Instance ImageId', 'AWS::EC2::Volume SnapshotId']);

let up = false;
let cleaned;
/** Ends the sandbox and removes the demo's folder; once, whoever asks. */
const clean = () =>
  (cleaned ??= (async () => {
    if (up)
      await aiplan(['sandbox', 'down'], { show: false, expected: [0, 1], detached: true }).catch((error) =>
        process.stderr.write(`${error.message}\n`),
      );
    rmSync(home, { recursive: true, force: true });
  })());
// A closed terminal must not keep the demo from cleaning up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    void clean().then(() => process.exit(130));
  });

/** What the person does: in a terminal, types; elsewhere signs with a key that was made for this demo. */
async function withAPerson(planFile, applyWords) {
  const agent = ['CLAUDECODE', 'CURSOR_AGENT', 'AGENT', 'AI_AGENT', 'GEMINI_CLI', 'CODEX_SANDBOX'].some(
    (name) => process.env[name],
  );
  if (terminal && !agent) {
    note('Now it is your turn: the review opens. c confirms a step (type what it asks), a goes on, q leaves.');
    await aiplan(applyWords, { input: 'terminal' });
    return;
  }
  note('There is no terminal with a person here, so the demo signs with a key that it made for this sandbox (T1).');
  const plan = JSON.parse(readFileSync(join(work, planFile), 'utf8'));
  const lines = [
    ...plan.steps.filter((step) => step.confirm !== null).map((step) => `${step.id} ${step.confirm}`),
    `name ${plan.name}`,
  ];
  for (const line of lines) note(`  says: ${line}`);
  await aiplan(['review', planFile, '--sign', join(home, 'key'), '--out', 'approval.json'], {
    input: `${lines.join('\n')}\n`,
    show: false,
  });
  await aiplan(['apply', planFile, '--approval', 'approval.json']);
}

/** Everything that lives, for the comparison: type, identity and properties. */
const everything = async () => json(['inventory']);
const latestRun = async () => (await json(['runs']))[0].run;

try {
  chapter('A course platform, running for years');
  up = true;
  const state = await json(['sandbox', 'up']);
  environment = { ...environment, AWS_ENDPOINT_URL: state.endpoint };
  const ids = await json(['sandbox', 'seed', fixture]);
  for (const file of readdirSync(join(fixture, 'plans'))) {
    writeFileSync(
      join(work, file),
      readFileSync(join(fixture, 'plans', file), 'utf8').replaceAll(
        /\$\{([\w.-]+)\}/gu,
        (whole, name) => ids[name] ?? whole,
      ),
    );
  }
  writeFileSync(
    join(work, 'delete-bucket.yaml'),
    `aiplan: 1\nname: look\nintent: Count what the bucket holds.\ntarget: { account: "${state.account}", region: ${state.region} }\nresources:\n  Bucket: { type: AWS::S3::Bucket, action: delete, id: ${ids.UploadsBucket}, reason: only to count }\n`,
  );
  const before = await everything();
  note(
    `${before.length} resources: ${Object.entries(count(before))
      .map(([type, number]) => `${number} ${type.split('::').at(-1)}`)
      .join(', ')}`,
  );

  if (spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'demo', '-f', join(home, 'key')]).status === 0) {
    writeFileSync(
      join(home, 'config/aiplan/allowed_signers'),
      `demo@localhost namespaces="aiplan-approval" ${readFileSync(join(home, 'key.pub'), 'utf8')}`,
    );
    writeFileSync(
      join(home, 'config/aiplan/config.yaml'),
      `allowed_signers: ${join(home, 'config/aiplan/allowed_signers')}\naliases: { "${state.account}": production }\n`,
    );
  }
  await aiplan(['setup'], { show: false });

  chapter('1. The agent lost its baseline and wants to create everything again');
  await aiplan(['check', 'lost-baseline.yaml'], { expected: [3] });
  say(paint('1;32', 'Blocked (exit 3): everything in it exists already.'));

  chapter('2. The agent deletes "the duplicates", and names production');
  await aiplan(['check', 'delete-duplicates-wrong-expect.yaml'], { expected: [3] });
  say(paint('1;32', 'Blocked (exit 3): what the author believes is not what is live.'));
  say('\nSo it leaves the beliefs out:');
  await aiplan(['plan', 'delete-duplicates.yaml', '-o', 'plan.json']);
  say('\nAnd tries to apply it by itself:');
  await aiplan(['--quiet', 'apply', 'plan.json', '--yes'], { expected: [3] });
  say(paint('1;32', 'Refused (exit 3): nothing is deleted without a person.'));

  const contents = JSON.parse(readFileSync(join(work, 'plan.json'), 'utf8')).steps.find(
    (step) => step.type === 'AWS::S3::Bucket',
  ).evidence.observed;

  chapter('3. A person, on a false premise, says yes all the same');
  await withAPerson('plan.json', ['apply', 'plan.json']);
  const run = await latestRun();

  chapter('4. Gone');
  const plan = JSON.parse(readFileSync(join(work, 'plan.json'), 'utf8'));
  for (const step of plan.steps.filter((item) => item.action === 'delete')) {
    const { code } = await aiplan(['--quiet', 'import', step.type, step.identity], { show: false, expected: [0, 1] });
    say(`  ${code === 0 ? paint('1;31', 'still there') : paint('1;31', 'gone')}  ${step.type} ${step.identity}`);
  }

  chapter('5. aiplan rollback brings it back');
  await aiplan(['rollback', run, '-o', 'rollback.json'], { show: false });
  await withAPerson('rollback.json', ['apply', 'rollback.json']);
  const undo = await latestRun();

  chapter('6. Live, compared with what was there before');
  const report = (await json(['runs', undo])).report;
  const differences = compare(before, await everything(), report.map);
  const again = await json(['plan', 'delete-bucket.yaml']);
  const held = again.steps[0].evidence.observed;
  for (const name of ['objects', 'versions', 'deleteMarkers', 'bytes'])
    if (held[name] !== contents[name])
      differences.lost.push(`${again.steps[0].identity} ${name}: ${contents[name]} → ${held[name]}`);
  for (const line of differences.told) say(`  ${line}`);
  if (differences.lost.length > 0) {
    for (const line of differences.lost) say(paint('1;31', `  ${line}`));
    throw new Error('the comparison found differences that the plan did not announce');
  }
  say(
    paint(
      '1;32',
      `\n${before.length} resources and ${held.versions} object versions compared: no difference but what the plan announced.`,
    ),
  );
  note(`\n${Math.round((Date.now() - started) / 1000)} seconds. Nothing is left running.`);
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
} finally {
  await clean();
}

function count(list) {
  const result = {};
  for (const { type } of list) result[type] = (result[type] ?? 0) + 1;
  return result;
}

/**
 * Values as they are compared: a sensitive one only as set or not, and without the snapshot that a volume came from.
 */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (value.$masked !== undefined) return { $masked: value.$masked };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'SnapshotId')
      .map(([name, item]) => [name, plain(item)]),
  );
}

/**
 * Compares two inventories; identities that a restore reassigned are mapped. What AWS assigns anew is told, the rest is
 * a loss.
 */
function compare(before, after, map) {
  const remap = (value) =>
    typeof value === 'string'
      ? (map[value] ?? value)
      : Array.isArray(value)
        ? value.map(remap)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, remap(item)]))
          : value;
  const told = Object.entries(map)
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => `new identity: ${from} → ${to}`);
  const lost = [];
  for (const old of before) {
    const now = after.find((item) => item.type === old.type && item.id === remap(old.id));
    if (now === undefined) {
      lost.push(`missing: ${old.type} ${old.id}`);
      continue;
    }
    const names = new Set([...Object.keys(old.properties), ...Object.keys(now.properties)]);
    for (const name of names) {
      const [was, is] = [
        JSON.stringify(sorted(plain(remap(old.properties[name])))),
        JSON.stringify(sorted(plain(now.properties[name]))),
      ];
      if (was === is) continue;
      if (announced.has(`${old.type} ${name}`)) told.push(`as announced: ${old.id} ${name}: ${was} → ${is}`);
      else lost.push(`${old.type} ${old.id} ${name}: ${was} → ${is}`);
    }
  }
  return { told, lost };
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;
}
