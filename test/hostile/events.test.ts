import type { SQSRecord } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crlEvent, workItem } from '../../lambda/events.ts';
import { CertvendError } from '../../src/core/errors.ts';
import { HOST_ID } from '../../src/core/host-request.ts';
import { hostileText, hostileValue } from './corpus.ts';

function record(body: string): SQSRecord {
  const attributes = {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '0',
  };
  return {
    messageId: 'm',
    receiptHandle: '',
    body,
    attributes,
    messageAttributes: {},
    md5OfBody: '',
    eventSource: '',
    eventSourceARN: '',
    awsRegion: '',
  };
}

/** What a function throws for a message must be ours, so that it says what was wrong. */
function refusal(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(CertvendError);
    expect(error).toMatchObject({ code: 'InvalidMessage', retryable: false });
    return undefined;
  }
}

const event = fc.record({
  kind: fc.option(hostileValue, { nil: undefined }),
  source: fc.oneof(fc.constantFrom('aws.ssm', 'aws.acm-pca', 'aws.s3'), hostileText),
  resources: hostileValue,
  detail: fc.oneof(
    hostileValue,
    fc.record({
      'command-id': hostileValue,
      'instance-id': hostileValue,
      result: hostileValue,
      bucket: hostileValue,
      object: hostileValue,
    }),
  ),
});

describe('messages', () => {
  it('of any text are read or refused with a reason', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        refusal(() => workItem(record(text)));
      }),
    );
  });

  it('of any shape name a real host id or are refused', () => {
    fc.assert(
      fc.property(event, (body) => {
        const item = refusal(() => workItem(record(JSON.stringify(body))));
        if (typeof item === 'object' && item !== null && 'hostId' in item)
          expect(item.hostId).toMatch(HOST_ID);
        refusal(() => crlEvent(body));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [
      'a start for a host that is no managed node',
      { kind: 'start', hostId: 'i-0123456789abcdef0', attempt: '01JD00000000000000000000AA' },
    ],
    ['an attempt that is no ULID', { kind: 'start', hostId: 'mi-0123456789abcdef0', attempt: '../../etc' }],
    [
      'an unknown kind',
      { kind: 'destroy', hostId: 'mi-0123456789abcdef0', attempt: '01JD00000000000000000000AA' },
    ],
    ['an event of another service', { source: 'aws.ec2', detail: {} }],
    [
      'an issuance event without a certificate',
      {
        source: 'aws.acm-pca',
        resources: ['arn:aws:acm-pca:us-east-1:1:certificate-authority/x'],
        detail: {},
      },
    ],
  ])('that are %s are refused', (_what, body) => {
    expect(() => workItem(record(JSON.stringify(body)))).toThrow(
      expect.objectContaining({ code: 'InvalidMessage' }),
    );
  });

  it('about EC2 instances are nobody of ours and ignored', () => {
    const detail = {
      'command-id': '01234567-89ab-cdef-0123-456789abcdef',
      'instance-id': 'i-0123456789abcdef0',
      status: 'Success',
    };
    expect(workItem(record(JSON.stringify({ source: 'aws.ssm', detail })))).toBeUndefined();
  });
});
