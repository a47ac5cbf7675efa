import { it } from '@jest/globals';
import { planNamed, rollbackPlan, fortyDeletes, hostilePlan } from '../helpers/frame-plans.ts';
import { openReviewer } from '../helpers/reviewer.ts';
import { frameKnowledge, lookTime } from '../helpers/frame-plans.ts';
it('x', () => {
  for (const [name, plan] of Object.entries({ replace: planNamed('replace').plan, blocked: planNamed('delete-duplicates-wrong-expect', '../course-platform/plans/delete-duplicates-wrong-expect.yaml').plan, back: rollbackPlan().plan})) {
    for (const size of [{ columns: 80, rows: 24 }, {columns: 200, rows: 50}]) {
    const r = openReviewer({ plan, knowledge: frameKnowledge, now: lookTime, size });
    process.stdout.write(`#### ${name}\n${r.screen()}\n`);
    }
  }
});
