/** What may stand behind `npm run local --`. */
import { faultNames } from '../../local-aws/faults/catalogue.ts';
import type { FaultName } from '../../local-aws/faults/catalogue.ts';
import { readOptions } from '../options.ts';
import { UsageError } from '../terminal.ts';

export const USAGE = `usage: npm run local -- [options]
  --port N               port on 127.0.0.1 (default 4566)
  --hosts N              managed nodes (default 3, at most 200)
  --data DIR             keep the CA, tables, nodes and time in DIR, and go on with what is there
  --wire-log FILE        append every request and answer to FILE, secrets masked
  --signing-helper PATH  the real aws_signing_helper instead of the stand-in
  --fault NAME[=RATE]    switch a fault on (may be repeated); see GET /_local/faults
  --seed N               what the verdicts of faults are drawn from (default 1)`;

export interface Arguments {
  readonly port: number;
  readonly hosts: number;
  readonly seed: number;
  readonly data: string | undefined;
  readonly wireLog: string | undefined;
  readonly signingHelper: string | undefined;
  readonly faults: Readonly<Partial<Record<FaultName, { rate: number }>>>;
}

export function readArguments(): Arguments {
  const given = readOptions(
    {
      port: { kind: 'number', min: 1, max: 65_535, value: 4566 },
      hosts: { kind: 'number', min: 0, max: 200, value: 3 },
      seed: { kind: 'number', min: 0, max: 999_999, value: 1 },
      data: { kind: 'text' },
      'wire-log': { kind: 'text' },
      'signing-helper': { kind: 'text' },
      fault: { kind: 'list' },
    },
    USAGE,
  );
  const { 'wire-log': wireLog, 'signing-helper': signingHelper, fault, ...rest } = given;
  return { ...rest, wireLog, signingHelper, faults: Object.fromEntries(fault.map(readFault)) };
}

function readFault(text: string): [FaultName, { rate: number }] {
  const [name = '', rate = '1', ...more] = text.split('=');
  const known = faultNames.find((one) => one === name);
  if (known === undefined) {
    throw new UsageError(
      `--fault: there is no fault ${JSON.stringify(name)}; there are ${faultNames.join(', ')}`,
    );
  }
  const number = /^(0|1|0?\.\d+|1\.0+)$/.test(rate) ? Number(rate) : NaN;
  if (more.length > 0 || Number.isNaN(number)) {
    throw new UsageError(
      `--fault: the rate of ${name} is ${JSON.stringify(text.slice(name.length + 1))}; allowed: 0 to 1, for example ${name}=0.2`,
    );
  }
  return [known, { rate: number }];
}
