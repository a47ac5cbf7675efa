import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { instance } from '../../providers/ec2/instance/instance.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { plan } from '../../src/plan/planner.ts';
import type { Effect } from '../../src/domain/call.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { cardRows } from '../../src/views/step/card-rows.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { instanceId, sampleInstance } from '../helpers/ec2-samples.ts';
import { changePlanOf, codes, plainConfiguration, planningNow, stepOf } from '../helpers/planning-samples.ts';
import type { EntrySample } from '../helpers/planning-samples.ts';

let live: LiveResource;
beforeAll(async () => {
  const sample = await sampleInstance();
  const devices = (sample.attributes['BlockDevices'] as readonly JsonObject[]).map((device) =>
    device['VolumeId'] === 'vol-data' ? { ...device, Tags: { Name: 'courses' } } : device,
  );
  live = {
    ...sample,
    properties: { ...sample.properties, UserData: undefined as never },
    attributes: {
      ...sample.attributes,
      BlockDevices: devices,
      Addresses: [{ AllocationId: 'eipalloc-1', PublicIp: '203.0.113.9', PrivateIpAddress: '10.0.0.5' }],
    },
  };
});

const planned = (entries: readonly EntrySample[]) =>
  plan({
    changePlan: changePlanOf(entries),
    text: '',
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
    live: {
      format: 'aiplan/live@1',
      target: { account: '123456789012', region: 'eu-west-1', caller: 'arn:aws:iam::1:user/t', endpoint: null },
      readAt: planningNow,
      recorded: false,
      resources: [live],
      absent: [],
      complete: resourceTypes.all.map(({ type }) => type),
      failures: [],
      calls: {},
      account: {},
    },
  });

const replace = (rest: Partial<EntrySample> = {}): EntrySample => ({
  address: 'Web',
  type: 'AWS::EC2::Instance',
  action: 'replace',
  id: instanceId,
  order: 'delete-first',
  reason: 'r',
  properties: { InstanceType: 'm7g.xlarge' },
  ...rest,
});

describe('a replaced instance', () => {
  it('names each volume, address and interface that its successor does not get, and the lines that move them', () => {
    const result = planned([replace()]);
    const step = stepOf(result, 'Web');
    expect(step.destruction?.loses).toEqual(
      expect.arrayContaining([
        'data volume vol-data (/dev/sdf, 100 GiB, tagged "courses") stays behind: the new instance comes without it',
        'elastic address 203.0.113.9 (eipalloc-1) stays behind: the new instance comes without it',
        'network interface eni-2 (device index 1) stays behind: the new instance comes without it',
      ]),
    );
    expect(step.leftovers).toEqual(expect.arrayContaining(['vol-root', 'vol-data', 'eipalloc-1', 'eni-2']));
    expect(step.changes.map(({ path }) => path)).toEqual(['InstanceType']);
    expect(codes(result, 'Web', 'warning')).toContain('stays-behind');
    expect(result.plan.findings.find(({ code }) => code === 'stays-behind')?.help).toContain(
      'carry: [ addresses, volumes ]\n    order: delete-first',
    );
    // The plan does not promise what no call makes.
    expect(JSON.stringify(result.work.get('Web')?.desired)).not.toContain('vol-data');
    expect(result.plan.findings.find(({ code }) => code === 'replace-carries')?.message).not.toMatch(/Volumes/u);
    expect(cardRows(step, result.plan, 0).map(plainText).join('\n')).toMatch(
      /loses +data volume vol-data \(\/dev\/sdf, 100 GiB/u,
    );
  });

  it('leaves nothing behind that it carries', () => {
    const result = planned([replace({ carry: ['volumes', 'addresses', 'PrivateIpAddress'] })]);
    const step = stepOf(result, 'Web');
    expect(step.destruction?.loses.filter((loss) => /vol-data|eipalloc-1/u.test(loss))).toEqual([]);
    expect(step.leftovers).toEqual(['vol-root', 'eni-2']);
    expect(step.calls).toEqual(expect.arrayContaining(['ec2:AttachVolume', 'ec2:AssociateAddress']));
    expect(result.work.get('Web')?.desired['Volumes']).toEqual([{ Device: '/dev/sdf', VolumeId: 'vol-data' }]);
  });

  it('gives back what a rollback restores: it is no leftover of the deletion of the replacement', () => {
    const former: LiveResource = { ...live, identity: 'i-0former', incarnation: 'i-0former' };
    const restore = {
      run: 'r',
      step: 'Web',
      formerIdentity: former.identity,
      formerIncarnation: 'i-0former',
      capture: { how: 'native', refs: { image: 'ami-2', snapshots: [] }, pointInTime: null, extras: {} },
      live: former,
    } as const;
    const result = planned([
      { address: 'Web', type: live.type, action: 'create', reason: 'r', properties: {}, restore },
      { address: 'WebReplacement', type: live.type, action: 'delete', id: instanceId, reason: 'r' },
    ]);
    expect(stepOf(result, 'WebReplacement').leftovers).toEqual(['vol-root']);
  });

  it('blocks a volume of the old instance that the author names without carrying it', () => {
    const volumes = { Volumes: [{ Device: '/dev/sdf', VolumeId: 'vol-data' }] };
    expect(codes(planned([replace({ properties: volumes })]), 'Web')).toContain('carry-needed');
    expect(codes(planned([replace({ properties: volumes, carry: ['volumes'] })]), 'Web')).not.toContain('carry-needed');
  });

  it('suppresses the device of a volume that stays: an image of the old instance would bring a copy', () => {
    const desired = planned([replace()]).work.get('Web')?.desired ?? {};
    const program = instance.create!(
      contextFor({ live, desired, changes: [], action: 'replace', replacing: true, order: 'delete-first' }),
    );
    const image = {
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { SnapshotId: 'snap-1', VolumeSize: 8 } },
        { DeviceName: '/dev/sdf', Ebs: { SnapshotId: 'snap-2', VolumeSize: 100 } },
      ],
    };
    let mappings: unknown;
    for (let step = program.next(); step.done !== true;) {
      const effect = step.value as Effect;
      if (effect.kind === 'call' && effect.call.operation === 'RunInstances')
        mappings = effect.call.input['BlockDeviceMappings'];
      step = program.next(
        effect.kind === 'read' ? { Images: [image] } : effect.kind === 'call' ? (effect.call.preview ?? {}) : {},
      );
    }
    expect(mappings).toEqual([
      expect.objectContaining({ DeviceName: '/dev/xvda' }),
      { DeviceName: '/dev/sdf', NoDevice: '' },
    ]);
  });

  it('attaches a carried volume only when AWS has let it go', () => {
    const context = contextFor({
      live,
      desired: live.properties,
      changes: [],
      action: 'replace',
      replacing: true,
      carry: ['volumes'],
      order: 'delete-first',
    });
    const effects: string[] = [];
    const program = instance.create!(context);
    for (let step = program.next(); step.done !== true;) {
      const effect = step.value as Effect;
      effects.push(effect.kind === 'wait' ? effect.wait.what : effect.kind === 'call' ? effect.call.operation : '');
      step = program.next(effect.kind === 'call' ? (effect.call.preview ?? {}) : {});
    }
    expect(effects.filter((text) => /vol-data|Volume/u.test(text))).toEqual([
      'volume vol-data free',
      'AttachVolume',
      'volume vol-data attached',
    ]);
  });
});
