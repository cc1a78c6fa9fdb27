/** Which names an expression mentions, found without evaluating it: for the order of creation and for early refusals. */
import type { Json } from '../platform.ts';
import { attributeNames, intrinsicOf, list, subArguments, text } from './intrinsics.ts';

/** A name that an expression mentions, found without evaluating it. */
export interface Mention {
  readonly kind: 'ref' | 'attribute' | 'condition' | 'mapping';
  readonly name: string;
}

/** Every name that `value` mentions; throws on an intrinsic function that is not modelled. */
export function mentions(value: Json): Mention[] {
  if (Array.isArray(value)) return value.flatMap(mentions);
  if (typeof value !== 'object' || value === null) return [];
  const call = intrinsicOf(value);
  if (call === undefined) return Object.values(value).flatMap(mentions);
  switch (call.name) {
    case 'Ref':
      return [{ kind: 'ref', name: text(call.argument, 'Ref') }];
    case 'Fn::GetAtt':
      return [{ kind: 'attribute', name: attributeNames(call.argument)[0] }];
    case 'Fn::Sub':
      return mentionsOfSub(call.argument);
    case 'Fn::If': {
      const [name, ...branches] = list(call.argument, 'Fn::If');
      return [{ kind: 'condition', name: text(name, 'Fn::If') }, ...branches.flatMap(mentions)];
    }
    default:
      return mentions(call.argument);
  }
}

function mentionsOfSub(argument: Json): Mention[] {
  const [template, variables] = subArguments(argument);
  const found: Mention[] = mentions(variables);
  for (const [, literal, name = ''] of template.matchAll(/\$\{(!?)([^}]*)\}/g)) {
    if (literal === '!' || Object.hasOwn(variables, name)) continue;
    const [first = '', ...attribute] = name.split('.');
    found.push({ kind: attribute.length > 0 ? 'attribute' : 'ref', name: first });
  }
  return found;
}
