import type { RunEvent } from '../../src/domain/records/event.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { lossPhrase } from '../../src/domain/confirmation.ts';
import { reportOf } from '../../src/history/journal-reading.ts';
import { runScene, type RunScene } from '../../src/tui/run/run-view.ts';
import type { KeyEvent, Size } from '../../src/tui/terminal/view.ts';
import { failureRows } from '../../src/views/run/failure-rows.ts';
import { journalRows } from '../../src/views/run/journal-rows.ts';
import { reportRows } from '../../src/views/run/report-rows.ts';
import type { Row } from '../../src/views/base/rows.ts';
import { wrap } from '../../src/views/base/text.ts';
import {
  fortyDeletes,
  frameKnowledge,
  hostilePlan,
  lookTime,
  planNamed,
  rollbackPlan,
  tenThousand,
  type Made,
} from './frame-plans.ts';
import { openReviewer, type Reviewer, type ReviewerOptions } from './reviewer.ts';

/** What a person may find on the screen. */
export interface Situation {
  readonly name: string;
  /** What is to be seen, in one sentence. */
  readonly says: string;
  readonly sizes: readonly Size[];
  /** At most `size.rows - 1` lines. `before`: the size of the terminal until the last moment. */
  frame(size: Size, before?: Size): readonly Row[];
}

const usual: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
];
const border: Size = { columns: 100, rows: 30 };
const tiny: Size = { columns: 40, rows: 12 };

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
};
const move = once(() => planNamed('move'));
const rollback = once(rollbackPlan);
const blocked = once(() =>
  planNamed('delete-duplicates-wrong-expect', '../course-platform/plans/delete-duplicates-wrong-expect.yaml'),
);
const named = (name: string): (() => Plan) => once(() => planNamed(name).plan);

/** A review, and what a person did in it. */
function review(
  name: string,
  says: string,
  plan: () => Plan,
  keys: (reviewer: Reviewer) => unknown = () => undefined,
  sizes: readonly Size[] = usual,
  over: ReviewerOptions = {},
): Situation {
  return {
    name,
    says,
    sizes,
    frame(size, before = size) {
      const reviewer = openReviewer({ plan: plan(), knowledge: frameKnowledge, now: lookTime, size: before, ...over });
      keys(reviewer);
      reviewer.size = size;
      return reviewer.rows();
    },
  };
}

const to = (reviewer: Reviewer, id: string): Reviewer => {
  for (let tries = 0; reviewer.state.listed[reviewer.state.cursor - 1]?.id !== id; tries += 1) {
    if (tries > 50) throw new Error(`the list has no ${id}`);
    reviewer.press('down');
  }
  return reviewer;
};
const home = (reviewer: Reviewer, id: string): Reviewer => to(reviewer.press('home'), id);
const stepOf = (plan: Plan, id: string): Step => {
  const step = plan.steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
};
const confirm = (reviewer: Reviewer, ...ids: readonly string[]): Reviewer => {
  for (const id of ids) {
    const step = stepOf(reviewer.state.plan, id);
    const loss = lossPhrase(step);
    home(reviewer, id).confirm(step.confirm ?? '', ...(loss === null ? [] : [loss]));
  }
  return reviewer;
};
const tab =
  (key: string) =>
  (reviewer: Reviewer): unknown =>
    home(reviewer, key === '1' ? 'WebGroup' : 'DuplicateDb').press('enter', key);
const reject =
  ({ replan }: Made, id: string) =>
  (reviewer: Reviewer): unknown => {
    confirm(reviewer, 'OldBastion', 'DuplicateDb');
    home(reviewer, id).press('r', 'y');
    return reviewer.tell({ kind: 'replanned', plan: replan([id]) });
  };

const runId = '20260226-225000-4hq7';
type Told = readonly [seconds: number, event: RunEvent];

const phase = (name: Extract<RunEvent, { kind: 'phase' }>['phase']): RunEvent => ({ kind: 'phase', phase: name });
const stage = (step: string, at: Extract<RunEvent, { kind: 'stage' }>['stage']): RunEvent => ({
  kind: 'stage',
  step,
  stage: at,
});
const sent = (step: string, call: string, purpose: string): RunEvent => ({
  kind: 'call',
  step,
  call,
  state: 'sent',
  purpose,
});
const answered = (step: string, call: string): RunEvent => ({
  kind: 'call',
  step,
  call,
  state: 'answered',
  purpose: '',
});
const refused = (step: string, call: string): RunEvent => ({ kind: 'call', step, call, state: 'failed', purpose: '' });
const waits = (step: string, text: string, fraction: number | null = null): RunEvent => ({
  kind: 'progress',
  step,
  text,
  fraction,
});
const began = (step: string, text: string): RunEvent => ({ kind: 'step', step, state: 'started', text });
const done = (step: string, text: string): RunEvent => ({ kind: 'step', step, state: 'done', text });
const captured = (step: string, text: string): RunEvent => ({ kind: 'captured', step, text });

