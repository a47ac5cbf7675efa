import Sequencer from '@jest/test-sequencer';

/**
 * The suites that take longest, by what they were seen to take: they start first, so that no worker has one left when
 * the others have ended. A fresh clone has no times of its own, and jest would go by the size of files.
 */
const LONGEST = [
  'contract/rollback-interrupted',
  'contract/road',
  'cli/resume',
  'e2e/robot',
  'e2e/teams',
  'cli/interrupted',
  'faults/matrix',
  'faults/',
  'e2e/',
  'cli/',
  'contract/',
  'property/',
  'unit/lock',
  'tui/',
];

const rank = ({ path }) => {
  const place = LONGEST.findIndex((start) => path.replaceAll('\\', '/').includes(`/test/${start}`));
  return place === -1 ? LONGEST.length : place;
};

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    return [...(await super.sort(tests))].sort((a, b) => rank(a) - rank(b));
  }
}
