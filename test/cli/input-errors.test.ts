import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, expectReadable, openCli, type Cli } from '../helpers/cli.ts';

jest.setTimeout(180_000);

let cli: Cli;
beforeAll(async () => {
  await ensureBuilt();
  cli = openCli();
}, 120_000);
afterAll(() => cli.close());

const header =
  'aiplan: 1\nname: test\nintent: A test.\ntarget: { account: "123456789012", region: eu-west-1 }\nresources:\n';
const bucket = (action: string, more = ''): string => `{ type: AWS::S3::Bucket, action: ${action}${more} }`;

/** Entries of a plan, and the findings that they must give: code, line and column, and the way on. */
const cases: readonly (readonly [string, string, readonly (readonly [string, string, RegExp])[]])[] = [
  ['malformed YAML', 'A: { type: [1 }', [['yaml-syntax', '6:17', /brackets/u]]],
  [
    'wrong types',
    `A: ${bucket('update', ', id: x, properties: { Tags: [ a ], VersioningConfiguration: sometimes }')}`,
    [
      ['wrong-type', '6:76', /Tags: \{/u],
      ['wrong-type', '6:106', /a map is expected/u],
    ],
  ],
  [
    'unknown fields and values',
    `A: { type: AWS::S3::Bukket, action: erase, colour: red }`,
    [
      ['unknown-type', '6:14', /did you mean "AWS::S3::Bucket"/u],
      ['value-not-allowed', '6:39', /allowed: read, create/u],
      ['unknown-field', '6:46', /fields are: type/u],
    ],
  ],
  [
    'a cycle',
    `A: ${bucket('read', ', id: a, depends_on: [ B ]')}\n  B: ${bucket('read', ', id: b, depends_on: [ A ]')}`,
    [['reference-cycle', '6:3', /A → B → A.*break it/su]],
  ],
  [
    'a duplicate address',
    `A: ${bucket('read', ', id: a')}\n  A: ${bucket('read', ', id: b')}`,
    [['duplicate-address', '7:3', /first in line 6.*keep one/su]],
  ],
  [
    'two addresses for one live resource',
    `A: ${bucket('read', ', id: a')}\n  B: ${bucket('delete', ', id: a, reason: x, expect: { Tags: !Any }')}`,
    [['duplicate-id', '7:3', /"A" in line 6.*merge/su]],
  ],
  [
    'a secret from a variable that is not allowed',
    'A: { type: AWS::RDS::DBInstance, action: update, id: a, rotate: one, properties: { MasterUserPassword: !Env HOME } }',
    [['secret-source-not-allowed', '6:111', /AIPLAN_SECRET_/u]],
  ],
];

describe('a change plan with mistakes', () => {
  it.each(cases)('%s: told with place and way on, before anything else', async (name, entries, findings) => {
    const file = cli.write('plan.yaml', `${header}  ${entries}\n`);
    const validated = await cli.run(['validate', file]);
    expect(validated.code).toBe(1);
    expect(validated.stdout).toBe('');
    expectReadable(validated);
    for (const [code, place, help] of findings) {
      expect(validated.stderr).toContain(`error ${code} plan.yaml:${place} `);
      expect(validated.stderr.slice(validated.stderr.indexOf(`error ${code} `))).toMatch(help);
    }
    const told = JSON.parse((await cli.run(['--json', 'validate', file])).stdout) as {
      valid: boolean;
      findings: { code: string; severity: string; line: number; column: number; message: string }[];
    };
    expect(told.valid).toBe(false);
    expect(
      told.findings
        .filter(({ severity }) => severity === 'error')
        .map(({ code, line, column }) => `${code} ${line}:${column}`),
    ).toEqual(expect.arrayContaining(findings.map(([code, place]) => `${code} ${place}`)));
    // Nothing is asked of AWS: there are neither credentials nor a region here.
    if (name === 'a cycle')
      for (const verb of ['plan', 'apply', 'review']) expect(await cli.run([verb, file])).toEqual(validated);
  });

  it('is blocked for CI, in Markdown that is safe to post', async () => {
    const file = cli.write(
      'plan.yaml',
      `${header}  A: { type: "<img src=x onerror=alert(1)>", action: read, id: "@team [x](http://evil) ![y](z)" }\n  B: { type: AWS::S3::Bukket, action: erase }\n`,
    );
    const { code, stdout, stderr } = await cli.run(['check', file, '--format', 'markdown']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain('**This change plan is invalid.**');
    expect(stdout).not.toMatch(/<img|\]\(|@team|::error/u);
    const document = await cli.json(['check', file, cli.write('good.yaml', `${header}  A: ${bucket('erase')}\n`)], {
      expected: [3],
    });
    expect(document).toMatchObject({
      clean: false,
      files: [
        { file: 'plan.yaml', plan: null },
        { file: 'good.yaml', plan: null },
      ],
    });
  });

  it('is no plan at all: missing, a folder, too big, empty', async () => {
    await cli.fails(['plan', 'nowhere.yaml'], {
      exit: 1,
      code: 'no-such-file',
      says: /"nowhere\.yaml"/u,
      help: /path/u,
    });
    mkdirSync(join(cli.work, 'folder'), { recursive: true });
    await cli.fails(['plan', 'folder'], { exit: 1, code: 'not-a-regular-file', says: /is a folder/u });
    await cli.fails(['show', cli.write('not-a-plan.yaml', header)], {
      exit: 1,
      code: 'not-a-plan-file',
      help: /aiplan plan FILE -o PLAN/u,
    });
    for (const [text, code] of [
      ['', 'empty-file'],
      ['# x'.padEnd(17_000_000, 'x'), 'file-too-large'],
      ['[]', 'not-a-change-plan'],
    ] as const) {
      const { code: exit, stderr } = await cli.run(['validate', cli.write('odd.yaml', text)]);
      expect([text.length, exit, stderr]).toEqual([text.length, 1, expect.stringContaining(`error ${code}`)]);
    }
  });

  it('text from outside its folder is not read', async () => {
    const entry = (path: string): string =>
      `${header}  A: { type: AWS::EC2::Instance, action: create, reason: x, properties: { ImageId: ami-1, InstanceType: t3.micro, SubnetId: subnet-1, UserData: !Text ${path} } }\n`;
    const outside = await cli.run(['validate', cli.write('plan.yaml', entry('../../../etc/hostname'))]);
    expect(outside).toMatchObject({ code: 1, stderr: expect.stringMatching(/text-not-readable[^]*without {2}\.\./u) });
    symlinkSync('/etc/hostname', join(cli.work, 'link.sh'));
    expect((await cli.run(['validate', cli.write('plan.yaml', entry('link.sh'))])).stderr).toMatch(
      /text-outside|lies outside|text-not-readable/u,
    );
    cli.write('boot.sh', '#!/bin/sh\n');
    expect((await cli.run(['validate', cli.write('plan.yaml', entry('boot.sh'))])).stderr).not.toMatch(
      /text-not-readable/u,
    );
  });
});

describe('a command line with mistakes', () => {
  it('says which word is wrong, also to a program', async () => {
    for (const [words, says] of [
      [['plna', 'x'], /unknown command 'plna'[^]*plan/u],
      [['plan'], /missing required argument 'file'/u],
      [['plan', 'x', '--colour'], /unknown option '--colour'/u],
      [['check', 'x', '--format', 'pdf'], /Allowed choices are text, json, markdown/u],
    ] as const) {
      const { code, stdout, stderr } = await cli.run(words);
      expect({ words, code, stdout, stderr }).toEqual({
        words,
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(says),
      });
      expect(await cli.json([...words], { expected: [1] })).toMatchObject({
        error: 'usage',
        message: expect.stringMatching(/\w/u),
      });
    }
  });

  it('version and help are no errors', async () => {
    expect(await cli.run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/u),
      stderr: '',
    });
    for (const words of [[], ['--help'], ['apply', '--help']])
      expect(await cli.run(words)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Usage: aiplan'),
        stderr: '',
      });
  });
});