/** A run of the move, as it is told: seconds since its beginning. */
const toTheCaptures: readonly Told[] = [
  [1, phase('recheck')],
  [3, phase('preflight')],
  [5, phase('capture')],
  [5, stage('CoursesDb', 'capture')],
  [5, sent('CoursesDb', 'rds:CreateDBSnapshot', 'capture')],
  [6, answered('CoursesDb', 'rds:CreateDBSnapshot')],
  [5, stage('DuplicateDb', 'capture')],
  [6, sent('DuplicateDb', 'rds:CreateDBSnapshot', 'capture')],
  [7, answered('DuplicateDb', 'rds:CreateDBSnapshot')],
  [20, waits('DuplicateDb', 'snapshot aiplan-courses-prod-copy to be complete: creating', 0.9)],
  [31, captured('DuplicateDb', 'a snapshot of courses-prod-copy')],
  [84, waits('CoursesDb', 'snapshot aiplan-courses-prod to be complete: creating', 0.43)],
];
const toTheDeletes: readonly Told[] = [
  ...toTheCaptures,
  [131, captured('CoursesDb', 'a snapshot of courses-prod')],
  [132, phase('change')],
  [132, began('SiteAssets', 'create SiteAssets')],
  [132, sent('SiteAssets', 's3:CreateBucket', 'change')],
  [133, answered('SiteAssets', 's3:CreateBucket')],
  [136, done('SiteAssets', 'aishippinglabs-site-assets')],
  [133, began('SiteGroup', 'create SiteGroup')],
  [134, sent('SiteGroup', 'ec2:CreateSecurityGroup', 'change')],
  [134, answered('SiteGroup', 'ec2:CreateSecurityGroup')],
  [138, done('SiteGroup', 'sg-0b7a61f2c49e3d580')],
  [138, began('SiteServer', 'create SiteServer')],
  [138, sent('SiteServer', 'ec2:RunInstances', 'change')],
  [140, answered('SiteServer', 'ec2:RunInstances')],
  [171, done('SiteServer', 'i-06f1c7d2a9b8e4035')],
  [140, began('CoursesDb', 'update courses-prod')],
  [141, sent('CoursesDb', 'rds:ModifyDBInstance', 'change')],
  [142, answered('CoursesDb', 'rds:ModifyDBInstance')],
  [590, done('CoursesDb', 'courses-prod')],
  [591, began('WebGroup', 'update courses-web')],
  [591, sent('WebGroup', 'ec2:AuthorizeSecurityGroupIngress', 'change')],
  [592, answered('WebGroup', 'ec2:AuthorizeSecurityGroupIngress')],
  [592, sent('WebGroup', 'ec2:RevokeSecurityGroupIngress', 'change')],
  [593, answered('WebGroup', 'ec2:RevokeSecurityGroupIngress')],
  [595, done('WebGroup', 'courses-web')],
  [595, began('Logs', 'update courses-prod-logs')],
  [596, sent('Logs', 's3:PutBucketTagging', 'change')],
  [596, answered('Logs', 's3:PutBucketTagging')],
  [597, done('Logs', 'courses-prod-logs')],
  [597, began('OldBastion', 'delete courses-bastion')],
  [597, stage('OldBastion', 'quiesce')],
  [597, sent('OldBastion', 'ec2:StopInstances', 'quiesce')],
  [598, answered('OldBastion', 'ec2:StopInstances')],
  [598, waits('OldBastion', 'instance courses-bastion stopped: stopping')],
  [598, began('DuplicateDb', 'delete courses-prod-copy')],
  [598, stage('DuplicateDb', 'change')],
  [598, sent('DuplicateDb', 'rds:DeleteDBInstance', 'change')],
];

function running(
  plan: Plan,
  events: readonly Told[],
  until: number,
): { readonly scene: RunScene; readonly at: () => number } {
  let now = lookTime;
  const scene = runScene({ plan, now: () => now });
  scene.watch.begun(runId);
  for (const [seconds, event] of events) {
    now = lookTime + seconds * 1_000;
    scene.watch.emit(event);
  }
  now = lookTime + until * 1_000;
  return { scene, at: () => now };
}

