import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

/** SET and REMOVE with every name and value as a placeholder: nothing from a row ever stands in an expression. */
export function updateExpression(
  set: Readonly<Record<string, unknown>>,
  remove: readonly string[] = [],
): { expression: string; names: Record<string, string>; values: Record<string, AttributeValue> } {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const assignments = Object.entries(set).map(([name, value], index) => {
    names[`#s${String(index)}`] = name;
    values[`:s${String(index)}`] = value;
    return `#s${String(index)} = :s${String(index)}`;
  });
  const removals = remove.map((name, index) => {
    names[`#r${String(index)}`] = name;
    return `#r${String(index)}`;
  });
  const parts = [
    `SET ${assignments.join(', ')}`,
    ...(removals.length === 0 ? [] : [`REMOVE ${removals.join(', ')}`]),
  ];
  return { expression: parts.join(' '), names, values: marshall(values, { removeUndefinedValues: true }) };
}
