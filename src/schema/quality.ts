import * as z from 'zod';
import { cardId, name, share, sources } from './fields.ts';

/** Scores of a model in this format of its weights, over its scores in 16 bits. */
const tags = z.strictObject({
  fp8: share().optional(),
  int8: share().optional(),
  int4: share().optional(),
  nvfp4: share().optional(),
  mxfp4: share().optional(),
});

/** What a format of weights keeps of a model's scores. */
export const qualityCard = z.strictObject({
  id: cardId(),
  name: name(),
  ...tags.shape,
  sources,
});

/** Of a scenario: the least that a choice of weights may keep, and what its own tests found of its model. */
export const quality = z.strictObject({ floor: share().optional(), tags: tags.optional() });
