import * as z from 'zod';

type Path = readonly PropertyKey[];

/** The schemas that a value may meet here, once defaults, transforms and unions are looked through. */
function alternatives(schema: z.core.$ZodType): z.core.$ZodTypes[] {
  const one = schema as z.core.$ZodTypes;
  const def = one._zod.def;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return alternatives(def.innerType);
    case 'pipe':
      return alternatives(def.in);
    case 'union':
      return def.options.flatMap(alternatives);
    default:
      return [one];
  }
}

function below(schema: z.core.$ZodTypes, key: PropertyKey): z.core.$ZodTypes[] {
  const def = schema._zod.def;
  if (def.type === 'object') {
    const child = Object.hasOwn(def.shape, key) ? def.shape[String(key)] : undefined;
    return child === undefined ? [] : alternatives(child);
  }
  if (def.type === 'record') return alternatives(def.valueType);
  if (def.type === 'array') return alternatives(def.element);
  return [];
}

/** The keys that a schema knows at a place; empty where keys are free or the place does not exist. */
export function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  let here = alternatives(schema);
  for (const key of path) here = here.flatMap((one) => below(one, key));
  return here.flatMap((one) => (one._zod.def.type === 'object' ? Object.keys(one._zod.def.shape) : []));
}

/** What a field says of its numbers: that they are whole, or the unit they are read in. */
export interface NumberPlace {
  whole: boolean;
  unit: string | undefined;
}

/** A schema with everything it wraps, each of which may carry the field's description. */
function wrapped(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  if ('innerType' in def) return [schema, ...wrapped(def.innerType as z.core.$ZodType)];
  if (def.type === 'pipe') return [schema, ...wrapped(def.in)];
  if (def.type === 'union') return [schema, ...def.options.flatMap(wrapped)];
  return [schema];
}

/** What a place of a scenario says of its numbers, so that an axis can round them or give them their unit. */
export function numberPlace(schema: z.core.$ZodType, path: Path): NumberPlace {
  const last = path.at(-1);
  let parents = alternatives(schema);
  for (const key of path.slice(0, -1)) parents = parents.flatMap((one) => below(one, key));
  const fields = parents.flatMap((one) => {
    const def = one._zod.def;
    return def.type === 'object' && Object.hasOwn(def.shape, last ?? '')
      ? wrapped(def.shape[String(last)] as z.core.$ZodType)
      : [];
  });
  const described = fields.map((field) => z.globalRegistry.get(field));
  const unit = described.find((entry) => typeof entry?.unit === 'string')?.unit;
  return { whole: described.some((entry) => entry?.whole === true), unit: unit as string | undefined };
}

/** Where else a schema has a key of this name, as a dotted path; the shallowest place, lists left out. */
export function placeOfKey(schema: z.core.$ZodType, key: string): string | undefined {
  let level: { path: string[]; schemas: z.core.$ZodTypes[] }[] = [{ path: [], schemas: alternatives(schema) }];
  for (let depth = 0; depth < 5 && level.length > 0; depth++) {
    const found = level.find(({ schemas }) => schemas.some((one) => keysOf(one).includes(key)));
    if (found !== undefined) return found.path.join('.');
    level = level.flatMap(({ path, schemas }) =>
      schemas.flatMap((one) => keysOf(one).map((name) => ({ path: [...path, name], schemas: below(one, name) }))),
    );
  }
  return undefined;
}

function keysOf(schema: z.core.$ZodTypes): string[] {
  const def = schema._zod.def;
  return def.type === 'object' ? Object.keys(def.shape) : [];
}
