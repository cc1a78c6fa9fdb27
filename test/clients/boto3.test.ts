import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { readTable } from '../../local-aws/shapes/model.ts';
import { ready, startFleet } from '../e2e/fleet.ts';
import { askBoto3 } from './ask.ts';
import type { Asking } from './ask.ts';
import { askEverything } from './every-operation.ts';
import { environment } from './tools.ts';

let fleet: Fleet;
let boto3: Asking;
beforeAll(async () => {
  fleet = await startFleet(2);
  boto3 = askBoto3(environment(fleet.aws));
  await fleet.enrol(fleet.nodes[0]?.id ?? '');
  await fleet.until('the first certificate', [fleet.nodes[0]?.id ?? ''], ready);
});
afterAll(async () => {
  boto3.close();
  await fleet.aws.close();
});

test('boto3 exercises every operation that the local AWS offers', async () => {
  const asked = await askEverything(fleet, boto3.ask, () => true);
  const offered = Object.entries(readTable().services).flatMap(([service, { operations }]) =>
    Object.keys(operations).map((operation) => `${service} ${operation}`),
  );
  // CreateSession is in no model of boto3: signing-helper.test.ts does it.
  expect([...asked].sort()).toEqual(offered.filter((one) => !one.endsWith(' CreateSession')).sort());
});
