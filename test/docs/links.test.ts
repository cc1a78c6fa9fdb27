import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf, DOCUMENTS, headings, prose, read, ROOT } from './documents.ts';

interface Link {
  readonly target: string;
  readonly path: string;
  readonly anchor: string;
}

/** Relative links of a document; addresses of others are not asked for. */
function links(document: string): Link[] {
  return [...prose(read(document)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { target, path: path === '' ? document : join(dirname(document), path), anchor };
    });
}

describe('documents', () => {
  it.each(DOCUMENTS)('%s links only to what exists', (document) => {
    const broken = links(document).filter(({ path, anchor }) => {
      if (!existsSync(join(ROOT, path))) return true;
      return anchor !== '' && !headings(read(path)).map(anchorOf).includes(anchor);
    });
    expect(broken.map(({ target }) => target)).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names no place of one machine', (document) => {
    expect(read(document)).not.toMatch(/\/work\/|\.\.\/shared|\/home\/[a-z]/);
  });

  it('have headings that differ, so that links to them are clear', () => {
    for (const document of ['docs/runbook.md', 'docs/unconfirmed.md', 'README.md']) {
      const anchors = headings(read(document)).map(anchorOf);
      expect(anchors).toEqual([...new Set(anchors)]);
    }
  });
});
