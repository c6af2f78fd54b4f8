import { isAbsolute, join } from 'node:path';
import { isModelFile } from '../scenario/model-source.ts';

type Block = Record<string, unknown>;

/** Where a scenario may name a file of lengths. */
const NAMING = ['input_tokens', 'output_tokens', 'lengths'];

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function moved(value: unknown, folder: string): unknown {
  if (!isBlock(value) || typeof value['file'] !== 'string' || isAbsolute(value['file'])) return value;
  return { ...value, file: join(folder, value['file']) };
}

function movedTraffic(body: Block, folder: string): Block {
  const { traffic } = body;
  if (!isBlock(traffic)) return body;
  const entries = Object.entries(traffic).map(([key, value]) => [
    key,
    NAMING.includes(key) ? moved(value, folder) : value,
  ]);
  return { ...body, traffic: Object.fromEntries(entries) };
}

function movedModel(body: Block, folder: string): Block {
  const { model } = body;
  if (typeof model !== 'string' || !isModelFile(model) || isAbsolute(model)) return body;
  return { ...body, model: join(folder, model) };
}

const movedAll = (body: Block, folder: string) => movedModel(movedTraffic(body, folder), folder);

/**
 * A scenario file's keys with the files they name seen from the working folder: what is named in `folder` is relative
 * to it. Its override blocks too, since they are written in the same file.
 */
export function withFilesFrom(own: Block, folder: string): Block {
  const body = movedAll(own, folder);
  const { overrides } = body;
  if (!isBlock(overrides)) return body;
  const blocks = Object.entries(overrides).map(([name, block]) => [
    name,
    isBlock(block) ? movedAll(block, folder) : block,
  ]);
  return { ...body, overrides: Object.fromEntries(blocks) };
}
