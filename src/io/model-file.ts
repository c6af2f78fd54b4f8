import { basename, dirname } from 'node:path';
import { modelOfConfig } from '../scenario/config-json/read-config.ts';
import type { ModelAnswer, ModelSource } from '../scenario/model-source.ts';
import { printable } from '../schema/printable.ts';
import { InputError } from '../schema/problem.ts';
import { LocatedError } from './located-error.ts';
import { readRegular } from './regular-file.ts';

/** The largest published configurations, with a list of every module left unquantised, are a tenth of this. */
const LARGEST = 4 * 2 ** 20;

/** What people call a checkpoint is its folder's name; its configuration is config.json in all of them. */
function nameOf(file: string): string {
  const named = basename(file) === 'config.json' ? basename(dirname(file)) : basename(file, '.json');
  return printable(named === '' || named === '.' ? 'own model' : named).slice(0, 200);
}

function parsed(file: string): unknown {
  const bytes = readRegular(file, printable(file), LARGEST);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new InputError([{ path: [], message: 'the file is not JSON' }]);
  }
}

function readModel(file: string): ModelAnswer {
  try {
    return { found: true, name: nameOf(file), ...modelOfConfig(parsed(file)) };
  } catch (error) {
    if (!(error instanceof LocatedError || error instanceof InputError)) throw error;
    return { found: false, problems: error.problems.map(({ message }) => `${printable(file)}: ${message}`) };
  }
}

/** Configurations of Hugging Face checkpoints, each read once. Paths are relative to the working folder. */
export function openModels(): ModelSource {
  const known = new Map<string, ModelAnswer>();
  return (file) => {
    const answer = known.get(file) ?? readModel(file);
    known.set(file, answer);
    return answer;
  };
}
