import { expect, test } from 'vitest';
import { offerName } from '../../src/api/owner-names.ts';

// As written on the owners' own pricing pages: OpenAI, Google, Anthropic, DeepSeek, Mistral, xAI.
test.each([
  ['OpenAI', 'gpt 4.1', 'OpenAI GPT-4.1'],
  ['OpenAI', 'gpt 4.1 mini', 'OpenAI GPT-4.1 mini'],
  ['OpenAI', 'gpt 4o (2024-05-13)', 'OpenAI GPT-4o (2024-05-13)'],
  ['OpenAI', 'gpt 3.5 turbo', 'OpenAI GPT-3.5 Turbo'],
  ['OpenAI', 'gpt-5-pro', 'OpenAI GPT-5 pro'],
  ['OpenAI', 'gpt-oss-120b', 'OpenAI gpt-oss-120b'],
  ['OpenAI', 'o3 Pro', 'OpenAI o3 Pro'],
  ['Google', 'gemini 1.5 flash', 'Google Gemini 1.5 Flash'],
  ['Google', 'Gemini 2.5 Pro', 'Google Gemini 2.5 Pro'],
  ['Anthropic', 'Claude Sonnet 4.6', 'Anthropic Claude Sonnet 4.6'],
  ['Deepseek', 'DeepSeek Chat', 'DeepSeek Chat'],
  ['Deepseek', 'Deepseek R1', 'DeepSeek R1'],
  ['Mistral', 'Mistral Large', 'Mistral Large'],
  ['X AI', 'Grok 4', 'xAI Grok 4'],
  ['Together AI', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', 'Together AI Llama-3.3-70B-Instruct-Turbo'],
])('%s, %s is %s', (provider, model, name) => {
  expect(offerName(provider, model)).toBe(name);
});
