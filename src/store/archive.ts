import type { SignedApproval } from '../domain/approval.ts';
import { canonical, sha256 } from '../base/digest.ts';
import { UserError } from '../base/error.ts';
import { shapedAs, spentMark } from '../domain/records/mark-shapes.ts';
import type { Plan } from '../domain/plan.ts';
import type { KeptText, PlanArchive, UsedMark } from '../domain/records/plan-archive.ts';
import type { Objects } from './objects/objects.ts';
import { parsePlanText, planText } from './objects/plan-file.ts';

/** A plan is known by its digest and the moment it was made: the same change may be planned, and applied, again. */
const planKey = (plan: Plan): string =>
  `applied/${sha256(`${plan.digest}\n${plan.createdAt}`).slice('sha256:'.length, 'sha256:'.length + 32)}`;
/** Marks are never taken away: one that is released makes room for the next. */
const markKey = (plan: Plan, time: number): string => `${planKey(plan)}${time === 0 ? '' : `-${time + 1}`}.json`;
const releasedEnding = '.released';
const releaseKey = (plan: Plan, time: number): string =>
  `${planKey(plan)}${time === 0 ? '' : `-${time + 1}`}${releasedEnding}.json`;

/** The mark that says that a plan is used now; null while an earlier one holds. */
async function freeMark(objects: Objects, plan: Plan): Promise<string | null> {
  for (let time = 0; ; time += 1) {
    const key = markKey(plan, time);
    if ((await objects.read(key)) === null) return key;
    if ((await objects.read(releaseKey(plan, time))) === null) return null;
  }
}

/** The text of a mark: which run used it. */
const markText = (run: string): string => `${canonical({ format: 'aiplan/spent@1', run })}\n`;

/**
 * The marks of what is used once, and what is kept for the team: the same for a folder and a bucket, because each is
 * one object made once.
 */
export function keptIn(objects: Objects): PlanArchive {
  const refuseMark = async (key: string, refusal: () => UserError): Promise<void> => {
    if ((await objects.read(key)) !== null) throw refusal();
  };
  const spend = async (key: string, run: string, refusal: () => UserError): Promise<void> => {
    if ((await objects.create(key, markText(run))) !== 'made') throw refusal();
  };
  return {
    async refuseAppliedPlan(plan) {
      if ((await freeMark(objects, plan)) === null) throw applied(plan);
    },
    async markPlanUsed(plan, run) {
      const key = await freeMark(objects, plan);
      if (key === null) throw applied(plan);
      await spend(key, run, () => applied(plan));
    },
    async releasePlan(plan, run) {
      for (let time = 0; ; time += 1) {
        const text = await objects.read(markKey(plan, time));
        if (text === null) return;
        if (text === markText(run)) await objects.create(releaseKey(plan, time), text);
      }
    },
    refuseUsedApproval: async (nonce) => refuseMark(spentKey(nonce), replayed),
    async approvalUsedBy(nonce) {
      const text = await objects.read(spentKey(nonce));
      return text === null ? null : markOf('approval', { name: nonce, path: '', text }).run;
    },
    markApprovalUsed: async (nonce, run) => spend(spentKey(nonce), run, replayed),
    async keepPlan(plan) {
      // One digest, many moments: the first one kept says the same.
      await objects.create(keptKey(plan.digest), planText(plan));
    },
    async keepApproval(approval) {
      const key = approvalKey(approval.approval.nonce);
      if ((await objects.create(key, approvalText(approval))) === 'other') throw replayed();
    },
    async keptPlan(digest) {
      const key = keptKey(digest);
      const text = await objects.read(key);
      return text === null ? null : parsePlanText(text, objects.placeOf(key));
    },
    keptApprovals: () => textsIn(objects, 'approvals'),
    async marks() {
      const [plans, approvals] = await Promise.all([textsIn(objects, 'applied'), textsIn(objects, 'spent')]);
      const released = new Set(
        plans.flatMap(({ name }) => (name.endsWith(releasedEnding) ? [name.slice(0, -releasedEnding.length)] : [])),
      );
      return [
        ...plans
          .filter(({ name }) => !name.endsWith(releasedEnding))
          .map((text): UsedMark => ({
            ...markOf('plan', text),
            ...(released.has(text.name) ? { released: true } : {}),
          })),
        ...approvals.map((text) => markOf('approval', text)),
      ];
    },
  };
}

/** The text of a signed approval as it is kept. */
export const approvalText = (approval: SignedApproval): string => `${JSON.stringify(approval, null, 2)}\n`;

/** Objects of a folder that are read at once. */
const width = 16;

async function textsIn(objects: Objects, folder: string): Promise<readonly KeptText[]> {
  const names = await objects.list(folder);
  const texts: KeptText[] = [];
  for (let from = 0; from < names.length; from += width) {
    texts.push(
      ...(await Promise.all(
        names.slice(from, from + width).map(async (name): Promise<KeptText> => {
          const key = `${folder}/${name}`;
          return {
            name: name.replace(/\.json$/u, ''),
            path: objects.placeOf(key),
            text: (await objects.read(key)) ?? '',
          };
        }),
      )),
    );
  }
  return texts;
}

/** A mark that cannot be read is still a mark; whose it is nobody can say. */
const markOf = (of: UsedMark['of'], { name, path, text }: KeptText): UsedMark => ({
  of,
  name,
  path,
  run: shapedAs<{ readonly run: string }>(spentMark, text)?.run ?? null,
});

const keptKey = (digest: string): string => {
  if (!/^sha256:[0-9a-f]{64}$/u.test(digest))
    throw new UserError('not-a-plan-file', `"${digest}" is not the digest of a plan`, {
      help: 'a digest is sha256: and 64 hexadecimal digits',
    });
  return `plans/${digest.slice('sha256:'.length)}.json`;
};
const properNonce = (nonce: string): string => {
  if (!/^[0-9a-f]{32}$/u.test(nonce))
    throw new UserError('not-an-approval', 'the approval has no proper nonce', {
      exitCode: 3,
      help: 'review and sign again',
    });
  return nonce;
};
const spentKey = (nonce: string): string => `spent/${properNonce(nonce)}.json`;
const approvalKey = (nonce: string): string => `approvals/${properNonce(nonce)}.json`;

const applied = (plan: Plan): UserError =>
  new UserError('plan-already-applied', `this plan of "${plan.name}" was applied before`, {
    exitCode: 3,
    help: 'a plan is applied once; plan again',
  });
const replayed = (): UserError =>
  new UserError('approval-replayed', 'this approval was used before', {
    exitCode: 3,
    help: 'an approval counts once; review and sign again',
  });
