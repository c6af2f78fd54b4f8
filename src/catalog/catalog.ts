import type * as z from 'zod';
import { benchmarkCard } from '../schema/benchmark.ts';
import { calibrationCard, engineCard } from '../schema/engine.ts';
import { errorTable } from '../schema/error-table.ts';
import { facilityCard } from '../schema/facility.ts';
import { gpuCard } from '../schema/gpu.ts';
import { measurementCard } from '../schema/measurement.ts';
import { modelCard } from '../schema/model.ts';
import { networkCard } from '../schema/network.ts';
import { nodeCard } from '../schema/node.ts';
import { priceSheetCard } from '../schema/price-sheet.ts';
import { qualityCard } from '../schema/quality.ts';
import { rentalCard } from '../schema/rental.ts';
import { siteCard } from '../schema/site.ts';
import { trafficShapeCard } from '../schema/traffic-shape.ts';

/** Every kind of card: the folder it lives in, its schema, and what to call it in a message. */
export const CARD_KINDS = {
  gpu: { folder: 'hardware/gpus', schema: gpuCard, label: 'GPU' },
  engine: { folder: 'hardware/engines', schema: engineCard, label: 'engine' },
  calibration: { folder: 'hardware/calibration', schema: calibrationCard, label: 'calibration' },
  errors: { folder: 'hardware/errors', schema: errorTable, label: 'table of errors' },
  network: { folder: 'hardware/networks', schema: networkCard, label: 'network' },
  rental: { folder: 'hardware/rentals', schema: rentalCard, label: 'rental' },
  node: { folder: 'hardware/nodes', schema: nodeCard, label: 'node' },
  site: { folder: 'hardware/sites', schema: siteCard, label: 'site' },
  facility: { folder: 'hardware/facilities', schema: facilityCard, label: 'facility' },
  model: { folder: 'scenarios/models', schema: modelCard, label: 'model' },
  price: { folder: 'scenarios/prices', schema: priceSheetCard, label: 'price sheet' },
  traffic: { folder: 'scenarios/traffic', schema: trafficShapeCard, label: 'traffic shape' },
  quality: { folder: 'scenarios/quality', schema: qualityCard, label: 'table of qualities' },
  benchmark: { folder: 'scenarios/benchmarks', schema: benchmarkCard, label: 'benchmark' },
  measurement: { folder: 'hardware/measurements', schema: measurementCard, label: 'publication of measurements' },
} as const;

export type CardKind = keyof typeof CARD_KINDS;
export type Card<K extends CardKind> = z.infer<(typeof CARD_KINDS)[K]['schema']>;

/** Cards by id or alias. The folder on disk is one implementation, a bundle in a page can be another. */
export interface Catalog {
  ids(kind: CardKind): readonly string[];
  /** The card with this id or alias, or undefined. A card that is itself malformed throws an InputError. */
  find<K extends CardKind>(kind: K, idOrAlias: string): Card<K> | undefined;
}
