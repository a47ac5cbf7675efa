import { it } from '@jest/globals';
import { refresh } from '../../src/engine/refresh.ts';
import { plan } from '../../src/engine/planner.ts';
import { canonical } from '../../src/model/digest.ts';
import { createMemoryWorld, DATABASE, GROUP, NOTE, NETWORK, type Seed } from '../helpers/memory-world.ts';
import { changePlanOf, plainConfiguration, planningNow, type EntrySample } from '../helpers/planning-samples.ts';
it('perf', async () => {
  const n = 10_000;
  const seed: Seed[] = [{ type: NETWORK, identity: 'n-1' }];
  const entries: EntrySample[] = [];
  for (let i = 0; i < n; i++) {
    const k = i % 4;
    if (k === 0) { seed.push({ type: GROUP, identity: `g-${i}`, properties: { GroupName: `g${i}`, NetworkId: 'n-1', Rules: Array.from({ length: 3 }, (_, p) => ({ Protocol: 'tcp', Port: p, Source: '10.0.0.0/8' })) } }); entries.push({ address: `A${i}`, type: GROUP, action: 'update', id: `g-${i}`, properties: { Rules: Array.from({ length: 4 }, (_, p) => ({ Protocol: 'tcp', Port: p, Source: '10.0.0.0/8' })) } }); }
    if (k === 1) { seed.push({ type: DATABASE, identity: `d-${i}`, properties: { GroupIds: [`g-${i - 1}`] } }); entries.push({ address: `A${i}`, type: DATABASE, action: 'update', id: `d-${i}`, properties: { Retention: 9, GroupIds: [`g-${i - 1}`] } }); }
    if (k === 2) entries.push({ address: `A${i}`, type: NOTE, action: 'create', properties: { NoteName: `note${i}`, Text: { 'Fn::GetAtt': [`A${i - 1}`, 'Class'] } } });
    if (k === 3) { seed.push({ type: NOTE, identity: `x-${i}` }); entries.push({ address: `A${i}`, type: NOTE, action: 'delete', id: `x-${i}`, reason: 'r', expect: {} }); }
  }
  const world = createMemoryWorld({ seed });
  const changePlan = changePlanOf(entries);
  let t = Date.now();
  const live = await refresh(changePlan, { aws: world.session, types: world.types, schemas: world.schemas, target: world.target, now: planningNow, concurrency: 4 });
  console.log('refresh', Date.now() - t); t = Date.now();
  const text = canonical(changePlan);
  const before = process.memoryUsage().heapUsed;
  for (let r = 0; r < 1; r++) {
    t = Date.now();
    const c0 = process.cpuUsage(); const p = plan({ changePlan, text, live, types: world.types, schemas: world.schemas, configuration: { ...plainConfiguration, maxConfirmations: 1e6 }, now: planningNow });
    console.log('plan', Date.now() - t, 'cpu', Math.round(process.cpuUsage(c0).user/1000), JSON.stringify(p.plan.summary), Math.round((process.memoryUsage().heapUsed - before) / 1e6), 'MB', p.plan.findings.slice(0, 3));
  }
  // chain
  const chain = changePlanOf(Array.from({ length: n }, (_, i): EntrySample => ({ address: `C${i}`, type: NOTE, action: 'create', properties: { NoteName: `c${i}`, Text: i + 1 < n ? { 'Fn::GetAtt': [`C${i + 1}`, 'Text'] } : 'end' } })));
  const empty = createMemoryWorld();
  const l2 = await refresh(chain, { aws: empty.session, types: empty.types, schemas: empty.schemas, target: empty.target, now: planningNow, concurrency: 4 });
  t = Date.now();
  const p2 = plan({ changePlan: chain, text: 'x', live: l2, types: empty.types, schemas: empty.schemas, configuration: plainConfiguration, now: planningNow });
  console.log('chain', Date.now() - t, JSON.stringify(p2.plan.summary));
  // creates against many live
  const many = createMemoryWorld({ seed: Array.from({ length: n }, (_, i) => ({ type: NOTE, identity: `live${i}` })) });
  const l3 = await refresh(chain, { aws: many.session, types: many.types, schemas: many.schemas, target: many.target, now: planningNow, concurrency: 4 });
  t = Date.now();
  plan({ changePlan: chain, text: 'x', live: l3, types: many.types, schemas: many.schemas, configuration: plainConfiguration, now: planningNow });
  console.log('10k creates x 10k live', Date.now() - t);
}, 120000);
