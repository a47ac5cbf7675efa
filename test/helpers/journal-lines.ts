import type { JournalRecord } from '../../src/domain/records/journal.ts';

/** The journal in short: `kind step detail`. */
export const lines = (records: readonly JournalRecord[]): readonly string[] =>
  records.map((record) => {
    switch (record.kind) {
      case 'phase':
        return `phase ${record.phase}`;
      case 'intent':
        return `intent ${record.step} ${record.purpose} ${record.declared.operation}`;
      case 'outcome':
        return `outcome ${record.step} ${record.ok ? 'ok' : record.executed}`;
      case 'step':
        return `step ${record.step} ${record.state} ${record.identity ?? '-'}`;
      case 'captured':
        return `captured ${record.step} ${record.verified ? 'verified' : 'incomplete'}`;
      case 'finding':
        return `finding ${record.step ?? '-'} ${record.code}`;
      case 'end':
        return `end ${record.outcome}`;
      case 'before':
      case 'remapped':
        return `${record.kind} ${record.step}`;
      default:
        return record.kind;
    }
  });
