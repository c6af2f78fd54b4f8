import type { ConfiguredModel } from './config-json/read-config.ts';

/** A model read from its checkpoint's configuration, or everything that stands against it. */
export type ModelAnswer =
  | ({ found: true; name: string } & ConfiguredModel)
  | { found: false; problems: readonly string[] };

/** Where configurations come from: files beside a scenario, or whatever a page carries. */
export type ModelSource = (file: string) => ModelAnswer;

/** Whether what a scenario calls its model is a file and not a name of the catalog. */
export function isModelFile(model: string): boolean {
  return model.endsWith('.json');
}
