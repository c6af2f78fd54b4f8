import type { Catalog } from '../../catalog/catalog.ts';
import { unknownCard } from '../../scenario/references.ts';
import { Skip } from './measured-row.ts';

/**
 * What follows a model's name without changing its shape: how it was tuned, in which format it was stored, its release
 * (v0.3, or a date such as 0528), and the accuracy that a benchmark asks of it (99, 99.9).
 */
const TUNED =
  /[-_ ](instruct|chat|hf|it|base|thinking|fp8|fp4|nvfp4|mxfp4|awq|gptq|int4|int8|bf16|fp16|w4a16|w8a8|dynamic|quantized|v0\.\d|\d{4}|99|99\.9)$/i;

/** What precedes the name of a model for its owner. */
const OWNED = /^(meta|nvidia)[-_ ](?=llama|mixtral|mistral|qwen|deepseek)/i;

/** The size of a GPU's memory, or its form, after a name that means it anyway. */
const SIZED = /[-_ ]?(\d+) ?gb\b.*$/i;
const FORMED = /[-_ ](oam|sxm\d?|hgx|hbm3e?)$/i;

/** How far the memory in a name may lie off the card's: marketing counts in GB or GiB, before or after spares. */
const SAME_MEMORY = 0.12;

/** Words before a GPU's name that tell nothing. */
const VENDORS = /\b(nvidia|amd|instinct|tesla|geforce|quadro)\b/g;

/** What is left of a name when spelling does not count: "NVIDIA A100-SXM4-80GB" and "A100 SXM4 80 GB" are one. */
function skeleton(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(VENDORS, '')
    .replaceAll(/[^a-z0-9.]/g, '');
}

/** The card whose id or alias has the same skeleton. */
function bySkeleton(catalog: Catalog, kind: 'model' | 'gpu', name: string): string | undefined {
  const wanted = skeleton(name);
  return catalog.ids(kind).find((id) => {
    const card = catalog.find(kind, id);
    return card !== undefined && [id, card.name, ...card.aliases].some((known) => skeleton(known) === wanted);
  });
}

/** Names to try of a model, the fullest first: as written, without the account before a slash, without its tuning. */
function* modelNames(name: string): Generator<string> {
  yield name;
  let short = (name.split('/').at(-1) ?? name).replace(OWNED, '');
  yield short;
  while (TUNED.test(short)) {
    short = short.replace(TUNED, '');
    yield short;
  }
}

/** Names to try of a GPU: as written, without its form, without the size of its memory. */
function* gpuNames(name: string): Generator<string> {
  yield name;
  yield name.replace(FORMED, '');
  const bare = name.replace(SIZED, '');
  yield bare;
  yield bare.replace(FORMED, '');
}

/** Whether a card has about the memory that a name states, where it states one. */
function hasMemoryOf(catalog: Catalog, gpu: string, name: string): boolean {
  const stated = SIZED.exec(name)?.[1];
  const marketed = catalog.find('gpu', gpu)?.memory.marketed;
  if (stated === undefined || marketed === undefined) return true;
  return Math.abs((Number(stated) * 1e9) / marketed - 1) < SAME_MEMORY;
}

/** The id of the model or GPU card that a table's name means. Throws a `Skip` that names the nearest one. */
export function cardNamed(catalog: Catalog, kind: 'model' | 'gpu', name: string): string {
  if (name === '') throw new Skip(`no ${kind} is named`);
  for (const candidate of kind === 'model' ? modelNames(name) : gpuNames(name)) {
    const id = catalog.find(kind, candidate)?.id ?? bySkeleton(catalog, kind, candidate);
    if (id !== undefined && (kind === 'model' || hasMemoryOf(catalog, id, name))) return id;
  }
  throw new Skip(unknownCard(catalog, kind, name));
}
