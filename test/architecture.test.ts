import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** Lowest first. A folder imports from its own tier and from those before it. */
const TIERS: readonly (readonly string[])[] = [
  ['units', 'math'],
  ['schema'],
  ['catalog', 'scenario'],
  ['model', 'traffic'],
  ['perf', 'energy'],
  ['serving', 'fleet'],
  ['cost', 'api'],
  ['analysis', 'result'],
  ['io', 'report'],
  ['run'],
  ['cli', 'web'],
];
const FIRST_THAT_MAY_TOUCH_NODE = TIERS.findIndex((tier) => tier.includes('io'));
const CITED = ['model', 'perf', 'energy', 'cost'];

/** Sources by their path from the root of the package. */
type Sources = ReadonlyMap<string, string>;

const folderOf = (path: string) => path.split('/')[1] ?? '';
const tierOf = (path: string) => TIERS.findIndex((tier) => tier.includes(folderOf(path)));

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

function filesImported(path: string, text: string): string[] {
  const relativeOnes = importsOf(text).filter((name) => name.startsWith('.'));
  return relativeOnes.map((name) => normalize(join(dirname(path), name))).filter((file) => file.startsWith('src/'));
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function wrongDirections(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (tierOf(path) < 0) return [`${path}: src/${folderOf(path)} has no place in the list of tiers`];
    const upwards = filesImported(path, text).filter((file) => tierOf(file) > tierOf(path));
    return upwards.map((file) => `${path} imports ${file}, which stands above it`);
  });
}

function cycles(sources: Sources): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const file of filesImported(path, sources.get(path) ?? '')) visit(file, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** What makes a result depend on more than its inputs, or keeps it from running in a page. */
const IMPURE = /^(Date\.now|Math\.random|performance\.now|new Date(?:\(\))?$|process\.\w+|globalThis\.\w+)/;

function expressionsOf(path: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) || ts.isNewExpression(node)) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(parse(path, text));
  return found;
}

function impurities(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (tierOf(path) >= FIRST_THAT_MAY_TOUCH_NODE) return [];
    const node = importsOf(text).filter((name) => name.startsWith('node:'));
    const impure = expressionsOf(path, text).flatMap((code) => IMPURE.exec(code)?.[0] ?? []);
    return [...node, ...new Set(impure)].map((what) => `${path} uses ${what}, but src/${folderOf(path)} is pure`);
  });
}

function privileges(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const expressions = new Set(expressionsOf(path, text));
    const found: string[] = [];
    if (expressions.has('process.exit'))
      found.push(`${path} calls process.exit, which cuts what is still being written`);
    if (expressions.has('process.exitCode') && folderOf(path) !== 'cli')
      found.push(`${path} sets the exit code; only src/cli may`);
    const usesMathjs = importsOf(text).some((name) => name === 'mathjs' || name.startsWith('mathjs/'));
    if (usesMathjs && folderOf(path) !== 'units') found.push(`${path} imports mathjs; only src/units may`);
    return found;
  });
}

/** Exported functions by name with their doc comment, whether declared or assigned to a constant. */
function exportedFunctions(path: string, text: string): { name: string; comment: string }[] {
  return parse(path, text).statements.flatMap((statement) => {
    if (!ts.canHaveModifiers(statement)) return [];
    if (!ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) return [];
    const comment = ts
      .getJSDocCommentsAndTags(statement)
      .map((part) => part.getText())
      .join('\n');
    if (ts.isFunctionDeclaration(statement)) return [{ name: statement.name?.text ?? 'default', comment }];
    if (!ts.isVariableStatement(statement)) return [];
    const functions = statement.declarationList.declarations.filter(
      ({ initializer }) => initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)),
    );
    return functions.map((declaration) => ({ name: declaration.name.getText(), comment }));
  });
}

function citations(sources: Sources, exists: (path: string) => boolean): string[] {
  return [...sources].flatMap(([path, text]) => {
    const uncited = CITED.includes(folderOf(path))
      ? exportedFunctions(path, text).filter(({ comment }) => !/@source\s+\S/.test(comment))
      : [];
    const checks = [...text.matchAll(/@checkedBy\s+(\S+)/g)].map((match) => match[1] ?? '');
    return [
      ...uncited.map(({ name }) => `${path}: ${name} has no @source in its doc comment`),
      ...checks
        .filter((file) => !exists(file))
        .map((file) => `${path}: @checkedBy names ${file}, which does not exist`),
    ];
  });
}

