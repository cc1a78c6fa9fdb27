/** The order of creation: everything a resource mentions or depends on comes before it. */
import { mentions } from './mentions.ts';
import { dependsOn } from './template.ts';
import type { TemplateResource } from './template.ts';

/** Logical ids, dependencies first, otherwise in the order of the template. */
export function creationOrder(resources: ReadonlyMap<string, TemplateResource>): string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string, path: readonly string[]): void => {
    const resource = resources.get(logicalId);
    if (resource === undefined || ordered.has(logicalId)) return;
    if (path.includes(logicalId))
      throw new Error(`circular dependency: ${[...path, logicalId].join(' -> ')}`);
    for (const needed of dependenciesOf(resource)) visit(needed, [...path, logicalId]);
    ordered.add(logicalId);
  };
  for (const logicalId of resources.keys()) visit(logicalId, []);
  return [...ordered];
}

function dependenciesOf(resource: TemplateResource): string[] {
  const mentioned = mentions(resource.Properties).filter(
    ({ kind }) => kind === 'ref' || kind === 'attribute',
  );
  return [...dependsOn(resource), ...mentioned.map(({ name }) => name)];
}
