import { describe, expect, it } from '@jest/globals';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, GROUP, NOTE } from '../helpers/memory-world.ts';

const group = entryOf('Group', GROUP, { action: 'create', properties: { GroupName: 'web' } });
const noteOf = (text: unknown) =>
  entryOf('Note', NOTE, { action: 'create', properties: { NoteName: 'n', Text: text as never } });
const id = { 'Fn::GetAtt': ['Group', 'GroupId'] };

describe('a function whose argument another step of the run makes', () => {
  it('is applied once that step has run, and compared so afterwards', async () => {
    const world = createMemoryWorld({ seed: [] });
    const bench = benchOf(world);
    const plan = changePlanOf([
      noteOf({ 'Fn::Join': ['', ['for ', id, '/', { 'Fn::Select': ['0', { 'Fn::Split': ['-', id] }] }]] }),
      group,
    ]);
    const report = await bench.apply(plan);
    expect(report).toMatchObject({ outcome: 'done', exitCode: 0, findings: [] });
    const made = world.list().find(({ type }) => type === GROUP)?.identity ?? '';
    expect((await world.get(NOTE, 'n'))?.properties['Text']).toBe(`for ${made}/${made.split('-')[0]}`);
  });

  it('that does not take what the step gave stops the run before anything of its step is sent', async () => {
    const world = createMemoryWorld({ seed: [] });
    const bench = benchOf(world);
    const report = await bench.apply(
      changePlanOf([noteOf({ 'Fn::Select': ['7', { 'Fn::Split': ['-', id] }] }), group]),
    );
    expect(report.outcome).not.toBe('done');
    expect(JSON.stringify(report)).toContain('Select asks for element 7');
    expect(world.sent.map(({ operation }) => operation)).not.toContain('PutNote');
  });
});
