import { printable } from '../schema/printable.ts';

/** What a starter scenario is made of; the rest of it is text to change. */
export interface StarterChoice {
  /** Where the JSON Schema lies, as the scenario's folder sees it. */
  schema: string;
  model: { id: string; name: string };
  gpu: { id: string; name: string };
  tensorParallel: number;
  /** Whether it is the smallest that fits, or was asked for. */
  isSmallest: boolean;
  weights: string;
  /** The catalog's own date where absent. */
  start?: string;
  requestsPerDay: number;
  /** A rental's id with a remark; owned where absent. */
  rent?: { id: string; remark: string };
  offers: readonly StarterOffer[];
  /** Whether a fleet of this layout meets the target, so that it may be asked for. */
  meetsTarget: boolean;
}

export type StarterOffer = { sheet: string } | { provider: string; model: string };

function capacityLines({ rent }: StarterChoice): string[] {
  if (rent === undefined) {
    return [
      'capacity:',
      "  own: {} # bought, at the catalog's prices of server, power and place: rackrate catalog list node, site",
    ];
  }
  return ['capacity:', `  rent: { id: ${rent.id} } # ${rent.remark}; { price: 2.50 USD/h } is a price of your own`];
}

/** Quoted as JSON, which YAML reads the same, so that no name of a list can be taken for anything else. */
function offerLine(offer: StarterOffer, index: number): string {
  const named =
    'sheet' in offer
      ? `sheet: ${offer.sheet}`
      : `provider: ${JSON.stringify(offer.provider)}, model: ${JSON.stringify(offer.model)}`;
  const baseline = index === 0 ? ', baseline: true' : '';
  return `  - { ${named}, same_model: true${baseline} }`;
}

function compareLines({ offers }: StarterChoice): string[] {
  if (offers.length === 0) {
    return [
      '# No price of this model is listed. Name the API that you would pay instead, and say who is cheaper:',
      '# compare:',
      '#   - { name: An API, input: 0.50 USD/Mtok, output: 1.50 USD/Mtok, baseline: true }',
    ];
  }
  return ['compare: # dated list prices of the same model; baseline is the one to beat', ...offers.map(offerLine)];
}

function targetLine({ meetsTarget }: StarterChoice): string {
  const target = 'slo: { ttft_p95: 2 s, tpot_p95: 60 ms }';
  return meetsTarget
    ? `${target} # first token and every further one, for 95 % of requests`
    : `# ${target} # not met by this layout; try more tensor_parallel or a faster GPU, then ask for it`;
}

/**
 * A scenario to begin with, as text with its explanations. Lengths, hours of work and targets are there to be replaced:
 * they are a small chat's, and stand in the file so that nothing is assumed behind the reader's back.
 */
export function starterText(choice: StarterChoice): string {
  const { model, gpu, schema, tensorParallel, isSmallest, weights } = choice;
  const layout = isSmallest ? 'the fewest GPUs that hold the model' : 'GPUs that share each layer';
  return [
    `# yaml-language-server: $schema=${printable(schema)}`,
    '# Change what is not yours, then: rackrate run THIS-FILE',
    'rackrate: 1',
    `name: ${JSON.stringify(`${model.name} on ${gpu.name}`)}`,
    ...(choice.start === undefined ? [] : [`start: ${choice.start} # prices are those of this day`]),
    `model: ${model.id}`,
    'serving:',
    `  gpu: ${gpu.id}`,
    `  tensor_parallel: ${tensorParallel} # ${layout}`,
    `  weights: ${weights} # fp8, int8 or int4 take less memory, at some loss of quality`,
    '  replicas: auto # as many as the busiest hour and the availability below need',
    'traffic:',
    `  requests_per_day: ${choice.requestsPerDay}`,
    '  shape: chat # constant, office-hours, bursty, nightly: rackrate catalog list traffic',
    '  input_tokens: { mean: 1000, cv: 0.8 } # of a prompt, with all that is sent along',
    '  output_tokens: { mean: 250, cv: 0.8 }',
    '  # cached_input: 30 % # of the prompt, where prompts begin alike',
    targetLine(choice),
    'reliability: { availability: 99.9 % }',
    ...capacityLines(choice),
    'people: { setup: 40 h, hours_per_month: 10, rate: 110 USD/h }',
    'overheads: typical # gateway, storage, egress and upgrades at usual prices; none leaves them out',
    ...compareLines(choice),
    'horizons: [1 month, 1 year, 5 years]',
    '# assert: # run exits 99 where one of these fails',
    '#   - { metric: usd_per_mtok_total, max: 1.20 USD/Mtok }',
    '',
  ].join('\n');
}
