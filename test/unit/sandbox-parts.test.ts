import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { ec2Corrections } from '../../src/sandbox/proxy/ec2/table.ts';
import { refusalOf } from '../../src/sandbox/proxy/faults.ts';
import { identify, isMutating, s3Operation } from '../../src/sandbox/proxy/protocol/identify.ts';
import { Parameters } from '../../src/sandbox/proxy/protocol/parameters.ts';
import { rdsCorrections } from '../../src/sandbox/proxy/rds/table.ts';
import { copySource } from '../../src/sandbox/proxy/s3/paths.ts';
import { s3Corrections } from '../../src/sandbox/proxy/s3/table.ts';
import { Transitions } from '../../src/sandbox/proxy/protocol/emulator-state.ts';
import { copyOf, drop, listAt, parseXml, put, textAt, writeXml } from '../../src/sandbox/proxy/protocol/xml.ts';

describe('XML', () => {
  it('comes out as it went in', () => {
    const inner = '<A xmlns="urn:x"><B>a &amp; b &lt;c&gt;</B><C/><D q="1&quot;2"><E>ä&#xD;</E></D></A>';
    expect(writeXml(parseXml(`<?xml version="1.0"?>\n<!-- note -->${inner}`))).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n${inner}`,
    );
  });
  it('reads entities, character data and white space between elements', () => {
    const root = parseXml('<A>\n  <B><![CDATA[1 < 2]]></B>\n  <C>&#65;&#x42;</C>\n</A>');
    expect([textAt(root, 'B'), textAt(root, 'C'), root.text]).toEqual(['1 < 2', 'AB', '']);
  });
  it('keeps a text that is only white space', () => expect(textAt(parseXml('<A><B>  </B></A>'), 'B')).toBe('  '));
  it('sets, drops and copies', () => {
    const root = parseXml('<A><B>1</B><L><item>x</item></L></A>');
    const copy = copyOf(root);
    put(root, 'B', '2');
    put(root, 'C', '3');
    drop(root, 'L');
    expect([textAt(root, 'B'), textAt(root, 'C'), listAt(root, 'L').length]).toEqual(['2', '3', 0]);
    expect([textAt(copy, 'B'), listAt(copy, 'L').length]).toEqual(['1', 1]);
  });
  it.each(['', 'text', '<A>', '<A></B>', '<A/></A>'])('refuses %j', (source) =>
    expect(() => parseXml(source)).toThrow('XML'),
  );
});

describe('request parameters', () => {
  it('are read as lists, structures and filters of both services', () => {
    const parameters = new Parameters(
      'InstanceId.1=i-1&InstanceId.2=i-2&InstanceId.10=i-10&Filter.1.Name=n&Filter.1.Value.1=a&Filter.1.Value.2=b&Filters.Filter.1.Name=m&Filters.Filter.1.Values.Value.1=c',
    );
    expect(parameters.list('InstanceId')).toEqual(['i-1', 'i-2', 'i-10']);
    expect(parameters.filters()).toEqual([
      { name: 'n', values: ['a', 'b'] },
      { name: 'm', values: ['c'] },
    ]);
  });
  it('are rewritten without leftovers', () => {
    const parameters = new Parameters({
      'Filter.1.Name': 'a',
      'Filter.1.Value.1': '1',
      'Filter.2.Name': 'b',
      'Filter.2.Value.1': '2',
      Other: 'x',
    });
    parameters.setFilters([{ name: 'b', values: ['3'] }]);
    expect(parameters.toRecord()).toEqual({ Other: 'x', 'Filter.1.Name': 'b', 'Filter.1.Value.1': '3' });
  });
  it('have one fingerprint in any order', () => {
    const print = (text: string) => new Parameters(text).fingerprint(['ClientToken']);
    expect(print('a=1&b=2&ClientToken=x')).toBe(print('b=2&ClientToken=y&a=1'));
    expect(print('a=1')).not.toBe(print('a=2'));
  });
});

describe('states in between', () => {
  const at = (pace = { reads: 2, milliseconds: 300 }) => {
    let now = 0;
    return {
      transitions: new Transitions(pace, () => now),
      pass: (milliseconds: number) => {
        now += milliseconds;
      },
    };
  };
  it('end after so many reads, and a look is no read', () => {
    const { transitions } = at();
    transitions.begin('a', 'pending');
    transitions.peek('a');
    transitions.peek('a');
    expect([transitions.read('a'), transitions.read('a'), transitions.read('a')]).toEqual([
      { state: 'pending', percent: 33 },
      { state: 'pending', percent: 67 },
      undefined,
    ]);
  });
  it('end after so long', () => {
    const { transitions, pass } = at();
    transitions.begin('a', 'creating', 'backing-up');
    pass(301);
    expect(transitions.peek('a')).toBe('backing-up');
    pass(301);
    expect(transitions.peek('a')).toBeUndefined();
  });
  it('move with a name, and are none where they are switched off', () => {
    const { transitions } = at();
    transitions.begin('a', 'renaming');
    transitions.rename('a', 'b');
    expect([transitions.peek('a'), transitions.peek('b')]).toEqual([undefined, 'renaming']);
    const off = at({ reads: 0, milliseconds: 300 }).transitions;
    off.begin('a', 'pending');
    expect(off.read('a')).toBeUndefined();
  });
});

describe('what a request is', () => {
  const s3 = (method: string, path: string, copy = false) => {
    const identified = identify({ url: path, headers: {} } as IncomingMessage);
    return s3Operation(method, identified, copy);
  };
  it.each([
    ['GET', '/', 'ListBuckets'],
    ['PUT', '/b', 'CreateBucket'],
    ['DELETE', '/b', 'DeleteBucket'],
    ['HEAD', '/b', 'HeadBucket'],
    ['GET', '/b?list-type=2', 'ListObjectsV2'],
    ['GET', '/b?versions', 'ListObjectVersions'],
    ['GET', '/b?policy', 'GetBucketPolicy'],
    ['DELETE', '/b?lifecycle', 'DeleteBucketLifecycle'],
    ['PUT', '/b?publicAccessBlock', 'PutPublicAccessBlock'],
    ['POST', '/b?delete', 'DeleteObjects'],
    ['GET', '/b?metrics', 'ListBucketMetricsConfigurations'],
    ['GET', '/b?metrics&id=x', 'GetBucketMetricsConfiguration'],
    ['DELETE', '/b?intelligent-tiering&id=x', 'DeleteBucketIntelligentTieringConfiguration'],
    ['PUT', '/b/k', 'PutObject'],
    ['GET', '/b/k/l', 'GetObject'],
    ['DELETE', '/b/k?versionId=1', 'DeleteObject'],
    ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
    ['PUT', '/b/k?uploadId=1&partNumber=1', 'UploadPart'],
    ['PUT', '/b/k?tagging', 'PutObjectTagging'],
    ['PUT', '/b/k?legal-hold', 'PutObjectLegalHold'],
  ])('%s %s is %s', (method, path, operation) => expect(s3(method, path)).toBe(operation));
  it('is a copy where it has a source', () => expect(s3('PUT', '/b/k', true)).toBe('CopyObject'));
  it('is told by the signature', () => {
    const headers = {
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIA/20260226/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=0',
    };
    expect(identify({ url: '/b/%C3%A4%2Fx?a=1', headers } as IncomingMessage)).toEqual({
      accessKey: 'AKIA',
      region: 'eu-west-1',
      service: 'rds',
      bucket: 'b',
      key: 'ä/x',
      query: new Map([['a', '1']]),
    });
  });
  it('changes something unless its name says that it reads', () => {
    expect(
      ['DescribeInstances', 'GetObject', 'ListBuckets', 'HeadBucket', 'RunInstances', 'UnknownOperation'].map(
        isMutating,
      ),
    ).toEqual([false, false, false, false, true, true]);
  });
  it('has a copy source with a version', () => {
    expect(copySource('/b/a%20b/c?versionId=v1')).toEqual({ bucket: 'b', key: 'a b/c', versionId: 'v1' });
    expect(copySource('b/k')).toEqual({ bucket: 'b', key: 'k', versionId: undefined });
  });
});

describe('faults', () => {
  it('are told in the words of the service', () => {
    expect([
      refusalOf({ kind: 'throttle' }, 'ec2', 'X')?.code,
      refusalOf({ kind: 'throttle' }, 'rds', 'X')?.code,
      refusalOf({ kind: 'deny' }, 's3', 'X')?.code,
    ]).toEqual(['RequestLimitExceeded', 'Throttling', 'AccessDenied']);
    expect(refusalOf({ kind: 'drop', when: 'after' }, 'ec2', 'X')).toBeUndefined();
  });
});

describe('the table of corrections', () => {
  it('says of each what AWS does', () => {
    const answers = [...ec2Corrections, ...rdsCorrections, ...s3Corrections].map((correction) => correction.answers);
    expect(answers.filter((text) => text.length < 10)).toEqual([]);
  });
  it('corrects something with each', () => {
    expect(
      [...ec2Corrections, ...rdsCorrections].filter(
        ({ before, after, around }) => before === undefined && after === undefined && around === undefined,
      ),
    ).toEqual([]);
  });
});
