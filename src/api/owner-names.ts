/** Providers that the price list writes otherwise than they do themselves. */
const PROVIDERS: Readonly<Record<string, string>> = {
  Deepseek: 'DeepSeek',
  'X AI': 'xAI',
  MoonshotAi: 'Moonshot AI',
};

/**
 * What the price list calls a model, as its owner writes it: "gpt 4.1 mini" is GPT-4.1 mini, "gemini 1.5 flash" Gemini
 * 1.5 Flash. gpt-oss is written so. A path before an id is its owner's, and left out.
 */
function modelName(listed: string): string {
  const name = listed.split('/').at(-1) ?? listed;
  if (/^gpt[ -]\d/i.test(name)) {
    const rest = name.slice(4).replaceAll(/-(?=[a-z])/g, ' ');
    return `GPT-${rest.replace(/\bturbo\b/, 'Turbo')}`;
  }
  if (/^gemini /i.test(name)) return name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return name.replace(/^Deepseek\b/, 'DeepSeek');
}

/** Provider and model as one name; a provider that the model is named after is not said twice. */
export function offerName(provider: string, model: string): string {
  const [owner, name] = [PROVIDERS[provider] ?? provider, modelName(model)];
  return name.startsWith(`${owner} `) ? name : `${owner} ${name}`;
}
