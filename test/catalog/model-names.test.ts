import { expect, test } from 'vitest';
import { cardNamed } from '../../src/analysis/accuracy/card-name.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';

const catalog = openCatalog();

test.each([
  ['meta-llama/Meta-Llama-3.1-8B-Instruct', 'llama-3.1-8b'],
  ['nvidia/Llama-3.3-70B-Instruct-FP4', 'llama-3.3-70b'],
  ['RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic', 'llama-3.3-70b'],
  ['llama2-70b', 'llama-2-70b'],
  ['Llama2-70b-chat', 'llama-2-70b'],
  ['Llama 3 70B', 'llama-3-70b'],
  ['llama3.1-405b', 'llama-3.1-405b'],
  ['amd/Llama-3.1-405B-Instruct-FP8-KV', 'llama-3.1-405b'],
  ['mixtral-8x7b', 'mixtral-8x7b'],
  ['Mixtral-8x7B-Instruct-v0.1', 'mixtral-8x7b'],
  ['mistralai/Mistral-7B-Instruct-v0.3', 'mistral-7b'],
  ['mistral-7b-v0.3', 'mistral-7b'],
  ['mistral-small-24b-2501', 'mistral-small-24b'],
  ['DSR1', 'deepseek-r1'],
  ['deepseek-ai/DeepSeek-R1-0528', 'deepseek-r1'],
  ['nvidia/DeepSeek-R1-0528-FP4-v2', 'deepseek-r1'],
  ['dsv3', 'deepseek-v3'],
  ['DeepSeek-V3', 'deepseek-v3'],
  ['gptoss120b', 'gpt-oss-120b'],
  ['openai/gpt-oss-120b', 'gpt-oss-120b'],
  ['Qwen3 235B A22B', 'qwen3-235b-a22b'],
  ['Qwen/Qwen3-235B-A22B-Instruct-2507-FP8', 'qwen3-235b-a22b'],
  ['Qwen3-30B-A3B', 'qwen3-30b-a3b'],
  ['Kimi-K2-Thinking', 'kimi-k2-thinking'],
  ['GLM-4.7', 'glm-4.6'],
  ['zai-org/GLM-4.5-Air-FP8', 'glm-4.5-air'],
  ['MiniMax-M2.5', 'minimax-m2'],
  ['Qwen2-72B', 'qwen2.5-72b'],
  ['gemma-3-27b-it', 'gemma-3-27b'],
  ['gptj', 'gpt-j-6b'],
  ['BLOOM-176B', 'bloom-176b'],
  ['facebook/opt-30b', 'opt-30b'],
  ['lmsys/vicuna-13b-v1.5', 'llama-2-13b'],
  ['nvidia/Llama-4-Maverick-17B-128E-Instruct-FP8', 'llama-4-maverick'],
])('tables call it "%s"; that is %s', (name, id) => {
  expect(cardNamed(catalog, 'model', name)).toBe(id);
});
