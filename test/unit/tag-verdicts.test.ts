import { describe, expect, it } from '@jest/globals';
import { tagHits } from '../../src/plan/classify/tag-verdicts.ts';
import type { Json } from '../../src/base/json.ts';

const judge = (key: string, before: Json | undefined, after: Json | undefined): readonly string[] =>
  tagHits([{ path: `Tags.${key}`, segments: ['Tags', key], before, after, nodes: [] }], 'Tags').map(({ says }) => says);

describe('an undo', () => {
  const taken = (key: string, before: string) =>
    tagHits([{ path: `Tags.${key}`, segments: ['Tags', key], before, after: undefined, nodes: [] }], 'Tags', true)
      .length;
  it('may take away what it was harmless to add, and nothing that tools look for', () => {
    expect([
      taken('grown', 'yes'),
      taken('Schedule', 'office-hours'),
      taken('env', 'prod'),
      taken('policy', 'daily-backup'),
    ]).toEqual([0, 1, 1, 1]);
  });
});

describe('a change of a tag', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['Schedule', 'office-hours', 'always'],
    ['Schedule', 'office-hours', undefined],
    ['Schedule', undefined, 'office-hours'],
    ['policy', 'daily-backup', 'none'],
    ['policy', 'daily-backup', undefined],
    ['policy', undefined, 'none'],
    ['env', 'prod', 'dev'],
    ['Environment', 'production', 'sandbox'],
    ['env', undefined, 'dev'],
    ['aws-backup', 'daily', undefined],
    ['Backup', 'true', 'false'],
    ['backup', undefined, 'false'],
    ['backup', undefined, 'no'],
    ['DeleteAfter', undefined, 'today'],
    ['expire-after', undefined, '1d'],
    ['auto-terminate', undefined, '1'],
    ['maid_status', undefined, 'x'],
    ['RetentionDays', undefined, '1'],
    ['AutoStop', undefined, 'true'],
    ['Patch Group', undefined, 'nightly'],
    ['role', undefined, 'nightly-backup'],
    ['ttl', undefined, '1h'],
    ['stop', undefined, '22:00'],
    ['acme:lifecycle', 'keep', 'drop'],
    ['anything-else', 'a', 'b'],
    ['anything-else', 'a', undefined],
    ['aws-backup/owner', 'a', 'b'],
    ['DataClassification', 'secret', 'public'],
  ])('%s from %s to %s is a loss', (key, before, after) => {
    expect(judge(key, before, after)).toEqual([expect.stringContaining(JSON.stringify(key))]);
  });
  it.each<[string, string | undefined, string | undefined]>([
    ['Name', 'web', 'web-2'],
    ['Name', 'web', 'backup-server'],
    ['Name', undefined, 'prod'],
    ['name', 'a', undefined],
    ['owner', 'a', 'b'],
    ['Owner-Email', 'a', 'b'],
    ['team', 'a', undefined],
    ['description', 'a', 'b'],
    ['CostCenter', '1', '2'],
    ['cost-centre', '1', '2'],
    ['acme:project', 'a', 'b'],
    ['Application', undefined, 'courses'],
    ['version', '1', '2'],
    ['anything-else', undefined, 'x'],
    ['backup', undefined, 'daily'],
    ['Protected', undefined, 'true'],
    ['keep', undefined, 'yes'],
  ])('%s from %s to %s is none', (key, before, after) => {
    expect(judge(key, before, after)).toEqual([]);
  });
  it('tells each tag of a map that goes or comes as a whole', () => {
    expect(
      tagHits(
        [
          {
            path: 'Tags',
            segments: ['Tags'],
            before: { Name: 'a', Schedule: 's', env: 'prod' },
            after: undefined,
            nodes: [],
          },
        ],
        'Tags',
      ).map(({ segments }) => segments[1]),
    ).toEqual(['Schedule', 'env']);
    expect(
      tagHits([{ path: 'Notes.env', segments: ['Notes', 'env'], before: 'prod', after: 'dev', nodes: [] }], 'Tags'),
    ).toEqual([]);
  });
});
