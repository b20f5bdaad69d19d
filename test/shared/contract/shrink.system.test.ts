import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { shrunk } from '../../../shared/contract/shrink.ts';
import { need } from './latency/need.ts';
import { probeScript, scriptToRead } from './probe/probe-script.ts';
import { scratchDirectory } from './probe/scratch.ts';

/** An awk program as a shell variable, as the script has them. */
function program(...lines: readonly string[]): string {
  return ["TEXT='", ...lines, "'", ''].join('\n');
}

describe('what is sent of an awk program', () => {
  test.for([
    ['comments on lines of their own go', ['# Why.', 'a { b() }'], ['a{b()}']],
    ['a hash in a string stays', ['{ print "# no comment" }'], ['{print "# no comment"}']],
    ['strings stay as they are', ['{ x = "a  b \\" , c" }'], ['{x="a  b \\" , c"}']],
    [
      'so do regular expressions',
      ['$1 ~ /a, [/ ] = \\/ x/ { y() }'],
      ['$1~/a, [/ ] = \\/ x/{y()}'],
    ],
    ['a slash behind a value divides', ['{ a = b / c, d / e }'], ['{a=b / c,d / e}']],
    ['a name and a parenthesis are no call', ['{ a = b (c) }'], ['{a=b (c)}']],
    ['words stay apart', ['{ if (a in b) return c d }'], ['{if(a in b)return c d}']],
    ['signs stay apart', ['{ a = b - -c + +d }'], ['{a=b - -c+ +d}']],
    [
      'a rule and a statement end with their lines',
      ['a { b()', 'c() }', 'd'],
      ['a{b()', 'c()}', 'd'],
    ],
    ['a line that goes on has no end', ['{ a = b &&', 'c', '}'], ['{a=b&&c}']],
  ] as const)('%s', ([, written, sent]) => {
    expect(shrunk(program(...written))).toBe(program(...sent));
  });

  test('a shell program stays as it is, without indentation', () => {
    const text = 'SESSION=\'\n  kill "$a"  || b=c\n\'\n';
    expect(shrunk(text)).toBe('SESSION=\'\nkill "$a"  || b=c\n\'\n');
  });
});

describe('the script that is sent', () => {
  const [sent, read] = [probeScript(), scriptToRead()].map(programsIn);

  test('has the programs of the one that people read', () => {
    expect(sent?.map(([name]) => name)).toEqual(read?.map(([name]) => name));
    expect(sent?.length).toBeGreaterThan(15);
  });

  test.for(sent ?? [])('gawk reads the same program: %s', ([name, text], { skip }) => {
    need(skip, 'gawk');
    const [, written = ''] = read?.find(([other]) => other === name) ?? [];
    expect(readByGawk(text)).toEqual(readByGawk(written));
  });
});

/** The awk programs of a script, by the names of their variables. */
function programsIn(script: string): readonly (readonly [name: string, text: string])[] {
  return script
    .matchAll(/^([A-Z_]+)='\n([^]*?)\n *'\n/gm)
    .map(([, name = '', text = '']) => [name, text] as const)
    .filter(([, text]) => !/^ *(?:[a-z]+=|mv )/.test(text) && !text.includes('$@'))
    .toArray();
}

/** How gawk prints a program that it has read, without its comments. */
function readByGawk(text: string): readonly string[] {
  const calls = new Set(text.match(/\b[a-z_0-9]+(?=\()/g));
  const defined = new Set([...text.matchAll(/\bfunction ([a-z_0-9]+)/g)].map(([, name]) => name));
  // Programs are parts of larger ones, and call what stands in these.
  const missing = [...calls].filter((name) => !defined.has(name) && !BUILT_IN.has(name));
  const file = path.join(scratchDirectory(), 'program.awk');
  const others = missing.map((name) => `function ${name}(a, b, c, d, e, f, g) { return }`);
  writeFileSync(file, [text.replaceAll(`'"$MARK"'`, 'mark'), ...others, ''].join('\n'));
  return execFileSync('gawk', ['--pretty-print=-', '-f', file], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => !/^\s*(#.*)?$/.test(line));
}

const BUILT_IN: ReadonlySet<string> = new Set(
  'if for while in return print printf length substr index split sub gsub match sprintf int close tolower toupper system exit getline'.split(
    ' ',
  ),
);
