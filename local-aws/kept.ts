/**
 * What one run of the local AWS leaves to the next in its directory. Services say what to keep under a name and ask for
 * what the run before kept, when they create the resource that it belongs to. The file holds the private key of the CA, so
 * only its owner can read it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Json } from './platform.ts';

export interface Kept {
  /** What the run before kept under this name; the second time nothing. */
  take<T>(name: string, shape: z.ZodType<T>): T | undefined;
  /** Adds to what this run will keep. */
  keep(name: string, save: () => Promise<Json> | Json): void;
}

export interface KeptFile extends Kept {
  save(): Promise<void>;
}

const VERSION = 1;
const fileShape = z.strictObject({ version: z.number(), entries: z.record(z.string(), z.json()) });

/** Throws one sentence when the directory holds the state of another version. */
export function openKept(directory: string): KeptFile {
  const file = join(directory, 'state.json');
  const before = read(file);
  const savers = new Map<string, () => Promise<Json> | Json>();
  return {
    take(name, shape) {
      const found = before.get(name);
      before.delete(name);
      return found === undefined ? undefined : shape.parse(found);
    },
    keep: (name, save) => void savers.set(name, save),
    async save() {
      const entries: Record<string, Json> = {};
      for (const [name, save] of savers) entries[name] = await save();
      // A rename, so that a crash in between leaves the state of the run before.
      writeFileSync(`${file}.new`, JSON.stringify({ version: VERSION, entries }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

function read(file: string): Map<string, Json> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  const parsed = fileShape.safeParse(jsonOf(text));
  if (parsed.success && parsed.data.version === VERSION) return new Map(Object.entries(parsed.data.entries));
  throw new Error(
    `${file} is not the state of this version of the local AWS: remove its directory or choose another one`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
