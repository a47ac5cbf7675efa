import type { Pace } from './ports.ts';

/**
 * Defaults in milliseconds. Polls grow from 1 s to 15 s: slow states last minutes to hours, and describe calls share a
 * bucket with everything else in the account. A NotFound after an own create is believed after 60 s (EC2 and S3 are
 * eventually consistent; "Eventual consistency in the Amazon EC2 API").
 */
export const defaultPace: Required<Pace> = {
  pollStart: 1_000,
  pollMax: 15_000,
  consistency: 60_000,
  contact: 300_000,
  retryStart: 1_000,
};

/** The pace of a run: the defaults, overlaid. */
export const paceOf = (pace: Pace | undefined): Required<Pace> => ({ ...defaultPace, ...pace });

/** The pause after a pause. */
export const longer = (pause: number, most: number): number => Math.min(Math.max(pause * 1.5, 1), most);
