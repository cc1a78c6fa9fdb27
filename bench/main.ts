/** `npm run bench`: the numbers of docs/performance.md. Counts and sizes hold anywhere; times are of the machine it runs on. */
import { availableParallelism } from 'node:os';
import { print, table } from '../cli/terminal.ts';
import { measureFunctions } from './functions.ts';
import { measureRotation } from './rotation.ts';

const rotation = await measureRotation();
const names = [
  ...new Set([...Object.keys(rotation.fleet.byOperation), ...Object.keys(rotation.single.byOperation)]),
].sort();
const number = (value: number | undefined): string => (value ?? 0).toFixed(1);

print(`Node.js ${process.versions.node}, ${String(availableParallelism())} cores`);
print();
for (const line of table([
  ['PER ROTATION', 'FLEET OF 5', 'ONE HOST'],
  ['AWS calls without DynamoDB', number(rotation.fleet.calls), number(rotation.single.calls)],
  ['DynamoDB writes', number(rotation.fleet.dynamodbWrites), number(rotation.single.dynamodbWrites)],
  ...names.map((name) => [
    `  ${name}`,
    number(rotation.fleet.byOperation[name]),
    number(rotation.single.byOperation[name]),
  ]),
])) {
  print(line);
}
print();
print(`issuances per deployed certificate  ${rotation.issuancesPerDeployed.toFixed(2)}`);
print(`row put to certificate in use       ${rotation.enrolMedianSeconds.toFixed(1)} s median of 5 hosts`);
print();
const functions = measureFunctions().map(({ name, kilobytes, importMs }) => [
  name,
  kilobytes.toFixed(0),
  importMs.toFixed(0),
]);
for (const line of table([['FUNCTION', 'KB', 'IMPORT MS'], ...functions])) print(line);
