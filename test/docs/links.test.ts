import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..', '..');

const DOCUMENTS = globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).toSorted();

/** What is written in a block of code is no link and no heading. */
function proseOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
}

/** The anchors that GitHub gives a document's headings. */
function anchorsIn(file: string): ReadonlySet<string> {
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

/** Of a link to a file of the repository: why it leads nowhere. */
function faultOf(document: string, link: string): string | undefined {
  const [target = '', anchor] = link.split('#');
  const own = path.join(ROOT, document);
  const file = target === '' ? own : path.join(path.dirname(own), target);
  if (!existsSync(file)) return `${link}: there is no such file`;
  if (anchor === undefined || statSync(file).isDirectory()) return undefined;
  return anchorsIn(file).has(anchor) ? undefined : `${link}: there is no such heading`;
}

describe('links between documents lead somewhere', () => {
  test.for(DOCUMENTS)('%s', (document) => {
    const links = [...proseOf(path.join(ROOT, document)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link));
    expect(links.flatMap((link) => faultOf(document, link) ?? [])).toEqual([]);
  });

  test('the README has some', () => {
    expect(proseOf(path.join(ROOT, 'README.md'))).toMatch(/\]\(docs\/deploy\.md#settings\)/);
  });
});
