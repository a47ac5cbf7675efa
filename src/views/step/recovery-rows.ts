import type { Step } from '../../domain/plan.ts';
import { factRows } from './evidence-rows.ts';
import { labelled, wholly } from '../diff/labelled.ts';
import { row, span, type Row } from '../base/rows.ts';

/** The losses and grants of the step, whole; a loss that nothing undoes is marked at once. */
export const hazardRows = (step: Step): readonly Row[] => [
  ...(step.destruction?.loses ?? []).map((loss) =>
    wholly('loses', step.recoverability.loses.includes(loss) ? `${loss} (does not come back)` : loss, 'destroy'),
  ),
  ...(step.grant?.opens ?? []).map((opened) => wholly('opens', opened, 'grant')),
];

/** Whether the recovery is known: a step that is blocked early has none yet. */
const isKnown = (step: Step): boolean => step.action !== 'keep' && (!step.blocked || step.calls.length > 0);

/** The recovery in a word and a sentence; interruptions, and changes that no inverse call undoes. */
export const recoverabilityRows = (step: Step): readonly Row[] => [
  ...(isKnown(step)
    ? [
        labelled(
          'undo',
          `${step.recoverability.level}: ${meaningOf(step)}`,
          step.recoverability.level === 'irreversible' ? 'destroy' : 'good',
        ),
      ]
    : []),
  ...(step.interrupts ? [labelled('interrupts', 'the service is interrupted while this changes', 'warning')] : []),
  ...step.oneWay.map((text) => labelled('one way', text, 'warning')),
];

/** How it comes back. Inverse calls are always preferred; a restore is what they cannot undo. */
function meaningOf({ action, recoverability: { level }, capture, restores }: Step): string {
  const data = capture.how === 'native' || capture.how === 'copy';
  if (level === 'irreversible') return 'nothing brings back what is lost';
  if (restores !== undefined) return 'what is restored here can be deleted again';
  if (action === 'create') return 'a rollback deletes what was created, while it is unused and holds no data';
  if (action === 'update')
    return level === 'reversible'
      ? 'a rollback puts the former values back exactly'
      : 'a rollback puts back what calls can; the rest comes from the capture';
  return level === 'reversible'
    ? 'a rollback makes it again as it was'
    : `a rollback recreates it from ${data ? 'the capture' : 'its captured configuration'}`;
}

/** The capture that will be taken, and the moment up to which writes are in it. */
export function captureRows(step: Step): readonly Row[] {
  if (!isKnown(step) || step.action === 'create') return [];
  const { how, what } = step.capture;
  if (how === 'none') return [labelled('capture', what, 'unknown')];
  return [
    labelled('capture', what, 'good'),
    ...(step.capture.keptIn === undefined ? [] : [labelled('kept in', step.capture.keptIn, 'good')]),
    labelled('point in time', momentOf(step.capture)),
  ];
}

/** When the capture is taken, and so what is in it. */
function momentOf({ how, late, final }: Step['capture']): string {
  if (final === true)
    return 'the deletion itself, with the final snapshot; the one before it is taken before the first change of the run';
  if (late === true)
    return `right before the destruction${how === 'config' ? '' : ', after it is stopped or closed to writes where that is possible'}`;
  return `before the first change of the run${how === 'config' ? '' : ': what is written after that moment is not in it'}`;
}

/** Whose capture is restored, and from which places. */
export const sourceRows = ({ restores }: Step): readonly Row[] =>
  restores === undefined
    ? []
    : [
        labelled('restored from', `step ${restores.step} of run ${restores.run}`),
        ...(restores.from ?? []).map((place) => wholly('source', place, 'warning')),
      ];

/** The losses that nothing undoes, whole. */
const allLostRows = (step: Step): readonly Row[] =>
  step.action === 'keep' ? [] : step.recoverability.loses.map((loss) => wholly('not restored', loss, 'warning'));

/** The same for a card, on which the hazards said it of their own already. */
export const lostRows = (step: Step): readonly Row[] =>
  allLostRows({
    ...step,
    recoverability: {
      ...step.recoverability,
      loses: step.recoverability.loses.filter((loss) => step.destruction?.loses.includes(loss) !== true),
    },
  });

export const leftoverRows = (step: Step): readonly Row[] =>
  step.leftovers.map((left) => labelled('left over', `${left} stays; to delete it too, name it in a plan`));

const isBackup = (name: string): boolean =>
  /snapshot|backup|restorable/iu.test(name) || name === 'versioning' || name === 'replicatesTo';

/** The backups that exist already, from what AWS told. */
function backupRows({ evidence: { binding, observed } }: Step, now: number): readonly Row[] {
  return factRows(
    [observed, binding].map((facts) => Object.fromEntries(Object.entries(facts).filter(([name]) => isBackup(name)))),
    now,
  );
}

/** The whole tab: the recovery, the capture for it, what exists already, and what is lost. */
export function recoveryRows(step: Step, now: number): readonly Row[] {
  if (step.action === 'keep') return [row(0, span('Nothing changes, so there is nothing to bring back.', 'muted'))];
  const existing = backupRows(step, now);
  const hazards = hazardRows(step);
  const lost = allLostRows(step);
  const left = leftoverRows(step);
  return [
    ...recoverabilityRows(step),
    ...(isKnown(step) ? [] : [row(0, span('The step is blocked: its undo was not worked out.', 'warning'))]),
    ...(step.action === 'create' ? [] : captureRows(step)),
    ...sourceRows(step),
    ...(existing.length === 0
      ? []
      : [row(0, span('Backups that exist: ', 'title'), span('aiplan leaves them alone', 'muted')), ...existing]),
    ...(hazards.length === 0 ? [] : [row(0, span('It takes or opens', 'title')), ...hazards]),
    ...(lost.length > 0
      ? [row(0, span('Does not come back', 'title')), ...lost]
      : isKnown(step)
        ? [row(0, span('Nothing is known that would not come back.', 'good'))]
        : []),
    ...(left.length === 0 ? [] : [row(0, span('Stays behind', 'title')), ...left]),
    ...(isKnown(step)
      ? [
          row(
            0,
            span('After the run: ', 'muted'),
            span('aiplan rollback RUN', 'title'),
            span(' makes this undo a plan of its own, reviewed like this one', 'muted'),
          ),
        ]
      : []),
  ];
}
