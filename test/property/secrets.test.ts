import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { GetObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import { canary, filesBelow, heard, randomFrom, type Canary } from '../helpers/canaries.ts';
import type { Cli, Finished, RunOptions } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(120_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226) || 1;
console.info(`AIPLAN_SEED=${seed}`);
const random = randomFrom(seed);
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
/** Characters that JSON, URLs, YAML and shells each write in another way. */
const odd = '"\\%&<>+=;:?#\'é';
const secretOf = (name: string): Canary => canary(name, `${random(letters, 8)}${random(odd, 4)}${random(letters, 12)}`);

describe('the scanner itself', () => {
  it('hears a canary in every spelling, at every offset, and nothing else', () => {
    const { text, ...rest } = secretOf('x');
    const spelled: readonly string[] = [
      text,
      JSON.stringify({ a: text }),
      JSON.stringify(JSON.stringify({ a: text })),
      new URLSearchParams({ a: text }).toString(),
      encodeURIComponent(text),
      ...['', '1', '12', '123'].map((before) => Buffer.from(`${before}${text} and more`, 'utf8').toString('base64')),
    ];
    for (const said of spelled)
      expect([said, heard([{ text, ...rest }], 'here', said)]).toEqual([said, [expect.stringMatching(/^here: x \(/u)]]);
    expect(
      heard([{ text, ...rest }], 'here', `${text.slice(0, -1)} ${Buffer.from(text.slice(0, 9)).toString('base64')}`),
    ).toEqual([]);
  });
});

suite('secrets are never written', () => {
  const env = secretOf('password from a variable');
  const file = secretOf('password from a file');
  const rotated = secretOf('rotated password');
  const crashed = secretOf('password of the run that is killed');
  const literal = secretOf('password that the author wrote down');
  const live = secretOf('user data of a live instance');
  const authored = secretOf('user data that the author wrote');
  const accessKey = canary('secret access key', random(letters, 40));
  const token = canary('session token', random(letters, 60));
  const everyone = [env, file, rotated, crashed, literal, live, accessKey, token];

  let account: Account;
  let cli: Cli;
  let person: Person;
  let fixture: string;
  /** What was heard anywhere so far. */
  const leaks: string[] = [];
  /** Files that the author or the person wrote: they hold the canaries to begin with. */
  const written = new Set<string>();

  beforeAll(async () => {
    fixture = mkdtempSync(join(tmpdir(), 'aiplan-secrets-'));
    const text = readFileSync(join(smallFolder, 'account.yaml'), 'utf8');
    writeFileSync(
      join(fixture, 'account.yaml'),
      text.replace(
        'Instance: { InstanceType',
        `Instance: { userData: ${JSON.stringify(`#!/bin/sh\necho ${live.text}\n`)}, InstanceType`,
      ),
    );
    account = await openAccount(fixture);
    cli = account.cli();
    mkdirSync(join(cli.home, 'tmp'));
    const secretFile = join(cli.home, 'secret');
    writeFileSync(secretFile, `${file.text}\n`);
    written.add(secretFile);
    person = makePerson(cli, `secret_files: [ ${secretFile} ]\n`);
    await cli.ok(['setup']);
    write(
      'create.yaml',
      account.plan(
        'secrets',
        'FromVariable: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: from-variable, DBInstanceClass: db.t4g.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: a, MasterUserPassword: !Env AIPLAN_SECRET_ONE } }',
        `FromFile: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: from-file, DBInstanceClass: db.t4g.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: a, MasterUserPassword: !File ${secretFile} } }`,
        'Rotated: { type: AWS::RDS::DBInstance, action: update, id: small-db, rotate: once, reason: x, properties: { MasterUserPassword: !Env AIPLAN_SECRET_TWO } }',
        `Server: { type: AWS::EC2::Instance, action: create, reason: x, properties: { ImageId: ${account.names['Image'] ?? ''}, InstanceType: t3.micro, SubnetId: ${account.names['SubnetA'] ?? ''}, UserData: ${JSON.stringify(`#!/bin/sh\n${authored.text}\n`)}, Tags: { Name: another } } }`,
      ),
    );
    write(
      'delete.yaml',
      account.plan(
        'delete',
        `Instance: { type: AWS::EC2::Instance, action: delete, id: ${account.names['Instance'] ?? ''}, reason: x, expect: { Tags: { Name: small-web } } }`,
      ),
    );
    write(
      'crash.yaml',
      account.plan(
        'crash',
        'Killed: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: killed, DBInstanceClass: db.t4g.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: a, MasterUserPassword: !Env AIPLAN_SECRET_THREE } }',
      ),
    );
    write(
      'literal.yaml',
      account.plan(
        'literal',
        `Literal: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: literal, DBInstanceClass: db.t4g.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: a, MasterUserPassword: ${JSON.stringify(literal.text)} } }`,
      ),
    );
  }, 120_000);
  afterAll(async () => {
    rmSync(fixture, { recursive: true, force: true });
    await account.stop();
  });

  const write = (name: string, text: string): void => {
    written.add(join(cli.work, cli.write(name, text)));
  };
  const environment = {
    AIPLAN_SECRET_ONE: env.text,
    AIPLAN_SECRET_TWO: rotated.text,
    AIPLAN_SECRET_THREE: crashed.text,
    AWS_SECRET_ACCESS_KEY: accessKey.text,
    AWS_SESSION_TOKEN: token.text,
  };
  const listen = (words: readonly string[], said: Finished): Finished => {
    leaks.push(
      ...heard(everyone, `${words.join(' ')} > stdout`, said.stdout),
      ...heard(everyone, `${words.join(' ')} > stderr`, said.stderr),
    );
    leaks.push(
      ...heard([authored], `${words.join(' ')} > stdout`, withoutPlans(said.stdout)),
      ...heard([authored], `${words.join(' ')} > stderr`, said.stderr),
    );
    return said;
  };
  /** Runs a command with every secret around it, and listens to what it says; for people and for programs. */
  const said = async (words: readonly string[], options: RunOptions = {}): Promise<Finished> => {
    const all = { ...options, environment: { ...environment, TMPDIR: join(cli.home, 'tmp'), ...options.environment } };
    listen(['--json', ...words], await cli.run(['--json', ...words], all));
    return listen(words, await cli.run(words, all));
  };
  /** What a person does in one go; its output cannot be asked for twice. */
  const quietly = (): RunOptions => ({ environment: { ...environment, TMPDIR: join(cli.home, 'tmp') } });
  /**
   * The text without what a reviewer must see: the change plan itself, and the user data that it sets, line by line on
   * the card.
   */
  const withoutPlans = (text: string): string =>
    text
      .replaceAll(/"(?:changePlan|authored)": ?"(?:[^"\\]|\\.)*"/gu, '')
      .replaceAll(/^\s*(?:- )?(?:\||&#124;) .*$/gmu, '');
  const expectSilence = (): void => {
    for (const { path, text } of filesBelow(cli.home)) {
      if (written.has(path)) continue;
      leaks.push(...heard(everyone, path, text), ...heard([authored], path, withoutPlans(text)));
    }
    expect(leaks).toEqual([]);
  };

  it('a literal password is refused, and not repeated', async () => {
    for (const words of [
      ['validate', 'literal.yaml'],
      ['plan', 'literal.yaml'],
      ['check', 'literal.yaml'],
      ['check', 'literal.yaml', '--format', 'markdown'],
      ['apply', 'literal.yaml', '--yes'],
    ]) {
      const { code, stdout, stderr } = await said(words);
      expect([words, code === 0, `${stdout}${stderr}`.replaceAll('&#45;', '-')]).toEqual([
        words,
        false,
        expect.stringContaining('literal-secret'),
      ]);
    }
    expectSilence();
  });

  it('an address of an endpoint that holds a password is refused, and not repeated', async () => {
    const { stderr } = listen(
      ['--endpoint'],
      await cli.run(['--endpoint', `http://ada:${token.text}@127.0.0.1:9`, 'runs']),
    );
    const plan = listen(
      ['--endpoint', 'plan'],
      await cli.run(['--endpoint', `http://ada:${token.text}@127.0.0.1:9`, 'plan', 'create.yaml'], quietly()),
    );
    expect([stderr, plan.stderr]).toEqual(['', expect.stringContaining('error bad-endpoint')]);
    expectSilence();
  });

  it('no command that looks says one', async () => {
    const looks: readonly (readonly string[])[] = [
      ['plan', 'create.yaml', '-o', 'create.json'],
      ['show', 'create.json'],
      ['check', 'create.yaml', 'delete.yaml'],
      ['plan', 'delete.yaml'],
      ['import', 'AWS::EC2::Instance', account.names['Instance'] ?? ''],
    ];
    for (const words of looks) {
      const { code, stdout } = await said(words);
      expect([words, code, code === 0 ? '' : stdout]).toEqual([words, 0, '']);
    }
    for (const words of [
      ['validate', 'create.yaml'],
      ['check', 'create.yaml', '--format', 'markdown'],
      ['review', 'create.yaml'],
      ['refresh', 'delete.yaml', '-o', 'live.json'],
      ['inventory'],
      ['--json', 'inventory'],
    ])
      listen(words, await cli.ok(words, quietly()));
    expectSilence();
  });

  /** Unfinished runs are listed first: the newest is the one with the greatest name. */
  const newestRun = async (): Promise<string> =>
    ((await cli.json(['runs'])) as readonly { readonly run: string }[])
      .map(({ run }) => run)
      .toSorted()
      .at(-1) ?? '';

  it('AWS that quotes one back is not quoted', async () => {
    const mend = account.sandbox.proxy.onRequest(({ operation, parameters }) =>
      operation === 'CreateDBInstance'
        ? {
            kind: 'error',
            code: 'InvalidParameterValue',
            message: `The parameter MasterUserPassword ${parameters['MasterUserPassword'] ?? ''} is not a valid password`,
          }
        : undefined,
    );
    const applied = listen(['apply', 'crash.yaml'], await cli.run(['apply', 'crash.yaml', '--yes'], quietly()));
    mend();
    expect(applied).toMatchObject({
      code: 5,
      stdout: expect.stringMatching(/MasterUserPassword \(secret\) is\s+not\s+a\s+valid\s+password/u),
    });
    expectSilence();
  });

  it('a run that creates, rotates and is undone writes none', async () => {
    const start = account.requestCount();
    listen(['apply', 'create.yaml'], await person.applies('create.yaml', quietly()));
    const sent = account.sandbox.proxy.requests.slice(start);
    // They did reach AWS, or silence would prove nothing; and they reached nothing else.
    const carriers = (which: Canary): readonly string[] => [
      ...new Set(
        sent
          .filter(({ parameters }) => Object.values(parameters).some((value) => heard([which], '', value).length > 0))
          .map(({ operation }) => operation),
      ),
    ];
    expect({
      env: carriers(env),
      file: carriers(file),
      rotated: carriers(rotated),
      authored: carriers(authored),
    }).toEqual({
      env: ['CreateDBInstance'],
      file: ['CreateDBInstance'],
      rotated: ['ModifyDBInstance'],
      authored: ['RunInstances'],
    });
    const run = await newestRun();
    for (const words of [
      ['runs'],
      ['runs', run],
      ['captures'],
      ['rollback', run, '-o', 'back.json'],
      ['show', 'back.json'],
      ['plan', 'create.yaml'],
    ])
      await said(words);
    // The former password cannot be read, so the rollback is incomplete.
    listen(['rollback'], await person.takesBack(run, { ...quietly(), expected: [6] }));
    expectSilence();
  });

  it('user data of what is deleted is kept as an encrypted object in the capture bucket, and comes back', async () => {
    listen(['apply', 'delete.yaml'], await person.applies('delete.yaml', quietly()));
    const run = await newestRun();
    await said(['runs', run]);
    await said(['captures']);
    const start = account.requestCount();
    listen(['rollback'], await person.takesBack(run, quietly()));
    expect(
      account.sandbox.proxy.requests.slice(start).find(({ operation }) => operation === 'RunInstances')?.parameters[
        'UserData'
      ],
    ).toBe(Buffer.from(`#!/bin/sh\necho ${live.text}\n`, 'utf8').toString('base64'));
    expectSilence();

    const { s3 } = account.clients;
    const Bucket = 'aiplan-captures-123456789012-eu-west-1';
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const singing = (
      await Promise.all(
        Versions.map(async ({ Key = '', VersionId }) => {
          const object = await s3.send(
            new GetObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
          );
          return {
            Key,
            encryption: object.ServerSideEncryption,
            names: heard([...everyone, authored], '', `${Key} ${(await object.Body?.transformToString()) ?? ''}`),
          };
        }),
      )
    ).filter(({ names }) => names.length > 0);
    expect(singing.flatMap(({ names }) => names)).toContainEqual(expect.stringContaining(live.name));
    for (const { Key, encryption, names } of singing)
      expect({ Key, encryption, names }).toEqual({
        Key: expect.stringMatching(/^secrets\//u),
        encryption: expect.stringMatching(/^(?:AES256|aws:kms)/u),
        names: [expect.stringMatching(/user data/u)],
      });
  });

  it('a run that is killed in the middle leaves none behind', async () => {
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    const unhook = account.sandbox.proxy.onRequest(({ operation, parameters }) => {
      if (operation !== 'CreateDBInstance' || parameters['MasterUserPassword'] !== crashed.text) return undefined;
      child?.kill('SIGKILL');
      return { kind: 'drop', when: 'after' };
    });
    const killed = listen(
      ['apply', 'crash.yaml'],
      await cli.run(['apply', 'crash.yaml', '--yes'], {
        ...quietly(),
        onStarted: (started) => {
          child = started;
        },
      }),
    );
    unhook();
    expect(killed.signal).toBe('SIGKILL');
    const run = await newestRun();
    await said(['runs', run]);
    await said(['rollback', run, '-o', 'back.json']);
    expectSilence();
  });
});
