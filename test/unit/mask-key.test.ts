import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hidesText, loadMaskKey, localMaskKey, maskFindings, withMasks } from '../../src/cli/context/mask-key.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { runOutsideRun } from '../../src/run/executor/run-outside.ts';
import { below } from '../../src/plan/diff/rule-tree.ts';
import {
  isSameMask,
  mask,
  maskKeyInUse,
  maskKeyOf,
  maskKeysIn,
  maskSalt,
  sha256,
  useMaskKey,
} from '../../src/base/digest.ts';
import { AwsError } from '../../src/base/error.ts';
import { resourceTypes } from '../../providers/index.ts';
import { keepMaskKey, readMaskKey } from '../../providers/s3/capture-bucket/mask-key.ts';
import { changePlanOf, entryOf, testConfiguration } from '../helpers/apply-world.ts';
import { memoryS3, type MemoryS3 } from '../helpers/memory-s3.ts';

const account = '123456789012';
const bucket = `aiplan-captures-${account}-eu-west-1`;
const of = { account, region: 'eu-west-1', endpoint: null, bucket: null };
const target = { account, region: 'eu-west-1', endpoint: null, caller: 'x' };
const salt = maskSalt('AWS::EC2::Instance', 'i-1', 'UserData');
const [one, two] = ['1'.repeat(64), '2'.repeat(64)] as const;
const ours = maskKeyOf('of the tests');

afterEach(() => {
  useMaskKey(ours);
});

describe('the digest of a sensitive value', () => {
  it('cannot be held against a guess without the key', () => {
    useMaskKey(maskKeyOf(one));
    const { digest = '' } = mask(salt, 'hunter2');
    const guesses = [`aiplan-mask\n${salt}\nhunter2`, `${salt}\nhunter2`, 'hunter2', salt + 'hunter2'].map((text) =>
      sha256(text).slice(7),
    );
    expect(guesses.filter((guess) => digest.includes(guess.slice(0, 12)))).toEqual([]);
    expect(digest).not.toContain(one.slice(0, 12));
    useMaskKey(maskKeyOf(two));
    expect(mask(salt, 'hunter2').digest).not.toBe(digest);
  });

  it('equals another one of the same key and text, and nothing else: neither one of another key, nor where there is no key', () => {
    const comparer = comparerFor(
      { ...resourceTypes.get('AWS::EC2::Instance')!.rules, sensitive: ['UserData'] },
      'AWS::EC2::Instance',
      'i-1',
    );
    const equal = (live: object, wanted: object | string): boolean =>
      comparer.equal(live as never, wanted as never, below(comparer.root, 'UserData'));
    const made = (key: string | null, text = 'same') => {
      useMaskKey(key === null ? null : maskKeyOf(key));
      return mask(salt, text);
    };
    expect([
      isSameMask(made(one), made(one)),
      isSameMask(made(one), made(one, 'other')),
      isSameMask(made(one), made(two)),
      isSameMask(made(null), made(null)),
    ]).toEqual([true, false, false, false]);
    expect(made(null)).toEqual({ $masked: 'set' });
    const [first, second, none] = [made(one), made(two), made(null)];
    useMaskKey(maskKeyOf(one));
    expect([
      equal(first, 'same'),
      equal(first, first),
      equal(second, 'same'),
      equal(first, second),
      equal(none, 'same'),
      equal(none, { ...none }),
    ]).toEqual([true, true, false, false, false, false]);
    expect(maskKeysIn(JSON.stringify([first, second, none]))).toEqual([maskKeyOf(one).id, maskKeyOf(two).id].sort());
  });
});

describe('the key in the capture bucket', () => {
  let s3: MemoryS3;
  beforeEach(() => {
    s3 = memoryS3([bucket]);
  });
  const read = () => runOutsideRun(s3, () => readMaskKey(of), { run: 'look', step: 'mask key' });
  const keep = (key: string) =>
    runOutsideRun(s3, () => keepMaskKey(of, key), { run: 'setup', step: 'mask key', setup: true });

  it('is made once, and is the version that was written first, whoever writes over it', async () => {
    expect(await read()).toBeNull();
    expect([await keep(one), await keep(two), await read()]).toEqual([
      [expect.stringContaining('Made the key')],
      [],
      one,
    ]);
    s3.write(bucket, 'keys/mask.json', JSON.stringify({ format: 'aiplan/mask-key@1', key: two }));
    expect(await read()).toBe(one);
  });

  it.each([
    '',
    'x',
    '{}',
    '[]',
    JSON.stringify({ format: 'aiplan/mask-key@1', key: 'short' }),
    JSON.stringify({ format: 'other', key: one }),
    JSON.stringify({ format: 'aiplan/mask-key@1', key: 7 }),
  ])('that is no key (%p) counts as none', async (text) => {
    s3.write(bucket, 'keys/mask.json', text);
    expect(await read()).toBeNull();
  });
});

