import { describe, expect, it } from '@jest/globals';
import type { Step } from '../../src/domain/plan.ts';
import { createBucket, deleteDatabase, grantStep, kept, samplePlan } from '../helpers/sample-plan.ts';
import { openReviewer, type Reviewer } from '../helpers/reviewer.ts';

const update: Step = {
  ...createBucket,
  id: 'Web',
  type: 'AWS::EC2::Instance',
  identity: 'i-0abc',
  action: 'update',
  declared: 'update',
  digest: 'sha256:web',
  changes: [
    { path: 'InstanceType', before: 't3.micro', after: 't3.large', effect: 'in-place' },
    { path: 'Tags.owner', before: 'ada', after: null, effect: 'in-place' },
  ],
};
const plan = samplePlan([createBucket, update, grantStep, kept, deleteDatabase]);
const open = (): Reviewer => openReviewer({ plan });
const selectedId = (reviewer: Reviewer): string =>
  reviewer.state.cursor === 0 ? '' : (reviewer.state.listed[reviewer.state.cursor - 1]?.id ?? '?');

describe('the list', () => {
  it('has destructions first, then grants, updates, creates; what is unchanged only when asked for', () => {
    const reviewer = open();
    expect(reviewer.state.listed.map(({ id }) => id)).toEqual(['CoursesDb', 'WebGroup', 'Web', 'SiteBucket']);
    expect(reviewer.screen()).toMatch(
      /Destructions\n.*CoursesDb[^]*Grants\n.*WebGroup[^]*Updates\n.*Web [^]*Creates\n.*SiteBucket[^]*1 unchanged hidden: u/u,
    );
    expect(reviewer.press('u').screen()).toMatch(/Creates[^]*Unchanged\n.*unchanged Logs logs/u);
    expect(reviewer.screen()).not.toContain('hidden');
    expect(reviewer.press('u').screen()).not.toContain('Logs');
  });

  it('never collapses a destruction or a grant', () => {
    for (const keys of [[], ['e'], ['e', 'e'], ['u'], ['d', 'd'], ['end']]) {
      expect(
        open()
          .press(...keys)
          .screen(),
      ).toMatch(/CoursesDb[^]*loses the database[^]*WebGroup[^]*opens port 443 to everyone/u);
    }
  });

  it('shows the changes of every step where all is expanded', () => {
    expect(open().screen()).not.toContain('t3.large');
    expect(open().press('e').screen()).toMatch(
      /Web i-0abc\n +~ InstanceType: t3\.micro → t3\.large\n +- Tags\.owner: ada/u,
    );
  });

  it.each<[string, readonly string[], string]>([
    ['down', ['down'], 'WebGroup'],
    ['j', ['j', 'j'], 'Web'],
    ['up and k', ['end', 'up', 'k'], 'WebGroup'],
    ['end', ['end'], 'SiteBucket'],
    ['G', ['G'], 'SiteBucket'],
    ['home', ['end', 'home'], ''],
    ['g', ['G', 'g'], ''],
    ['page down', ['page-down'], 'SiteBucket'],
    ['space', [' '], 'SiteBucket'],
    ['page up', ['end', 'page-up'], ''],
    ['b', ['end', 'b'], ''],
    ['nothing above the first', ['home', 'up', 'k'], ''],
    ['nothing below the last', ['end', 'down', 'j'], 'SiteBucket'],
  ])('moves with %s', (_name, keys, expected) => {
    expect(selectedId(open().press(...keys))).toBe(expected);
  });

  it('opens the selected step with Enter or the right arrow, and comes back with Escape or the left one', () => {
    for (const [there, back] of [
      ['enter', 'escape'],
      ['right', 'left'],
      ['l', 'h'],
    ] as const) {
      const reviewer = open().press(there);
      expect(reviewer.state.place).toBe('detail');
      expect(reviewer.screen()).toMatch(/delete CoursesDb[^]*\[1 Changes\][^]*loses/u);
      expect(reviewer.press(back).state.place).toBe('list');
    }
  });

  it('changes tabs with tab, back-tab and numbers, beside the list too', () => {
    const reviewer = open().press('enter');
    expect(reviewer.press('tab').screen()).toContain('[2 Evidence]');
    expect(reviewer.press('back-tab', 'back-tab').screen()).toContain('[5 Depends]');
    for (const [key, title] of [
      ['1', 'Changes'],
      ['2', 'Evidence'],
      ['3', 'Recovery'],
      ['4', 'Calls'],
      ['5', 'Depends'],
    ])
      expect(reviewer.press(key ?? '').screen()).toContain(`[${key} ${title}]`);
    const wide = openReviewer({ plan, size: { columns: 120, rows: 30 } });
    expect(wide.press('4').screen()).toMatch(/> +\[ \] - delete CoursesDb[^]*rds:DeleteDBInstance/u);
    expect(wide.press('down').screen()).toMatch(/\[4 Calls\][^]*ec2:AuthorizeSecurityGroupIngress/u);
  });

  it('selects properties in the changes and shows what AWS says about them', () => {
    const knowledge = (_type: string, path: string) => ({
      documentation: `What ${path} means.`,
      policy: false,
      set: false,
      text: false,
    });
    const reviewer = openReviewer({ plan, knowledge }).press('down', 'down', 'enter');
    expect(reviewer.screen()).toContain('What InstanceType means.');
    for (let lines = 0; lines < 4 && !reviewer.screen().includes('What Tags.owner means.'); lines += 1)
      reviewer.press('down');
    expect(reviewer.screen()).toContain('What Tags.owner means.');
  });

  it('goes to the next step that waits for its confirmation with n, back with N', () => {
    const reviewer = open().press('end', 'n');
    expect(selectedId(reviewer)).toBe('CoursesDb');
    expect(selectedId(reviewer.press('n'))).toBe('WebGroup');
    expect(selectedId(reviewer.press('N'))).toBe('CoursesDb');
    reviewer.confirm('courses-prod');
    expect(selectedId(reviewer)).toBe('WebGroup');
    expect(selectedId(reviewer.press('n'))).toBe('WebGroup');
    expect(reviewer.confirm('1b2c3d').press('n').state.message).toBe('everything is confirmed; a goes on');
  });

  it('says of a key that it does nothing, and what does with ?', () => {
    expect(open().press('x').screen()).toContain('"x" does nothing here; ? shows what does');
    const reviewer = openReviewer({ plan, size: { columns: 80, rows: 50 } }).press('?');
    for (const text of [
      'only destructions',
      'search addresses',
      'leave without approving',
      'next and previous match',
      'expand all',
      'reject the selected step',
    ])
      expect(reviewer.screen()).toContain(text);
    expect(reviewer.press('c', 'a', 'r').state.place).toBe('help');
    for (const key of ['?', 'escape', 'q'])
      expect(open().press('?', key).state).toMatchObject({ place: 'list', decision: null });
    expect(open().press('enter', '?', 'escape').state.place).toBe('detail');
  });
});

