import type { Catalog } from '../../catalog/catalog.ts';
import { unknownCard } from '../../scenario/references.ts';
import { Skip } from './measured-row.ts';

/** Words after a model's name that do not change its shape. */
const TUNED = /[-_ ](instruct|chat|hf|it|base|fp8|fp4|nvfp4|awq|gptq|int4|int8|bf16|fp16|w4a16|w8a8)$/i;

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

/** Names to try, the fullest first: as written, without the account before a slash, without its tuning. */
function* shorter(name: string): Generator<string> {
  yield name;
  let short = name.split('/').at(-1) ?? name;
  yield short;
  while (TUNED.test(short)) {
    short = short.replace(TUNED, '');
    yield short;
  }
}

/** The id of the model or GPU card that a table's name means. Throws a `Skip` that names the nearest one. */
export function cardNamed(catalog: Catalog, kind: 'model' | 'gpu', name: string): string {
  if (name === '') throw new Skip(`no ${kind} is named`);
  for (const candidate of shorter(name)) {
    const id = catalog.find(kind, candidate)?.id ?? bySkeleton(catalog, kind, candidate);
    if (id !== undefined) return id;
  }
  throw new Skip(unknownCard(catalog, kind, name));
}
