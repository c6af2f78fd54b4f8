import { dirname, join, relative, resolve } from 'node:path';
import { locateAll } from '../../io/located-error.ts';
import { packageRoot } from '../../io/package-root.ts';
import { refuseExisting } from '../../io/write-file.ts';
import { openLookups } from '../../run/open-lookups.ts';
import { starter } from '../../run/starter.ts';
import { InputError } from '../../schema/problem.ts';
import { type GlobalOptions, result } from '../output.ts';

export interface InitOptions extends GlobalOptions {
  model: string;
  gpu: string;
  tensorParallel?: number;
  requestsPerDay?: number;
}

/** The shipped JSON Schema as an editor finds it from the folder that the scenario goes to. */
function schemaFrom(target: string | undefined): string {
  const folder = target === undefined || target === '-' ? '.' : dirname(target);
  const shipped = join(packageRoot(), 'scenarios', 'scenario.schema.json');
  return relative(resolve(folder), shipped).replaceAll('\\', '/');
}

/** Writes a scenario to begin with. A file that is there already stays as it is. */
export async function initScenario(options: InitOptions): Promise<void> {
  const { model, gpu, tensorParallel, requestsPerDay, output = '-' } = options;
  refuseExisting(output);
  try {
    const text = starter({ model, gpu, tensorParallel, requestsPerDay, schema: schemaFrom(output) }, openLookups());
    refuseExisting(output);
    await result(options, text);
  } catch (error) {
    throw error instanceof InputError ? locateAll(error, () => ({ file: 'init' })) : error;
  }
}