function run(
  name: string,
  says: string,
  plan: () => Plan,
  events: readonly Told[],
  until: number,
  then: (scene: RunScene) => unknown = () => undefined,
  sizes = usual,
): Situation {
  return {
    name,
    says,
    sizes,
    frame(size, before = size) {
      const { scene, at } = running(plan(), events, until);
      scene.scene.frame(before, at());
      then(scene);
      return scene.scene.frame(size, at());
    },
  };
}

/** The journal of a run of the move that AWS refused to go on with. */
const failed = once((): readonly JournalRecord[] => {
  const { plan } = move();
  const approval = {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: plan.target,
    nonce: '0',
    createdAt: plan.createdAt,
    expiresAt: plan.expiresAt,
    tier: 'T0',
    by: 'alexey',
    confirmations: [],
    typedName: plan.name,
  } as const;
  const call = (
    step: string,
    number: number,
    service: 'rds' | 'ec2' | 's3',
    operation: string,
    identity: string,
    purpose: 'capture' | 'change',
  ): JournalEntry =>
    ({
      kind: 'intent',
      step,
      call: number,
      purpose,
      declared: { service, operation, input: {}, identity, kind: 'absolute', purpose },
    }) as unknown as JournalEntry;
  const good = (step: string, number: number): JournalEntry => ({
    kind: 'outcome',
    step,
    call: number,
    ok: true,
    requestId: `req-${number}`,
    milliseconds: 412,
    answer: {},
  });
  const begins = (step: string, identity: string | null): JournalEntry => ({
    kind: 'step',
    step,
    state: 'started',
    identity,
    after: null,
    message: null,
  });
  const ends = (step: string, identity: string): JournalEntry => ({
    kind: 'step',
    step,
    state: 'done',
    identity,
    after: null,
    message: null,
  });
  const snapshot = (step: string, id: string): JournalEntry =>
    ({
      kind: 'captured',
      step,
      capture: { how: 'native', refs: { snapshot: id } },
      verified: true,
      problems: [],
    }) as unknown as JournalEntry;
  const entries: readonly (readonly [number, JournalEntry])[] = [
    [
      0,
      {
        kind: 'begin',
        format: 'aiplan/journal@1',
        run: runId,
        command: 'apply',
        target: plan.target,
        plan,
        approval,
      } as unknown as JournalEntry,
    ],
    [1, { kind: 'phase', phase: 'recheck' }],
    [3, { kind: 'phase', phase: 'preflight' }],
    [5, { kind: 'phase', phase: 'capture' }],
    [5, call('CoursesDb', 1, 'rds', 'CreateDBSnapshot', 'courses-prod', 'capture')],
    [6, good('CoursesDb', 1)],
    [131, snapshot('CoursesDb', 'aiplan-courses-prod')],
    [131, snapshot('DuplicateDb', 'aiplan-courses-prod-copy')],
    [132, { kind: 'phase', phase: 'change' }],
    [132, begins('SiteAssets', null)],
    [133, call('SiteAssets', 2, 's3', 'CreateBucket', 'aishippinglabs-site-assets', 'change')],
    [133, good('SiteAssets', 2)],
    [136, ends('SiteAssets', 'aishippinglabs-site-assets')],
    [136, begins('SiteGroup', null)],
    [136, call('SiteGroup', 3, 'ec2', 'CreateSecurityGroup', 'site-web', 'change')],
    [137, good('SiteGroup', 3)],
    [138, ends('SiteGroup', 'sg-0b7a61f2c49e3d580')],
    [138, begins('SiteServer', null)],
    [138, call('SiteServer', 4, 'ec2', 'RunInstances', 'site-web', 'change')],
    [
      140,
      {
        kind: 'outcome',
        step: 'SiteServer',
        call: 4,
        ok: false,
        requestId: 'f0a1c7d2-8b9e-4035-a7d1-6f1c7d2a9b8e',
        milliseconds: 1_804,
        code: 'VcpuLimitExceeded',
        message:
          'You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.',
        executed: 'no',
      },
    ],
    [
      141,
      {
        kind: 'step',
        step: 'SiteServer',
        state: 'failed',
        identity: null,
        after: null,
        message: 'ec2:RunInstances: VcpuLimitExceeded',
      },
    ],
    [141, { kind: 'end', outcome: 'failed', message: '"SiteServer" failed: ec2:RunInstances: VcpuLimitExceeded' }],
  ];
  return entries.map(
    ([seconds, entry], seq) =>
      ({ seq, prev: '', at: new Date(lookTime + seconds * 1_000).toISOString(), ...entry }) as JournalRecord,
  );
});
const toTheFailure: readonly Told[] = [
  ...toTheCaptures,
  [131, captured('CoursesDb', 'a snapshot of courses-prod')],
  [132, phase('change')],
  [132, began('SiteAssets', 'create SiteAssets')],
  [136, done('SiteAssets', 'aishippinglabs-site-assets')],
  [136, began('SiteGroup', 'create SiteGroup')],
  [138, done('SiteGroup', 'sg-0b7a61f2c49e3d580')],
  [138, began('SiteServer', 'create SiteServer')],
  [138, sent('SiteServer', 'ec2:RunInstances', 'change')],
  [140, refused('SiteServer', 'ec2:RunInstances')],
  [141, { kind: 'step', step: 'SiteServer', state: 'failed', text: 'ec2:RunInstances: VcpuLimitExceeded' }],
];
const asks = (scene: RunScene): void => {
  const report = reportOf(failed());
  void scene.finished({ report, why: failureRows(report, failed()), back: 'roll back now' }, () =>
    Promise.resolve(journalRows(failed())),
  );
};
const pressing = (scene: RunScene, ...keys: readonly (KeyEvent | string)[]): void => {
  for (const key of keys) scene.scene.handle(typeof key === 'string' ? { kind: 'character', character: key } : key);
};

