import { readFileSync } from 'node:fs';
import { parseChangePlan } from '../../src/language/parse.ts';
import { rejectionFindings, withoutRejected } from '../../src/language/reject.ts';
import { propertyHintsOf } from '../../src/cli/context/property-hints.ts';
import { plan } from '../../src/plan/planner.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { canonical } from '../../src/base/digest.ts';
import type { LiveResource, LiveState } from '../../src/domain/live.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { fill } from '../../src/sandbox/seed/fixture.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { plainConfiguration } from './planning-samples.ts';

/**
 * When the plans of the frames are made, and when a person looks at them: five minutes later. Milliseconds since 1970.
 */
const planTime = Date.parse('2026-02-26T22:45:20Z');
export const lookTime = Date.parse('2026-02-26T22:50:00Z');

export const frameKnowledge = propertyHintsOf({ types: resourceTypes, schemas: loadSchema });

const folder = new URL('../../fixtures/frames/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

interface Recorded {
  readonly names: Readonly<Record<string, string>>;
  readonly live: LiveState;
}

/** What was recorded for a change plan; the account has a name. */
export function recordedFor(name: string): Recorded {
  const { names, live } = JSON.parse(read(`live/${name}.json`)) as Recorded;
  return {
    names,
    live: {
      ...live,
      target: { ...live.target, caller: 'arn:aws:iam::123456789012:user/alexey', alias: 'production', endpoint: null },
    },
  };
}

/** The text of a change plan with the identities of the recording. */
export function textOf(name: string, path = `plans/${name}.yaml`): string {
  return fill(read(path), recordedFor(name).names);
}

export interface Made {
  readonly plan: Plan;
  replan(rejected: readonly string[]): Plan;
}

/** Parses and plans a text against live state, as the program does; `replan` without the steps that are rejected. */
function made(text: string, live: LiveState): Made {
  const { changePlan, findings } = parseChangePlan(text, {
    file: 'plan.yaml',
    schemas: loadSchema,
    types: resourceTypes,
    readText: () => {
      throw new Error('no file is read here');
    },
    secrets: { prefixes: [], files: [] },
  });
  if (changePlan === null || findings.some(({ severity }) => severity === 'error'))
    throw new Error(`the sample is wrong: ${JSON.stringify(findings)}`);
  return planned(changePlan, text, live, (rejected) =>
    findings.filter(({ step }) => step === null || !rejected.includes(step)),
  );
}

function planned(
  changePlan: ChangePlan,
  text: string,
  live: LiveState,
  findings: (rejected: readonly string[]) => Plan['findings'] = () => [],
): Made {
  const planWithout = (rejected: readonly string[]): Plan =>
    plan({
      changePlan: withoutRejected(changePlan, rejected),
      text,
      live,
      types: resourceTypes,
      schemas: loadSchema,
      configuration: plainConfiguration,
      now: new Date(planTime).toISOString(),
      findings: [...findings(rejected), ...rejectionFindings(changePlan, rejected)],
    }).plan;
  return { plan: planWithout([]), replan: planWithout };
}

/** The plan of a recorded change plan. */
export const planNamed = (name: string, path?: string): Made => made(textOf(name, path), recordedFor(name).live);

/** The plan of a real rollback: of what the recorded run deleted nothing is there, and the rest is as it left it. */
export function rollbackPlan(): Made {
  const changePlan = JSON.parse(read('undo.json')) as ChangePlan;
  const { live } = recordedFor('undone');
  const gone = new Set(
    changePlan.resources
      .filter(({ action }) => action === 'create')
      .map(({ properties = {} }) => properties['BucketName'] ?? properties['DBInstanceIdentifier']),
  );
  const after = (resource: LiveResource): LiveResource =>
    resource.type !== 'AWS::EC2::SecurityGroup'
      ? resource
      : {
          ...resource,
          properties: {
            ...resource.properties,
            Tags: { ...(resource.properties['Tags'] as object), team: 'platform' },
          },
        };
  return planned(changePlan, canonical(changePlan), {
    ...live,
    resources: live.resources.filter(({ identity }) => !gone.has(identity)).map(after),
  });
}

/** Forty servers of reviews that nobody looks at any more, and the plan that deletes them all. */
export function fortyDeletes(): Plan {
  const { live } = recordedFor('move');
  const bastion = live.resources.find(
    ({ type, properties }) =>
      type === 'AWS::EC2::Instance' && (properties['Tags'] as Record<string, string>)['Name'] === 'courses-bastion',
  );
  if (bastion === undefined) throw new Error('the recording has no bastion');
  const numbers = Array.from({ length: 40 }, (_, index) => String(index + 1).padStart(2, '0'));
  const id = (number: string): string => `i-0c0ffee00c0ffee${number}`;
  const copy = (number: string): LiveResource => ({
    ...(JSON.parse(
      JSON.stringify(bastion)
        .replaceAll(bastion.identity, id(number))
        .replaceAll(
          /\b(vol|eni)-0?([0-9a-f]{15})[0-9a-f]*/gu,
          (_, kind: string, rest: string) => `${kind}-${rest}${number}`,
        )
        .replaceAll('courses-bastion', `review-${number}`),
    ) as LiveResource),
  });
  const text = `aiplan: 1\nname: remove-review-servers\nintent: Remove the servers of reviews that were merged long ago.\nauthor: { agent: coding-agent }\ntarget: { account: "123456789012", region: eu-west-1 }\nresources:\n${numbers.map((number) => `  Review${number}:\n    type: AWS::EC2::Instance\n    action: delete\n    id: ${id(number)}\n    reason: Its branch was merged\n    expect: { Tags: { Name: review-${number} } }\n`).join('')}`;
  return made(text, {
    ...live,
    resources: [...live.resources.filter(({ type }) => type !== 'AWS::EC2::Instance'), ...numbers.map(copy)],
  }).plan;
}

/** What somebody puts into tags and claims who wants a reviewer to see something else. */
const hostileTexts = {
  clears: '\u001b[2J\u001b[1;1HNo destructions.',
  bidi: 'gnihtyreve\u202esetaerc tsuj\u202c',
  invisible: 'cour\u200bses\u2060-\ufeffprod',
  wide: '宽'.repeat(60),
  family: '👩‍👩‍👧‍👦'.repeat(12),
  marks: `a${'\u0301'.repeat(300)}`,
  long: 'x'.repeat(10_000),
  lines: 'approved\r\n\u0007> yes\u0000',
} as const;

/** A plan over resources whose tags and facts were written by somebody hostile. */
export function hostilePlan(): Made {
  const { live } = recordedFor('one-delete');
  const resources = live.resources.map((resource) => ({
    ...resource,
    properties: {
      ...resource.properties,
      Tags: {
        ...(resource.properties['Tags'] as object),
        Name: hostileTexts.clears,
        note: hostileTexts.long,
        owner: hostileTexts.bidi,
        team: hostileTexts.invisible,
        wide: hostileTexts.wide,
        family: hostileTexts.family,
        marks: hostileTexts.marks,
        lines: hostileTexts.lines,
      },
    },
    observed: { ...resource.observed, creator: `${hostileTexts.clears}${hostileTexts.bidi}` },
    binding: {
      ...resource.binding,
      dependents: [{ type: 'AWS::EC2::Instance', identity: hostileTexts.lines }, hostileTexts.wide],
    },
  }));
  return made(textOf('one-delete').replace('properties', 'properties'), { ...live, resources });
}

/** Ten thousand steps made of the steps of the move, with ids of their own. */
export function tenThousand(): Plan {
  const { plan: move } = planNamed('move');
  const harmless = move.steps.filter(({ confirm, action }) => confirm === null && action === 'update');
  const clones = Array.from({ length: 10_000 - move.steps.length }, (_, index): Step => {
    const step = harmless[index % harmless.length] as Step;
    return {
      ...step,
      id: `${step.id}${index}`,
      identity: `${step.identity ?? step.id}-${index}`,
      dependsOn: [],
      digest: `sha256:${index.toString(16).padStart(64, '0')}`,
    };
  });
  const steps = [...move.steps, ...clones];
  return {
    ...move,
    name: 'whole-fleet',
    intent: 'Give everything its cost centre.',
    steps,
    summary: { ...move.summary, update: move.summary.update + clones.length },
  };
}
