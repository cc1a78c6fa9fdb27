/** Reads what `cdk synth` writes: the one stack of a cloud assembly, its template and its file assets. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../platform.ts';

export interface StackAssembly {
  readonly stackName: string;
  readonly template: JsonObject;
  /** Absolute path of the directory or file behind an asset's object key. */
  assetPath(key: string): string;
}

const manifestShape = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.record(z.string(), z.json()).optional(),
    }),
  ),
});
const stackProperties = z.object({ templateFile: z.string(), stackName: z.string().optional() });
const assetManifestShape = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string() }),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
      }),
    )
    .optional(),
});

/** The stack of the assembly in `directory`; exactly one is expected. */
export function readAssembly(directory: string): StackAssembly {
  const { artifacts } = manifestShape.parse(readJson(directory, 'manifest.json'));
  const stacks = Object.entries(artifacts).filter(
    ([, artifact]) => artifact.type === 'aws:cloudformation:stack',
  );
  const nested = Object.entries(artifacts).filter(([, artifact]) => artifact.type === 'cdk:cloud-assembly');
  const [first] = stacks;
  if (first === undefined || stacks.length !== 1 || nested.length > 0) {
    const names = [...stacks, ...nested].map(([name]) => name).join(', ') || 'none';
    throw new Error(
      `the local AWS deploys exactly one stack per cloud assembly; ${directory} holds: ${names}`,
    );
  }
  const [artifactName, artifact] = first;
  const { templateFile, stackName } = stackProperties.parse(artifact.properties);
  const assets = readAssets(directory, Object.values(artifacts));
  return {
    stackName: stackName ?? artifactName,
    template: readJson(directory, templateFile),
    assetPath(key) {
      const path = assets.get(key);
      if (path === undefined) throw new Error(`no asset with the key ${key} in ${directory}`);
      return path;
    },
  };
}

function readAssets(
  directory: string,
  artifacts: readonly { readonly type: string; readonly properties?: unknown }[],
): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const artifact of artifacts) {
    if (artifact.type !== 'cdk:asset-manifest') continue;
    const { file } = z.object({ file: z.string() }).parse(artifact.properties);
    const { files } = assetManifestShape.parse(readJson(directory, file));
    for (const { source, destinations } of Object.values(files ?? {})) {
      const path = isAbsolute(source.path) ? source.path : resolve(directory, source.path);
      for (const { objectKey } of Object.values(destinations)) paths.set(objectKey, path);
    }
  }
  return paths;
}

function readJson(directory: string, file: string): JsonObject {
  const path = join(directory, file);
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read ${path}: ${why} (is it the output directory of cdk synth?)`, {
      cause: error,
    });
  }
}