/** What is printed in the terminal after a run that found AWS changed. */
const staleReport = once((): readonly Row[] => {
  const { plan } = planNamed('one-delete');
  const message =
    'what is live, or the change plan or the configuration, has changed since the plan was reviewed, for "DuplicateDb" (courses-prod-copy): DBInstanceClass was "db.t4g.micro" and is "db.t4g.large"; nothing was changed. Plan and review again';
  const begin = { ...(failed()[0] as JournalRecord & { kind: 'begin' }), plan };
  return reportRows(
    reportOf([
      begin,
      { seq: 1, prev: '', at: new Date(lookTime + 2_000).toISOString(), kind: 'phase', phase: 'recheck' },
      { seq: 2, prev: '', at: new Date(lookTime + 4_000).toISOString(), kind: 'end', outcome: 'stale', message },
    ]),
  );
});

/** Every situation that issue 3 names, and what lies between them. */
export const situations: readonly Situation[] = [
  review('no-changes', 'Nothing to do: live state is as the plan wants it.', named('no-changes')),
  review('one-delete', 'One destruction, with everything that is lost below it.', named('one-delete'), undefined, [
    ...usual,
    tiny,
  ]),
  review(
    'card',
    'The card of a destruction: what it is, what is lost, how it comes back; below it the identity is typed.',
    () => move().plan,
    (reviewer) => home(reviewer, 'DuplicateDb').press('c').read().press('courses-pr'),
    [...usual, border, tiny],
  ),
  review(
    'card-unread',
    'A card that does not fit is read to its end first.',
    () => move().plan,
    (reviewer) => home(reviewer, 'OldBastion').press('c'),
    [...usual, tiny],
  ),
  review(
    'card-wrong',
    'A wrong text says what differs.',
    () => move().plan,
    (reviewer) => home(reviewer, 'DuplicateDb').press('c').read().press('courses-prod', 'enter'),
  ),
  review(
    'card-paste',
    'Pasted text is refused with the reason.',
    () => move().plan,
    (reviewer) => home(reviewer, 'DuplicateDb').press('c').read().tell({ kind: 'paste' }),
  ),
  review('move', 'A real move: destructions first, then grants, updates and creates.', () => move().plan, undefined, [
    ...usual,
    border,
    tiny,
  ]),
  review(
    'move-confirmed',
    'Half of it is confirmed.',
    () => move().plan,
    (reviewer) => confirm(reviewer, 'OldBastion', 'DuplicateDb'),
    [...usual, border],
  ),
  review(
    'expanded',
    'All changes in the list.',
    () => move().plan,
    (reviewer) => reviewer.press('e').press('end'),
  ),
  review(
    'changes',
    "Changes: each attribute, rule by rule, with AWS's own words about the selected property.",
    () => move().plan,
    tab('1'),
    [...usual, border],
  ),
  review(
    'evidence',
    'Evidence: facts that bind the confirmation, and observations with their time.',
    () => move().plan,
    tab('2'),
  ),
  review(
    'recovery',
    'Recovery: the capture, the backups that exist, and what does not come back.',
    () => move().plan,
    tab('3'),
  ),
  review('calls', 'Calls: the exact AWS operations in order.', () => move().plan, tab('4')),
  review(
    'depends',
    'Depends: what the step needs, and what needs it.',
    () => move().plan,
    (reviewer) => home(reviewer, 'SiteServer').press('enter', '5'),
  ),
  review(
    'search',
    'Search as you type over addresses, types, identities, tags and values.',
    () => move().plan,
    (reviewer) => reviewer.press('/', 'duplicate'),
  ),
  review(
    'filter',
    'Filter by action or type.',
    () => move().plan,
    (reviewer) => reviewer.press('f', 'down', 'down'),
  ),
  review(
    'help',
    'What each key does.',
    () => move().plan,
    (reviewer) => reviewer.press('?'),
    [...usual, tiny],
  ),
  review(
    'reject',
    'Before a step leaves the plan.',
    () => move().plan,
    (reviewer) => home(reviewer, 'WebGroup').press('r'),
  ),
  review(
    'rejected',
    'After a rejection: what left, what changed, what keeps its confirmation, and both digests.',
    () => move().plan,
    (reviewer) => reject(move(), 'WebGroup')(reviewer),
    [...usual, border],
  ),
  review(
    'rejected-list',
    'The plan without the rejected step; the confirmations of the others are kept.',
    () => move().plan,
    (reviewer) => {
      reject(move(), 'WebGroup')(reviewer);
      reviewer.press('enter');
    },
  ),
  review(
    'leave',
    'Leaving asks back when something was confirmed.',
    () => move().plan,
    (reviewer) => confirm(reviewer, 'DuplicateDb').press('q'),
  ),
  review(
    'summary',
    'The summary: one sentence for each thing that is going to happen; then the plan name is typed.',
    () => move().plan,
    (reviewer) =>
      confirm(
        reviewer,
        ...move()
          .plan.steps.filter((step) => step.confirm !== null)
          .map(({ id }) => id),
      )
        .press('a')
        .read(),
    [...usual, border, tiny],
  ),
  review('forty-deletes', 'More confirmations than a person gives with care: split the plan.', once(fortyDeletes)),
  review('replace', 'A replacement, with what the new one does not have.', named('replace')),
  review(
    'blocked',
    'The incident: what the author believes of its victims is not so, and nothing can be applied.',
    () => blocked().plan,
    undefined,
    [...usual, tiny],
  ),
  review(
    'expired',
    'Left alone for longer than the plan lives.',
    () => move().plan,
    (reviewer) => {
      home(reviewer, 'DuplicateDb').press('c').read();
      reviewer.now = lookTime + 56 * 60_000;
      reviewer.press('c');
    },
  ),
  review(
    'hostile',
    'Tags and facts written by somebody hostile are shown neutralised.',
    () => hostilePlan().plan,
    (reviewer) => reviewer.press('down', 'enter', '2'),
  ),
  review('hostile-list', 'The list of a hostile account.', () => hostilePlan().plan, undefined, [...usual, tiny]),
  review('ten-thousand', 'Ten thousand steps, destructions first.', once(tenThousand), (reviewer) =>
    reviewer.press('page-down', 'page-down'),
  ),
  review(
    'rollback',
    'The review of a rollback is the same screen.',
    () => rollback().plan,
    (reviewer) => to(reviewer, 'DuplicateDatabase'),
    [...usual, border],
  ),
  review('too-small', 'Too small to be read: nothing can be decided.', () => move().plan, undefined, [
    { columns: 39, rows: 11 },
    { columns: 12, rows: 2 },
  ]),
  run(
    'progress',
    'Snapshots are taken: phases, percentage, elapsed time.',
    () => move().plan,
    toTheCaptures,
    95,
    undefined,
    [...usual, border, tiny],
  ),
  run(
    'progress-change',
    'The changes: the call in flight, destructions last.',
    () => move().plan,
    toTheDeletes,
    599,
    undefined,
    [...usual, border, tiny],
  ),
  run(
    'progress-step',
    'The story of one step.',
    () => move().plan,
    toTheDeletes,
    599,
    (scene) =>
      pressing(scene, { kind: 'home' }, { kind: 'down' }, { kind: 'down' }, { kind: 'down' }, { kind: 'enter' }),
  ),
  run(
    'stopping',
    'Ctrl-C once explains itself and finishes the call in flight.',
    () => move().plan,
    toTheDeletes,
    599,
    (scene) => scene.watch.interrupted('SIGINT', 1),
  ),
  run('failure', "The error in AWS's words and in ours, and the choice.", () => move().plan, toTheFailure, 141, asks, [
    ...usual,
    tiny,
  ]),
  {
    name: 'stale',
    says: 'Somebody changed the database after the review: nothing was changed.',
    sizes: usual,
    frame: ({ columns, rows }) =>
      staleReport()
        .flatMap((line) => wrap(line, columns))
        .slice(0, rows - 1),
  },
];