describe('a filter', () => {
  it('shows only destructions with d, says what it hides, and shows all again', () => {
    const reviewer = open().press('d');
    expect(reviewer.state.listed.map(({ id }) => id)).toEqual(['CoursesDb']);
    expect(reviewer.screen()).toContain('only destructions: 1 of 5 steps; hides 1 of 2 that wait for confirmation');
    expect(reviewer.screen()).toContain('confirmed 0 of 2');
    expect(reviewer.screen()).toContain('-1 ~2 +1 =1; 1 destruction, 1 grant');
    expect(reviewer.press('d').state.listed).toHaveLength(4);
  });

  it('offers every action and type that occurs', () => {
    const reviewer = open().press('f');
    expect(reviewer.screen()).toMatch(
      /all steps {2}5\n.*destructions {2}1\n.*delete {2}1\n.*update {2}2\n.*create {2}1\n.*unchanged {2}1\n.*AWS::EC2::Instance {2}1/u,
    );
    expect(reviewer.press('down', 'down', 'down', 'enter').state.listed.map(({ id }) => id)).toEqual([
      'WebGroup',
      'Web',
    ]);
    expect(open().press('f', 'down', 'escape').state).toMatchObject({ filter: null, place: 'list' });
    expect(open().press('f', 'end', 'enter').state.filter).toEqual({ by: 'type', type: 'AWS::S3::Bucket' });
    expect(
      open()
        .press('f', 'down', 'down', 'down', 'down', 'down', 'enter')
        .state.listed.map(({ id }) => id),
    ).toEqual(['Logs']);
  });

  it('hides nothing from what must be confirmed: n leads out of it', () => {
    const reviewer = open().press('d').confirm('courses-prod');
    expect(selectedId(reviewer)).toBe('WebGroup');
    expect(reviewer.state).toMatchObject({
      filter: null,
      message: 'CoursesDb confirmed; 1 to go; the filter hid it and is off',
    });
    expect(open().press('f', 'end', 'enter', 'a').state.message).toBe(
      '2 confirmations still missing; n goes to the next',
    );
  });

  it('hides nothing from the summary', () => {
    const reviewer = open().confirm('courses-prod').confirm('1b2c3d').press('d', 'a');
    expect(reviewer.screen()).toMatch(/CoursesDb[^]*WebGroup[^]*Web[^]*SiteBucket/u);
  });

  it('ends with Escape, and keeps the cursor on its step', () => {
    const reviewer = open().press('n', 'f', 'down', 'down', 'down', 'enter', 'escape');
    expect(reviewer.state.filter).toBeNull();
    expect(selectedId(reviewer)).toBe('WebGroup');
  });
});

