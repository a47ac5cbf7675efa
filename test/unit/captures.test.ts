import { describe, expect, it } from '@jest/globals';
import type { JournalEntry, JournalRecord } from '../../src/model/journal.ts';
import { expiryPlan, heldCaptures } from '../../src/engine/captures.ts';
import { backupsOf, expire, permitted } from '../../providers/capture-expiry.ts';
import { preview } from '../../src/engine/preview.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const lifetimes = { expiryDays: 14, expiryDaysDestruction: 90 };
const capture = { how: 'native', refs: { snapshot: 'before', final: 'last' }, pointInTime: null, bytes: 1, encrypted: true, extras: {} } as const;
function journal(run: string, at: string, ...entries: readonly JournalEntry[]): readonly JournalRecord[] {
  const plan = samplePlan([deleteDatabase]);
  const begin = { kind: 'begin', format: 'aiplan/journal@1', run, command: 'apply', target: plan.target, plan, approval: {} } as unknown as JournalEntry;
  return [begin, ...entries].map((entry, index) => ({ seq: index + 1, prev: '', at, ...entry }) as JournalRecord);
}
const captured: JournalEntry = { kind: 'captured', step: 'CoursesDb', capture, verified: true, problems: [] };
const done: JournalEntry = { kind: 'step', step: 'CoursesDb', state: 'done', identity: 'courses-prod', after: null, message: null };
const end: JournalEntry = { kind: 'end', outcome: 'done', message: null };

describe('captures', () => {
  it('live 90 days after a destruction', () => {
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, end)], lifetimes)).toMatchObject([{ identity: 'courses-prod', expiresAt: '2026-04-01T00:00:00.000Z', kept: null }]);
  });
  it('are kept while their run is open', () => {
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured)], lifetimes)[0]?.kept).toBe('its run is open');
  });
  it('are kept while they are the newest of something that is gone', () => {
    const held = heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, end), journal('b', '2026-02-01T00:00:00.000Z', captured, done, end)], lifetimes);
    expect(held.map(({ run, kept }) => [run, kept !== null])).toEqual([['b', true], ['a', false]]);
  });
  it('are let go once it was brought back', () => {
    const back: JournalEntry = { kind: 'remapped', step: 'CoursesDb', map: { 'courses-prod': 'courses-prod' } };
    const created = journal('b', '2026-02-01T00:00:00.000Z', { ...done, identity: 'courses-prod' }, back, end).map((record) => (record.kind === 'begin' ? { ...record, plan: samplePlan([{ ...deleteDatabase, action: 'create' }]) } : record));
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, done, end), created], lifetimes)[0]?.kept).toBeNull();
  });
  it('name exactly what may be deleted, and the program deletes nothing else', () => {
    const backups = backupsOf({ refs: { image: 'ami-1', snapshots: [{ SnapshotId: 'snap-1' }, { SnapshotId: 'snap-2' }], snapshot: 'before', final: 'last', store: 'captures', prefix: 'copies/a/Db/' } });
    expect(permitted(backups, ['copies/a/Db/0000001'])).toEqual(['before', 'last', 'ami-1', 'snap-1', 'snap-2', 's3://captures/copies/a/Db/0000001']);
    const { calls } = preview(expire(backups, ['copies/a/Db/0000001'], '123456789012'));
    expect(calls.map(({ operation, input }) => [operation, ...Object.values(input)].join(' '))).toEqual([
      'DeleteDBSnapshot before', 'DeleteDBSnapshot last', 'DeregisterImage ami-1', 'DeleteSnapshot snap-1', 'DeleteSnapshot snap-2', 'DeleteObject captures copies/a/Db/0000001 123456789012',
    ]);
  });
  it('are removed by a plan of their own, with a digest over the list', () => {
    const held = heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, end)], lifetimes);
    const { target } = samplePlan();
    expect(expiryPlan(held, target, '2026-06-01T00:00:00.000Z').digest).not.toBe(expiryPlan([], target, '2026-06-01T00:00:00.000Z').digest);
  });
});
