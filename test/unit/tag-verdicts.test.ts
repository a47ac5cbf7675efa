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
    // Keys that AWS's examples of attribute-based access control, CodeDeploy and GuardDuty select by.
    ['Name', 'courses-web', 'CodeDeployDemo'],
    ['Name', undefined, 'prod'],
    ['name', 'a', undefined],
    ['Owner', undefined, 'agent'],
    ['owner', 'a', 'b'],
    ['Owner-Email', 'a', 'b'],
    ['project', undefined, 'atlantis'],
    ['acme:project', 'a', 'b'],
    ['team', 'courses', 'attackers'],
    ['team', 'a', undefined],
    ['Department', undefined, 'eng'],
    ['cost-center', undefined, '1'],
    ['CostCenter', '1', '2'],
    ['Application', undefined, 'courses'],
    ['created-by', 'maria', 'agent'],
    ['creator', undefined, 'coding-agent-scratch'],
    ['GuardDutyManaged', undefined, 'false'],
    ['wipe', undefined, 'x'],
    ['trash', undefined, 'x'],
    ['eol', undefined, '2026-12-01'],
    ['end-date', undefined, '2026-12-01'],
    ['offhours', undefined, 'x'],
    ['turnoff', undefined, 'x'],
    ['lock', undefined, 'false'],
    ['legalhold', undefined, 'false'],
    ['ｄelete', undefined, 'x'],
    ['dеscription', undefined, 'x'],
    ['удали-note', undefined, 'x'],
    ['protect', undefined, 'off'],
    ['backup', undefined, 'ｆalse'],
    ['version', '1', '2'],
    ['anything-else', undefined, 'x'],
  ])('%s from %s to %s is a loss', (key, before, after) => {
    expect(judge(key, before, after)).toEqual([expect.stringContaining(JSON.stringify(key))]);
  });
  it.each<[string, string | undefined, string | undefined]>([
    ['description', 'a', 'b'],
    ['Description', undefined, 'Delete nothing of it'],
    ['DESCRIPTION', 'a', undefined],
    ['ｎote', 'a', 'b'],
    ['Ticket-Id', undefined, 'OPS-1'],
    ['git:commit', '1', '2'],
    ['purpose', undefined, 'x'],
    ['backup', undefined, 'daily'],
    ['Protected', undefined, 'Yes'],
    ['keep', undefined, 'ｙes'],
  ])('%s from %s to %s is none', (key, before, after) => {
    expect(judge(key, before, after)).toEqual([]);
  });
  it('says who is known to select by it', () => {
    expect(
      [
        ['Owner', 'agent'],
        ['ｄelete', 'x'],
        ['wipe', 'x'],
        ['GuardDutyManaged', 'false'],
        ['legalhold', 'false'],
        ['anything-else', 'x'],
        ['frontend', 'x'],
      ].map(([key, value]) => judge(key!, undefined, value)[0]?.split('): ')[1]),
    ).toEqual([
      'IAM policies that give access by tags may select by it and act otherwise',
      'tools that delete, stop or start may select by it and act otherwise',
      'tools that delete, stop or start may select by it and act otherwise',
      'tools that patch, scan and monitor may select by it and act otherwise',
      'tools that back up, keep or protect may select by it and act otherwise',
      'policies and tools may select by any tag, and aiplan cannot read which do',
      'policies and tools may select by any tag, and aiplan cannot read which do',
    ]);
  });
  it('tells each tag of a map that goes or comes as a whole', () => {
    expect(
      tagHits(
        [
          {
            path: 'Tags',
            segments: ['Tags'],
            before: { Note: 'a', Schedule: 's', env: 'prod' },
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
