import Sequencer from '@jest/test-sequencer';

/**
 * The suites that take longest, by what they were seen to take: they start first, so that no worker has one left when
 * the others have ended. A fresh clone has no times of its own, and jest would go by the size of files.
 */
const LONGEST = [
  'e2e/robot',
  'e2e/terminal',
  'cli/resume',
  'e2e/teams',
  'faults/resume',
  'cli/interrupted',
  'e2e/review-journey',
  'contract/rollback-interrupted',
  'cli/plan-files',
  'contract/several-victims',
  'contract/road',
  'e2e/versions',
  'faults/matrix',
  'e2e/',
  'cli/',
  'faults/',
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
