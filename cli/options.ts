import { parseArgs } from 'node:util';
import { UsageError } from './terminal.ts';

export interface NumberOption {
  readonly kind: 'number';
  readonly min: number;
  readonly max: number;
  readonly value: number;
}
export interface FlagOption {
  readonly kind: 'flag';
}
export interface TextOption {
  readonly kind: 'text';
}
/** May be repeated. */
export interface ListOption {
  readonly kind: 'list';
}
interface Values {
  readonly number: number;
  readonly flag: boolean;
  readonly text: string | undefined;
  readonly list: readonly string[];
}
type Spec = Readonly<Record<string, NumberOption | FlagOption | TextOption | ListOption>>;
type Parsed<S extends Spec> = { readonly [K in keyof S]: Values[S[K]['kind']] };

/** Reads `--name N`, `--name` and `--name TEXT`; everything else is refused with the usage. */
export function readOptions<S extends Spec>(spec: S, usage: string): Parsed<S> {
  const values = parse(spec, usage);
  const entries = Object.entries(spec).map(([name, option]) => {
    const value = values[name];
    if (option.kind === 'flag') return [name, value === true];
    if (option.kind === 'text') return [name, value];
    if (option.kind === 'list') return [name, value ?? []];
    if (typeof value !== 'string') return [name, option.value];
    const number = /^\d{1,6}$/.test(value) ? Number(value) : NaN;
    if (!(number >= option.min && number <= option.max)) {
      throw new UsageError(
        `--${name} is ${JSON.stringify(value)}; allowed: ${String(option.min)} to ${String(option.max)}\n${usage}`,
      );
    }
    return [name, number];
  });
  // One entry for each name of the specification, of the type that it names.
  return Object.fromEntries(entries) as Parsed<S>;
}

function parse(spec: Spec, usage: string): Record<string, unknown> {
  const options = Object.fromEntries(
    Object.entries(spec).map(([name, { kind }]) => [
      name,
      { type: kind === 'flag' ? ('boolean' as const) : ('string' as const), multiple: kind === 'list' },
    ]),
  );
  try {
    return parseArgs({ options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? (error.message.split('.')[0] ?? '') : String(error)}\n${usage}`,
    );
  }
}