const root = join(import.meta.dirname, '..');

function readSources(): Sources {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /\.tsx?$/.test(name)).map((name) => join(root, 'src', name));
  return new Map(files.map((file) => [relative(root, file).replaceAll('\\', '/'), readFileSync(file, 'utf8')]));
}

const inProject = (path: string) => existsSync(join(root, path));
const planted = (...files: [path: string, text: string][]): Sources => new Map(files);

describe('the sources keep to the architecture', () => {
  const sources = readSources();
  test('imports go downwards', () => expect(wrongDirections(sources)).toEqual([]));
  test('no file imports itself by a detour', () => expect(cycles(sources)).toEqual([]));
  test('nothing below io touches Node, the clock or chance', () => expect(impurities(sources)).toEqual([]));
  test('exit code and mathjs stay where they belong', () => expect(privileges(sources)).toEqual([]));
  test('formulas cite their source', () => expect(citations(sources, inProject)).toEqual([]));
});

describe('the checks fire on planted faults', () => {
  test.each([
    ['a value', "import { x } from '../perf/b.ts';"],
    ['a type', "import type { X } from '../perf/b.ts';"],
    ['a re-export', "export * from '../perf/b.ts';"],
    ['a lazy import', "const b = await import('../perf/b.ts');"],
    ['an inline type', "type X = import('../perf/b.ts').X;"],
  ])('an upward import of %s', (_, text) => {
    expect(wrongDirections(planted(['src/model/a.ts', text]))).toEqual([
      'src/model/a.ts imports src/perf/b.ts, which stands above it',
    ]);
    expect(wrongDirections(planted(['src/serving/a.ts', text]))).toEqual([]);
  });

  test('an unknown folder', () => {
    expect(wrongDirections(planted(['src/helpers/a.ts', '']))).toHaveLength(1);
  });

  test('a cycle of three, within a tier', () => {
    const ring = planted(
      ['src/api/a.ts', "import '../cost/b.ts';"],
      ['src/cost/b.ts', "import type { C } from './c.ts';"],
      ['src/cost/c.ts', "import '../api/a.ts';"],
    );
    expect(cycles(ring)).toEqual(['cycle: src/api/a.ts -> src/cost/b.ts -> src/cost/c.ts -> src/api/a.ts']);
  });

  test.each([
    "import 'node:fs';",
    'Date.now();',
    'new Date();',
    'Math.random();',
    'process.env;',
    'performance.now();',
  ])('impurity: %s', (text) => {
    expect(impurities(planted(['src/perf/a.ts', text]))).toHaveLength(1);
    expect(impurities(planted(['src/io/a.ts', text]))).toEqual([]);
  });

  test.each(["// Date.now()\nconst text = 'Math.random()';", 'new Date(0);', 'arrivals.process.cv;'])(
    'no false alarm: %s',
    (text) => {
      expect(impurities(planted(['src/perf/a.ts', text]))).toEqual([]);
    },
  );

  test('exit, exit code and mathjs outside their place', () => {
    expect(privileges(planted(['src/cli/a.ts', 'process.exit(1);']))).toHaveLength(1);
    expect(privileges(planted(['src/run/a.ts', 'process.exitCode = 1;']))).toHaveLength(1);
    expect(privileges(planted(['src/cli/a.ts', 'process.exitCode = 1;']))).toEqual([]);
    expect(privileges(planted(['src/cost/a.ts', "import { unit } from 'mathjs';"]))).toHaveLength(1);
  });

  test('a formula without source, a check that is not there', () => {
    const bare = planted([
      'src/cost/a.ts',
      '/** A sum. */\nexport function f() {}\nexport const g = () => 1;\nfunction h() {}',
    ]);
    expect(citations(bare, () => true)).toEqual([
      'src/cost/a.ts: f has no @source in its doc comment',
      'src/cost/a.ts: g has no @source in its doc comment',
    ]);
    const cited = planted([
      'src/cost/a.ts',
      '/** @source a book\n * @checkedBy test/x.test.ts */\nexport function f() {}',
    ]);
    expect(citations(cited, () => true)).toEqual([]);
    expect(citations(cited, () => false)).toEqual([
      'src/cost/a.ts: @checkedBy names test/x.test.ts, which does not exist',
    ]);
  });
});