describe('the key of three homes', () => {
  let folder: string;
  let drawn = 0;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-masks-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const home = (name: string) =>
    ({
      configuration: testConfiguration,
      folders: { state: join(folder, name) },
      io: { random: (count: number) => new Uint8Array(count).fill((drawn += 1)) },
    }) as unknown as CommandContext;
  const loadedIn = async (name: string, session: Parameters<typeof loadMaskKey>[1]) => {
    const problem = await loadMaskKey(home(name), session, target);
    return [problem, maskKeyInUse()];
  };
  const none = {
    counts: {},
    read: async () => {
      throw new AwsError({
        code: 'NoSuchBucket',
        kind: 'absent',
        operation: 's3:ListObjectVersions',
        message: 'none',
        executed: 'no',
      });
    },
  } as unknown as MemoryS3;

  it("is each home's own before setup, and stays; afterwards it is the bucket's, which setup made of its own", async () => {
    const [ada, bob] = [await loadedIn('ada', none), await loadedIn('bob', none)];
    expect(ada).not.toEqual(bob);
    expect(await loadedIn('ada', none)).toEqual(ada);
    expect(statSync(join(folder, 'ada', 'mask-keys', account)).mode & 0o077).toBe(0);
    const s3 = memoryS3([bucket]);
    await runOutsideRun(s3, () => keepMaskKey(of, localMaskKey(home('ada'), account)), {
      run: 'setup',
      step: 'mask key',
      setup: true,
    });
    // What ada planned before still fits; bob and the third one read the same key now.
    expect([await loadedIn('ada', s3), await loadedIn('bob', s3), await loadedIn('eve', s3)]).toEqual([ada, ada, ada]);
  });

  it('that is unread is said: masks are then those of one home', async () => {
    const denied = {
      counts: {},
      read: async () => {
        throw new AwsError({
          code: 'AccessDenied',
          kind: 'denied',
          operation: 's3:ListBucketVersions',
          message: 'no',
          executed: 'no',
        });
      },
    } as unknown as MemoryS3;
    const [problem, id] = await loadedIn('ada', denied);
    expect([
      problem,
      id,
      maskFindings(problem ?? null).map(({ code, severity }) => [code, severity]),
      maskFindings(null),
    ]).toEqual([
      's3:ListBucketVersions: AccessDenied',
      maskKeyOf(readFileSync(join(folder, 'ada', 'mask-keys', account), 'utf8').trim()).id,
      [['mask-key-unread', 'warning']],
      [],
    ]);
    const gone = {
      counts: {},
      read: async () => {
        throw new AwsError({
          code: 'ECONNRESET',
          kind: 'network',
          operation: 's3:ListObjectVersions',
          message: 'no',
          executed: 'no',
        });
      },
    } as unknown as MemoryS3;
    await expect(loadedIn('ada', gone)).rejects.toMatchObject({ kind: 'network' });
  });

  it('that cannot be kept, or was damaged, is good for this process alone', async () => {
    writeFileSync(join(folder, 'file'), '');
    const stuck = { ...home('x'), folders: { state: join(folder, 'file') } } as unknown as CommandContext;
    expect(localMaskKey(stuck, account)).toMatch(/^[0-9a-f]{64}$/u);
    expect(localMaskKey(stuck, account)).not.toBe(localMaskKey(stuck, account));
    const own = localMaskKey(home('ada'), account);
    writeFileSync(join(folder, 'ada', 'mask-keys', account), 'damaged');
    expect(localMaskKey(home('ada'), account)).not.toBe(own);
  });
});

describe('when the key is loaded', () => {
  it("before the first answer that is masked, and before the author's own text is", async () => {
    const order: string[] = [];
    const session = withMasks(
      {
        get counts() {
          return { live: 1 };
        },
        read: async ({ operation }: { operation: string }) => {
          order.push(operation);
          return null;
        },
      } as unknown as MemoryS3,
      async () => {
        order.push('load');
      },
    );
    for (const [operation, input] of [
      ['DescribeInstances', {}],
      ['DescribeInstanceAttribute', { Attribute: 'disableApiStop' }],
      ['DescribeInstanceAttribute', { Attribute: 'userData' }],
      ['DescribeDBParameters', {}],
    ] as const)
      await session.read({ service: 'ec2', operation, input });
    expect([order, session.counts]).toEqual([
      [
        'DescribeInstances',
        'DescribeInstanceAttribute',
        'load',
        'DescribeInstanceAttribute',
        'load',
        'DescribeDBParameters',
      ],
      { live: 1 },
    ]);
    const plan = (properties: object) =>
      changePlanOf([entryOf('Web', 'AWS::EC2::Instance', { action: 'create', properties: properties as never })]);
    expect([
      hidesText(plan({ UserData: 'x' }), resourceTypes),
      hidesText(plan({ InstanceType: 't3.micro' }), resourceTypes),
    ]).toEqual([true, false]);
  });
});
