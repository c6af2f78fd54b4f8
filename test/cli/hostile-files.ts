import { stringify } from 'yaml';

/** What a private file holds; no message may. */
export const SECRET = 'hunter2-do-not-print';

/** A scenario that is answered at once; every hostile one is this with something done to it. */
export const SOUND = {
  rackrate: 1,
  name: 'A small chat',
  start: '2026-12-01',
  model: 'llama-3.1-8b',
  serving: { gpu: 'l40s', weights: 'fp8', envelope: 'closed-form' },
  traffic: { requests_per_day: 20_000, shape: 'chat', input_tokens: 800, output_tokens: { mean: 200, cv: 0.8 } },
  slo: { ttft_p95: '2 s', tpot_p95: '80 ms' },
  capacity: { rent: { price: '0.8 USD/h' } },
  compare: [{ name: 'An API', input: '0.2 USD/Mtok', output: '0.6 USD/Mtok', same_model: true }],
};
export const text = stringify(SOUND);

const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  .concat(Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`))
  .join('\n');

const many = (line: (i: number) => string, bytes = 60_000): string => {
  const lines: string[] = [];
  for (let size = 0; size < bytes; size += (lines.at(-1) as string).length) lines.push(line(lines.length));
  return lines.join('');
};

const withoutOffers = text.slice(0, text.indexOf('compare:'));

export const FILES: Record<string, string | Buffer> = {
  'empty.yaml': '',
  'spaces.yaml': '  \n\n  ',
  'comment.yaml': '# nothing else\n',
  'list.yaml': '- 1\n- 2\n',
  'number.yaml': '42\n',
  'word.yaml': 'scenario\n',
  'binary.yaml': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) % 256)),
  'utf16.yaml': Buffer.from(`\ufeff${text}`, 'utf16le'),
  'nul.yaml': text.replace('A small chat', 'A small\0chat'),
  'bomb.yaml': `${text}\n${bomb}\n`,
  'self.yaml': `${text}loop: &loop { again: *loop }\n`,
  'brackets.yaml': `${text}deep: ${'['.repeat(5000)}${']'.repeat(5000)}\n`,
  'braces.yaml': `deep: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}\n`,
  'indent.yaml': `${text}${Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}k:`).join('\n')}\n`,
  'proto.yaml': `${text}__proto__: { polluted: true }\n`,
  'constructor.yaml': text.replace('serving:', 'serving:\n  constructor: { prototype: 1 }'),
  'duplicate.yaml': `${text}name: again\n`,
  'tab.yaml': text.replace('  gpu', '\tgpu'),
  'tag.yaml': text.replace('l40s', '!!js/function "() => 1"'),
  'directive.yaml': `%YAML 1.1\n---\n${text}`,
  'two-documents.yaml': `${text}---\n${text}`,
  'unclosed.yaml': text.replace('A small chat', '"A small chat'),
  'merge-key.yaml': `${text}<<: { name: other }\n`,
  'future.yaml': text.replace('rackrate: 1', 'rackrate: 2'),
  'huge.yaml': text.replace('20000', '1e308'),
  'beyond.yaml': text.replace('20000', '1e999'),
  'nan.yaml': text.replace('20000', '.nan'),
  'infinite.yaml': text.replace('20000', '.inf'),
  'negative.yaml': text.replace('20000', '-1'),
  'unit.yaml': text.replace('0.8 USD/h', '0.8 furlongs'),
  'expression.yaml': text.replace('0.8 USD/h', 'import("fs") USD/h'),
  'nan-price.yaml': text.replace('0.8 USD/h', 'NaN USD/h'),
  'long.yaml': text.replace('A small chat', 'x'.repeat(60_000)),
  'large.yaml': `${text}${'# filler\n'.repeat(200_000)}`,
  'lines.yaml': `${text}${'\n'.repeat(1_000_000)}`,
  'escape.yaml': text.replace('l40s', '"\\e]0;owned\\a\\e[2J"'),
  'bidi.yaml': text.replace('l40s', '"\\u202Eb004"'),
  'escape-name.yaml': text.replace('A small chat', '"\\e[2JA chat"'),
  'bidi-name.yaml': text.replace('A small chat', '"\\u202Etahc"'),
  'bidi-key.yaml': `${text}"\\u202Eyek": 1\n`,
  'long-id.yaml': text.replace('l40s', 'l'.repeat(50_000)),
  'circle.yaml': 'extends: circle.yaml\nname: round\n',
  'circle-a.yaml': 'extends: circle-b.yaml\nname: round\n',
  'circle-b.yaml': 'extends: circle-a.yaml\nname: round\n',
  'private.yaml': `extends: id_rsa\n${text}`,
  'lengths.yaml': text.replace('input_tokens: 800', 'input_tokens: { file: id_rsa, column: output }'),
  'lengths-column.yaml': text.replace('input_tokens: 800', `input_tokens: { file: secret.csv, column: output }`),
  'model.yaml': text.replace('llama-3.1-8b', './id_rsa'),
  'model-file.yaml': text.replace('llama-3.1-8b', './secret.json'),
  'price-file.yaml': `${withoutOffers}compare:\n  - { sheet: ./id_rsa }\n`,
  'provider-file.yaml': `${withoutOffers}compare:\n  - { provider: ./id_rsa, model: ../id_rsa }\n`,
  'quality-file.yaml': `${text}quality: ./id_rsa\n`,
  'device.yaml': `extends: /dev/zero\n${text}`,
  'lengths-device.yaml': text.replace('input_tokens: 800', 'input_tokens: { file: /dev/zero, column: output }'),
  'lengths-fifo.yaml': text.replace('input_tokens: 800', 'input_tokens: { file: fifo, column: output }'),
  'lengths-large.yaml': text.replace('input_tokens: 800', 'input_tokens: { file: 100-mb.csv, column: output }'),
  'keys.yaml': `${text}people:\n${many((i) => `  k${i}: 1\n`)}`,
  'doubled-keys.yaml': `${text}people:\n${many(() => '  k: 1\n')}`,
  'offers.yaml': `${withoutOffers}compare:\n${many((i) => `  - { provider: p${i}, model: x }\n`)}`,
  'sheets.yaml': `${withoutOffers}compare:\n${many((i) => `  - { sheet: s${i} }\n`)}`,
  'ways.yaml': `${text}transfers:\n${many((i) => `  t${i}: { amount: 1 GB }\n`)}`,
  'overheads.yaml': `${text}overheads:\n${many((i) => `  o${i}: typical\n`)}`,
  'overrides.yaml': `${text}overrides:\n${many((i) => `  o${i}: 1\n`)}`,
  'hours.yaml': text.replace('shape: chat', `shape: [${many(() => '-1,')}1]`),
  'layers.yaml': text.replace(
    'llama-3.1-8b',
    '{ layers: 1000000, hidden_size: 4096, intermediate_size: 8192, vocab_size: 128256, heads: 32, kv_heads: 8, head_dim: 128 }',
  ),
  'seven.yaml': text.replace('weights: fp8', 'weights: fp8\n  tensor_parallel: 7'),
  'horizon.yaml': `${text}horizons: [1000000000 months]\n`,
  'crowd.yaml': text.replace('20000', '1e15'),
  'tiny-target.yaml': text.replace('80 ms', '1e-6 s'),
  id_rsa: `-----BEGIN PRIVATE KEY-----\n${SECRET}: ${SECRET}\n`,
};

/** Files that a scenario names: what stands in them is nobody's business. */
export const NAMED: Record<string, string> = {
  'secret.csv': `${SECRET},output\n1,${SECRET}\n`,
  'secret.json': `{"${SECRET}": "${SECRET}"}`,
  'sound.yaml': text,
};
