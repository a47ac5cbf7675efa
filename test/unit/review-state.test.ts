import { describe, expect, it } from '@jest/globals';
import type { Step } from '../../src/domain/plan.ts';
import { cardRows } from '../../src/views/step/card-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { wrap } from '../../src/views/base/text.ts';
import { baseStep, createBucket, deleteDatabase, samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import { openReviewer, type Reviewer } from '../helpers/reviewer.ts';

const minutes = 60_000;
const irreversible: Step = {
  ...deleteDatabase,
  recoverability: { level: 'irreversible', loses: ['all  rows written since 2023, for good'] },
  acceptLoss: 'ok',
};
const confirmBoth = (reviewer: Reviewer): Reviewer => reviewer.confirm('courses-prod').confirm('1b2c3d');

describe('confirming', () => {
  it('approves only after every identity and the plan name were typed', () => {
    const reviewer = confirmBoth(openReviewer()).press('a').read().press('shared-platform-move', 'enter');
    expect(reviewer.state.decision).toBe('approved');
    expect([...reviewer.state.confirmations.values()]).toEqual([
      {
        step: 'CoursesDb',
        typed: 'courses-prod',
        typedLoss: null,
        stepDigest: 'sha256:db',
        shown: 'sha256:shown-CoursesDb',
        at: '2026-02-26T22:50:00.000Z',
        observed: expect.objectContaining({ bytes: expect.any(Number) }),
      },
      {
        step: 'WebGroup',
        typed: '1b2c3d',
        typedLoss: null,
        stepDigest: 'sha256:sg',
        shown: 'sha256:shown-WebGroup',
        at: '2026-02-26T22:50:00.000Z',
        observed: {},
      },
    ]);
  });

  it('takes yes only where nothing needs confirmation, interrupts or rests on a journal', () => {
    expect(
      openReviewer({ plan: samplePlan([createBucket]) })
        .press('a')
        .read()
        .press('yes', 'enter').state.decision,
    ).toBe('approved');
    const interrupting = () =>
      openReviewer({ plan: samplePlan([{ ...baseStep, action: 'update', interrupts: true }]) })
        .press('a')
        .read();
    expect(interrupting().press('yes', 'enter').state.decision).toBeNull();
    expect(interrupting().press('shared-platform-move', 'enter').state.decision).toBe('approved');
    expect(confirmBoth(openReviewer()).press('a').read().press('yes', 'enter').state.decision).toBeNull();
  });

  it('goes nowhere while a confirmation is missing', () => {
    const reviewer = openReviewer().confirm('courses-prod').press('a');
    expect(reviewer.state.place).toBe('list');
    expect(reviewer.screen()).toContain('1 confirmation still missing; n goes to the next');
  });

  it('says where a wrong text differs, and forgets it', () => {
    const reviewer = openReviewer().press('c').read().press('courses-dev', 'enter');
    expect(reviewer.state.confirmations.size).toBe(0);
    expect(reviewer.state.typed).toBe('');
    expect(reviewer.screen()).toContain('they differ at character 9: "d" was typed, "p" is asked for');
  });

  it('asks for the loss as well where nothing comes back', () => {
    const reviewer = openReviewer({ plan: samplePlan([irreversible]) }).confirm('courses-prod');
    expect(reviewer.state.confirmations.size).toBe(0);
    expect(reviewer.screen()).toMatch(
      /This cannot be brought back. Type the 27 characters between « and », then Enter:\s+«all rows written since 2023»/u,
    );
    expect(reviewer.press('all rows', 'enter').state.confirmations.size).toBe(0);
    expect(reviewer.press('all rows written since 2023', 'enter').state.confirmations.get('CoursesDb')).toMatchObject({
      typed: 'courses-prod',
      typedLoss: 'all rows written since 2023',
    });
  });

  it('leaves a step alone with Escape, also between identity and loss', () => {
    const reviewer = openReviewer({ plan: samplePlan([irreversible]) })
      .confirm('courses-prod')
      .press('escape');
    expect(reviewer.state).toMatchObject({ place: 'list', message: 'not confirmed', typedIdentity: null });
    expect(reviewer.press('c').read().press('all rows written since 2023', 'enter').state.confirmations.size).toBe(0);
  });

  it('confirms each step once, and nothing that asks for no confirmation', () => {
    const reviewer = openReviewer().confirm('courses-prod').press('home', 'down', 'c');
    expect(reviewer.state).toMatchObject({ place: 'list', message: 'already confirmed' });
    expect(reviewer.press('end', 'c').state.message).toBe(
      'that step needs no confirmation of its own; this one does: c opens it',
    );
    expect(reviewer.press('home', 'c').state.message).toBe('select the step that you confirm');
  });
});

describe('what was not read cannot be confirmed', () => {
  const small = { columns: 40, rows: 12 };

  it('opens the line only when the card was on the screen to its end', () => {
    const reviewer = openReviewer({ size: small }).press('c');
    expect(reviewer.screen()).toMatch(/\d+ more lines: ↓ or space[^]*Scroll to its end/u);
    expect(reviewer.screen()).not.toMatch(/^> /mu);
    reviewer.press('courses-prod', 'enter');
    expect(reviewer.state).toMatchObject({ typed: '', place: 'card' });
    reviewer.read();
    reviewer.screen();
    expect(reviewer.read().press('courses-prod', 'enter').state.confirmations.size).toBe(1);
  });

  it('lets no line be skipped: End and bursts of pages go to the first one that was not seen', () => {
    const reviewer = openReviewer({ size: small }).press('c');
    const seen = new Set<string>();
    const look = (): void => {
      for (const line of reviewer.screen().split('\n')) seen.add(line.trim());
    };
    look();
    for (let times = 0; times < 30; times += 1) {
      for (let keys = 0; keys < 5; keys += 1) reviewer.blind({ kind: 'page-down' });
      reviewer.blind({ kind: 'end' });
      look();
    }
    const card = cardRows(deleteDatabase, samplePlan(), sampleTime)
      .flatMap((line) => wrap(line, small.columns))
      .map((line) => plainText(line).trim());
    for (const line of card) expect([...seen]).toContain(line);
  });

  it('has what is lost or opened on the first screen of every card', () => {
    for (const size of [small, { columns: 80, rows: 24 }, { columns: 100, rows: 12 }]) {
      const reviewer = openReviewer({ size }).press('c');
      expect(reviewer.screen().replaceAll(/\s+/gu, ' ')).toContain(
        'loses the database and everything written after its snapshot',
      );
      expect(reviewer.press('escape', 'n', 'c').screen()).toMatch(/opens\s+port 443/u);
    }
  });

  it('counts no key that came before the card was drawn', () => {
    const reviewer = openReviewer().blind({ kind: 'character', character: 'c' });
    for (const character of 'courses-prod') reviewer.blind({ kind: 'character', character });
    reviewer.blind({ kind: 'enter' });
    expect(reviewer.state.confirmations.size).toBe(0);
    reviewer.screen();
    expect(reviewer.read().press('courses-prod', 'enter').state.confirmations.size).toBe(1);
  });

  it('must be read again where the screen became narrower before the end was reached, not after', () => {
    const reviewer = openReviewer({ size: small }).press('c', 'page-down');
    reviewer.size = { columns: 60, rows: 12 };
    reviewer.press('page-down');
    expect(reviewer.state.seen?.upTo).toBeLessThan(reviewer.state.drawn?.total ?? 0);
    reviewer.read();
    reviewer.size = small;
    expect(reviewer.screen()).toMatch(/^> ▏$/mu);
  });

  it('wants the summary read: what destroys or opens, and its end', () => {
    const many = samplePlan([
      deleteDatabase,
      ...Array.from({ length: 60 }, (_, index): Step => ({
        ...createBucket,
        id: `Bucket${index}`,
        digest: `sha256:${index}`,
      })),
    ]);
    const reviewer = openReviewer({ plan: many }).confirm('courses-prod').press('a');
    reviewer.press('shared-platform-move', 'enter');
    expect(reviewer.state.decision).toBeNull();
    expect(reviewer.press('end').screen()).toMatch(/^> ▏$/mu);
    expect(reviewer.press('shared-platform-move', 'enter').state.decision).toBe('approved');
  });

  it('takes the space bar that was pressed once too often for what it is', () => {
    expect(openReviewer().press('c', ' ', ' ', ' ', 'courses-prod', 'enter').state.confirmations.size).toBe(1);
  });
});

describe('pasted text', () => {
  it('never counts, and forgets what was typed before it', () => {
    const reviewer = openReviewer().press('c').read().press('courses-', 'paste', 'prod', 'enter');
    expect(reviewer.state.confirmations.size).toBe(0);
    expect(openReviewer().press('c').read().press('courses-', 'paste').screen()).toContain(
      'pasted text does not count: type it, so that it is you who says it',
    );
  });

  it('counts as little where the terminal does not mark it, with or without Enter', () => {
    for (const text of ['courses-prod', 'courses-prod\r', 'od\r', 'd\r']) {
      const reviewer = openReviewer()
        .press('c')
        .read()
        .press('courses-pr'.slice(0, 12 - text.replace('\r', '').length))
        .burst(text);
      expect(reviewer.state.confirmations.size).toBe(0);
      expect(reviewer.press('enter').state.confirmations.size).toBe(0);
    }
  });

  it('says that two characters came at once, and keeps what was typed before', () => {
    const reviewer = openReviewer().press('c').read().press('courses-').burst('pr');
    expect(reviewer.screen()).toContain('two characters came at once: type them one by one');
    expect(reviewer.state.typed).toBe('courses-');
    expect(reviewer.press('prod', 'enter').state.confirmations.size).toBe(1);
  });

  it('presses no keys of the list', () => {
    const reviewer = openReviewer().burst('csmall-files\rayes\r');
    expect(reviewer.state).toMatchObject({ place: 'list', decision: null });
    expect(reviewer.screen()).toContain('pasted text does not count');
    expect(openReviewer().press('paste').state).toMatchObject({ place: 'list', message: 'pasted text does not count' });
  });

  it('does not hinder a held key on a slow line', () => {
    expect(openReviewer().burst('jjj').state.cursor).toBe(3);
    expect(openReviewer().burst('qq').state.decision).toBeNull();
  });
});

describe('silence is no', () => {
  it('takes a closed terminal and Ctrl-C for no, on every screen', () => {
    const keys = ['c', ...'courses-prod', 'enter', 'c', ...'1b2c3d', 'enter', 'a', ...'shared-platform-move'];
    for (const last of [{ kind: 'gone', why: 'the terminal was closed' }, { kind: 'interrupt' }] as const) {
      for (let length = 0; length <= keys.length; length += 1) {
        expect(
          openReviewer()
            .press(...keys.slice(0, length))
            .tell(last)
            .press('enter', 'y').state,
        ).toMatchObject({ decision: 'declined' });
      }
    }
    expect(openReviewer().tell({ kind: 'gone', why: 'ended by SIGHUP' }).state.why).toBe('ended by SIGHUP');
  });

  it('is never approved by Enter, y, or any single key repeated', () => {
    for (const key of ['y', 'a', 'c', 'n', ' ', 'Y', 'r', 'd', 'e']) {
      expect(openReviewer().press(...Array.from({ length: 40 }, () => [key, 'enter']).flat()).state.decision).not.toBe(
        'approved',
      );
    }
  });

  it('leaves with q at once where nothing is lost by it, and asks back where something is', () => {
    expect(openReviewer().press('q').state).toMatchObject({ decision: 'declined', why: 'left without approving' });
    const reviewer = openReviewer().confirm('courses-prod').press('q');
    expect(reviewer.screen()).toContain('Leave without approving? y leaves, anything else stays');
    expect(reviewer.press('n').state).toMatchObject({ decision: null, place: 'list' });
    expect(reviewer.press('q', 'y').state).toMatchObject({ decision: 'declined', why: 'left without approving' });
  });
});

describe('a plan that nobody can confirm', () => {
  it('has expired: it says so, forgets what was typed, and refuses everything', () => {
    const reviewer = openReviewer().press('c').read().press('courses-prod');
    reviewer.now = sampleTime + 55 * minutes;
    reviewer.press('enter');
    expect(reviewer.state).toMatchObject({ place: 'list', typed: '', decision: null });
    expect(reviewer.state.confirmations.size).toBe(0);
    expect(reviewer.screen()).toMatch(/EXPIRED[^]*the plan has expired: nothing can be confirmed/u);
    expect(reviewer.press('c').state).toMatchObject({ place: 'list', message: expect.stringContaining('expired') });
    expect(reviewer.press('a').state).toMatchObject({ place: 'list', message: expect.stringContaining('expired') });
    expect(reviewer.press('down', 'enter').state.place).toBe('detail');
  });

  it('expires in the summary too, with everything confirmed', () => {
    const reviewer = confirmBoth(openReviewer()).press('a').read().press('shared-platform-move');
    reviewer.now = sampleTime + 55 * minutes;
    expect(reviewer.press('enter').state).toMatchObject({ decision: null, place: 'list' });
  });

  it('counts the last five minutes', () => {
    const reviewer = openReviewer();
    expect(reviewer.screen()).toContain('made 5 minutes ago, expires in 55 minutes');
    reviewer.now = sampleTime + 50 * minutes + 15_000;
    expect(reviewer.screen()).toContain('expires in 4m 45s');
  });

  it('asks for more confirmations than a person can give: split the plan', () => {
    const reviewer = openReviewer({ maxConfirmations: 1 });
    expect(reviewer.screen()).toMatch(
      /split the plan: it has 2 destructions and grants, and nobody confirms more than\s+1 with care/u,
    );
    expect(reviewer.press('down', 'c').state).toMatchObject({
      place: 'list',
      message: expect.stringMatching(/^split the plan/u),
    });
    expect(reviewer.press('a').state).toMatchObject({
      place: 'list',
      message: expect.stringMatching(/^split the plan/u),
    });
  });

  it('is blocked, was recorded, or does nothing', () => {
    const blocked = samplePlan([{ ...deleteDatabase, blocked: true }, createBucket]);
    expect(openReviewer({ plan: blocked }).press('down', 'c').state.message).toBe(
      'this step is blocked: it cannot be confirmed, only rejected',
    );
    expect(
      openReviewer({
        plan: samplePlan([createBucket], {
          findings: [{ code: 'x', severity: 'error', step: null, message: 'wrong', line: 1, column: 1, help: 'h' }],
        }),
      }).press('a').state.message,
    ).toBe('the plan is blocked: it cannot be applied as it is');
    expect(
      openReviewer({ plan: samplePlan(undefined, { recorded: true }) }).press('down', 'c').state.message,
    ).toContain('recorded state');
    expect(openReviewer({ plan: samplePlan([]) }).press('a').state.message).toBe('nothing is left to do: leave with q');
  });
});