describe('the search', () => {
  it.each<[string, string]>([
    ['webg', 'WebGroup'],
    ['dbinstance', 'CoursesDb'],
    ['I-0ABC', 'Web'],
    ['ada', 'Web'],
    ['t3.large', 'Web'],
    ['aishippinglabs', 'SiteBucket'],
    ['t3 owner', 'Web'],
    ['0.0.0.0/0', 'WebGroup'],
  ])('finds %s as it is typed', (query, id) => {
    const reviewer = open().press('/', query);
    expect(selectedId(reviewer)).toBe(id);
    expect(reviewer.screen()).toMatch(/^\/.*▏ +1 of 1$/mu);
    expect(reviewer.press('enter').state).toMatchObject({ place: 'list', search: { query } });
  });

  it('goes through its matches with n and N, marks and counts them', () => {
    // The database is used by an instance, which stands in its evidence.
    const reviewer = open().press('/', 'aws::ec2', 'enter');
    expect(selectedId(reviewer)).toBe('CoursesDb');
    expect(selectedId(reviewer.press('n'))).toBe('WebGroup');
    expect(reviewer.screen()).toMatch(/\/aws::ec2: 2 of 3/u);
    expect(reviewer.screen()).toMatch(/> \/\[ \] ~ update WebGroup/u);
    expect(selectedId(reviewer.press('n'))).toBe('Web');
    expect(selectedId(reviewer.press('n'))).toBe('CoursesDb');
    expect(selectedId(reviewer.press('N'))).toBe('Web');
    expect(selectedId(reviewer.press('escape', 'n'))).toBe('CoursesDb');
  });

  it('says that it found nothing, or only what is hidden', () => {
    expect(open().press('/', 'nowhere').screen()).toContain('nothing holds "nowhere"');
    const hidden = open().press('/', 'logs', 'enter', 'n');
    expect(hidden.screen()).toContain('is only in steps that are hidden');
    expect(hidden.screen()).toContain('1 more hidden');
    expect(selectedId(hidden.press('u', 'n'))).toBe('Logs');
  });

  it('goes back to where it began with Escape, and takes characters away one by one', () => {
    expect(selectedId(open().press('end', '/', 'courses', 'escape'))).toBe('SiteBucket');
    const reviewer = open().press('/', 'sitex');
    expect(reviewer.screen()).toContain('nothing holds "sitex"');
    expect(selectedId(reviewer.press('backspace'))).toBe('SiteBucket');
    expect(reviewer.press('backspace', 'backspace', 'backspace', 'backspace', 'backspace').state.place).toBe('list');
  });

  it('takes letters for letters, and a paste for none', () => {
    expect(open().press('/', 'qacrd').state).toMatchObject({ place: 'search', decision: null });
    expect(open().press('/', 'paste').screen()).toContain('pasted text is not searched: type it');
    expect(open().press('/').burst('web').state.search.query).toBe('web');
  });
});
