import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { readTable } from '../../local-aws/shapes/model.ts';
import { ready, startFleet } from '../e2e/fleet.ts';
import { askJavaScript } from './ask.ts';
import { askEverything } from './every-operation.ts';

/** Signing name → package. There is none of IAM and of Scheduler among ours: boto3 asks those. */
const PACKAGES: Readonly<Record<string, string>> = {
  'acm-pca': 'acm-pca',
  dynamodb: 'dynamodb',
  events: 'eventbridge',
  lambda: 'lambda',
  rolesanywhere: 'rolesanywhere',
  s3: 's3',
  sns: 'sns',
  sqs: 'sqs',
  ssm: 'ssm',
  sts: 'sts',
};

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(2);
  await fleet.enrol(fleet.nodes[0]?.id ?? '');
  await fleet.until('the first certificate', [fleet.nodes[0]?.id ?? ''], ready);
});
afterAll(() => fleet.aws.close());

test('the JavaScript SDK exercises every operation of the services it has a client for here', async () => {
  const { endpoint, region } = fleet.aws;
  const ask = askJavaScript({ endpoint, region, packages: PACKAGES });
  const asked = await askEverything(fleet, ask, (service) => service in PACKAGES);
  const offered = Object.entries(readTable().services)
    .filter(([service]) => service in PACKAGES)
    .flatMap(([service, { operations }]) =>
      Object.keys(operations).map((operation) => `${service} ${operation}`),
    );
  expect([...asked].sort()).toEqual(offered.filter((one) => !one.endsWith(' CreateSession')).sort());
});
