import { noKnowledge } from '../../src/domain/property-hints.ts';
import { lossPhrase } from '../../src/domain/confirmation.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { sanitise } from '../../src/base/sanitise.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import { tabs } from '../../src/views/step/tab-rows.ts';
import { planHtml } from '../../src/views/html/html.ts';
import { planMarkdown } from '../../src/views/html/markdown.ts';
import { documentRows, planDocument, type PlanDocument } from '../../src/views/plan/plan-document.ts';
import { inReadingOrder } from '../../src/views/plan/plan-parts.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';
import { parseHtml, textOf } from './html-tree.ts';
import { talk } from './plain-talk.ts';
import { sampleTime } from './sample-plan.ts';

/**
 * Words without what a form puts between them: blanks, line breaks, marks of lists; and as they were before a line was
 * kept from being a CI command.
 */
export const squeezed = (text: string): string =>
  text.replaceAll('\\u{3a}:', '::').replaceAll('\\u{23}#', '##').replaceAll(/\s+/gu, '');

/** One plan in one form, as everything that a reader gets to read, in its order. */
export type Form = 'text' | 'markdown' | 'html' | 'plain' | 'screen';

export const textForm = (document: PlanDocument): string =>
  squeezed(rowsToText(documentRows(document), { width: 72, color: false }));

/** Markdown as GitHub shows it: entities are characters again, and the marks of headings, lists and bold are gone. */
const markdownForm = (plan: Plan): string =>
  squeezed(
    planMarkdown(plan, sampleTime, { picture: true })
      .split('\n')
      .map((line) => line.replace(/^(?:#+|\s*-) /u, '').replaceAll('**', ''))
      .join('\n')
      .replaceAll('&#8203;', '')
      .replaceAll(/&#(\d+);/gu, (_, code: string) => String.fromCharCode(Number(code)))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  );

const htmlForm = (plan: Plan): string =>
  squeezed(
    textOf(parseHtml(planHtml(plan, sampleTime)), ({ name }) => name === 'style' || name === 'title' || name === 'svg'),
  );

/** The whole conversation: everything is confirmed, and nothing at the end. */
function plainForm(plan: Plan): string {
  const review = talk(plan, { maxConfirmations: 10_000 });
  for (let turns = plan.steps.length; turns > 0 && review.conversation.review.place === 'card'; turns -= 1) {
    const { listed, cursor } = review.conversation.review;
    const step = listed[cursor - 1];
    if (step === undefined) break;
    review.type(step.confirm ?? '');
    const loss = lossPhrase(step);
    if (loss !== null) review.type(loss);
  }
  return squeezed(review.heard);
}

const size = { columns: 78, rows: 60 };

/**
 * The screen, gone through from top to bottom: the list, each step with each of its tabs, each card, and the summary.
 */
function screenForm(plan: Plan): string {
  const { scene } = reviewScene({
    plan,
    purpose: 'apply',
    tier: 'T0',
    maxConfirmations: 10_000,
    knowledge: noKnowledge,
    now: () => sampleTime,
    replan: null,
  });
  const seen: string[] = [];
  const look = (): string => {
    const frame = scene.frame(size, sampleTime).map(plainText).join('\n');
    if (seen.at(-1) !== frame) seen.push(frame);
    return frame;
  };
  const character = (letters: string): void => {
    for (const letter of letters) {
      scene.handle({ kind: 'character', character: letter });
      scene.frame(size, sampleTime);
    }
  };
  /** Down to the end, page by page; two pages have a line in common. */
  const read = (): void => {
    for (let before = ''; before !== look();) {
      before = seen.at(-1) ?? '';
      scene.handle({ kind: 'page-down' });
    }
  };
  look();
  scene.handle({ kind: 'home' });
  for (let before = ''; before !== look(); scene.handle({ kind: 'down' })) before = seen.at(-1) ?? '';
  scene.handle({ kind: 'home' });
  look();
  for (let left = plan.steps.length; left > 0; left -= 1) {
    scene.handle({ kind: 'down' });
    scene.handle({ kind: 'enter' });
    for (const { key } of tabs) {
      character(key);
      read();
    }
    scene.handle({ kind: 'escape' });
    look();
  }
  scene.handle({ kind: 'home' });
  for (const step of inReadingOrder(plan.steps)) {
    if (step.confirm === null) continue;
    character('n');
    character('c');
    read();
    character(step.confirm);
    scene.handle({ kind: 'enter' });
    const loss = lossPhrase(step);
    look();
    if (loss !== null) character(loss);
    if (loss !== null) scene.handle({ kind: 'enter' });
    look();
  }
  character('a');
  read();
  return squeezed(seen.join('\n'));
}

export const forms: Readonly<Record<Form, (plan: Plan) => string>> = {
  text: (plan) => textForm(planDocument(plan, sampleTime, { picture: true })),
  markdown: markdownForm,
  html: htmlForm,
  plain: plainForm,
  screen: screenForm,
};

/** What a reader must get to know of a step: its name, who it is, and all that is lost or opened. */
export const facts = (step: Step): readonly string[] =>
  [
    step.id,
    ...(step.identity === null ? [] : [step.identity]),
    ...(step.destruction?.loses ?? []),
    ...(step.grant?.opens ?? []),
  ].map((fact) => squeezed(sanitise(fact)));

/**
 * What a form leaves out: every destruction and grant with all its facts, and the steps in reading order. `text` is
 * squeezed. The order counts from where all steps are told one after the other: anywhere, as long as it holds once.
 */
export function leftOut(plan: Plan, text: string): readonly string[] {
  const hurting = inReadingOrder(plan.steps).filter((step) => step.destruction !== null || step.grant !== null);
  const missing = hurting.flatMap((step) =>
    facts(step)
      .filter((fact) => !text.includes(fact))
      .map((fact) => `${step.id}: ${fact}`),
  );
  let at = 0;
  const disordered: string[] = [];
  for (const step of hurting) {
    // From the first fact of a step on, the next step's comes later.
    const found = text.indexOf(facts(step).at(-1) ?? '', at);
    if (found === -1) disordered.push(`${step.id} is not after the one before it`);
    else at = found;
  }
  return [...missing, ...(missing.length === 0 ? disordered : [])];
}
