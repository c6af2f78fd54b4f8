import { Command, InvalidArgumentError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { AccuracyOptions } from './commands/accuracy.ts';
import type { CalibrateOptions } from './commands/calibrate.ts';
import type { InitOptions } from './commands/init.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { SizeOptions } from './commands/size.ts';
import type { SweepCommandOptions } from './commands/sweep.ts';
import type { GlobalOptions } from './output.ts';

/**
 * Every command with its arguments, and nothing of what it does: an action loads its module when it is called, so
 * that `--help` reads one small file.
 */
export function createProgram(): Command {
  const program = new Command('rackrate');
  program
    .description('What a million tokens really costs on your own GPUs, simulated from physics to money.')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'rackrate: ')) })
    .exitOverride();
  addGlobalOptions(program);
  addAnalysis(program);
  addAuthoring(program);
  return program;
}

function addGlobalOptions(program: Command): void {
  program
    .option('--set <path=value>', 'change one value of the scenario (repeatable)', append)
    .option('--with <name>', 'apply an override block of the scenario (repeatable)', append)
    .option('--json', 'print the whole result as JSON')
    .option('-o, --output <file>', 'write the result to a file, whose ending chooses the form; - is standard output')
    .option('-q, --quiet', 'print results only')
    .option('-v, --verbose', 'print more')
    .option('--no-color', 'print without colours')
    .option('--seed <number>', 'seed of everything random', wholeNumber());
}

function addAnalysis(program: Command): void {
  program
    .command('run')
    .description('answer a scenario: what a million tokens costs, and whether self-hosting pays')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .action(async (file: string, _, command: Command) => {
      const { runScenario } = await import('./commands/run.ts');
      await runScenario(file, optionsOf(command));
    });
  program
    .command('sweep')
    .description('run a grid of scenarios, one CSV row a point')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .option(
      '--axis <path=spec>',
      'values of one path: a,b,c or lo..hi:N or lo..hi:N:log; path~other=… moves with another (repeatable)',
      append,
    )
    .option('--workers <number>', 'threads; by default as many as there are cores', wholeNumber(1, 256))
    .addHelpText(
      'after',
      '\nExamples:\n  rackrate sweep S.yaml --axis traffic.utilization=0.05..1:20 --axis serving.max_batch=16,64,256 -o rows.csv\n  rackrate sweep S.yaml --axis serving.gpu=h100-sxm5-80gb,l40s --axis capacity.rent.id~serving.gpu=lambda-h100-sxm-1x,runpod-l40s',
    )
    .action(async (file: string, _, command: Command) => {
      const { sweepScenario } = await import('./commands/sweep.ts');
      const options = optionsOf<Partial<SweepCommandOptions>>(command);
      await sweepScenario(file, { ...options, axis: options.axis ?? [] });
    });
  program
    .command('breakeven')
    .description('where self-hosting and an API cost the same: crossings and both curves, as CSV')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .option(
      '--over <path=spec>',
      'the axis to search: a path as in sweep, or month, horizon or output_share; by default the requests per day',
    )
    .option('--horizon <months>', 'months the one-off cost is spread over, such as 1,12,60')
    .action(async (file: string, _, command: Command) => {
      const { breakevenScenario } = await import('./commands/breakeven.ts');
      await breakevenScenario(file, optionsOf<{ over?: string; horizon?: string }>(command));
    });
  program
    .command('size')
    .description('the cheapest fleets that meet latency and availability targets, and what binds each')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .option('--gpu <a,b>', 'only these GPUs; by default all that the catalog has a price for')
    .option('--weights <a,b>', "formats of the weights; by default the scenario's and the published one")
    .option('--quality-floor <share>', 'least share of the published scores that a format of the weights may keep')
    .option('--capacity <kind>', 'rent or own; by default both')
    .option(
      '--top <number>',
      'fleets to show, and the best of each GPU that --gpu names; 8 by default',
      wholeNumber(1, 1000),
    )
    .action(async (file: string, _, command: Command) => {
      const { sizeScenario } = await import('./commands/size.ts');
      await sizeScenario(file, optionsOf<Omit<SizeOptions, keyof GlobalOptions>>(command));
    });
  program
    .command('explain')
    .description('a metric of a scenario: its formula, the numbers put in, and the source of each')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .argument('[metric]', 'a metric of "rackrate catalog metrics"; by default usd_per_mtok_total')
    .option('--depth <levels>', 'levels below the metric that are listed; by default all, down to the sources')
    .addHelpText('after', '\nExample: rackrate explain scenarios/support-chat-70b.yaml usd_per_mtok_output --depth 3')
    .action(async (file: string, metric: string | undefined, _, command: Command) => {
      const { explainScenario } = await import('./commands/explain.ts');
      await explainScenario(file, metric, optionsOf<{ depth?: string }>(command));
    });
  program
    .command('replay')
    .description('run one replica through a trace, request by request: what its users would have seen')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .option(
      '--trace <file>',
      'requests of a trace: Azure, Mooncake or ServeGen format, or arrival_s,input_tokens,output_tokens',
    )
    .option('--requests <number>', 'draw so many requests from the scenario instead')
    .option('--rate <number>', 'with --requests: at this constant rate a second')
    .option('--speed <factor>', 'with --trace: its clock runs so many times as fast')
    .option('--sample <share>', 'with --trace: keep this share of its requests, such as 25 %')
    .option('--until <time>', 'cut the run off at this simulated time, such as "1 h"')
    .option('--timeline <file>', 'write queue, batch and KV use over time: .json for Perfetto, or .csv')
    .action(async (file: string, _, command: Command) => {
      const { replayScenario } = await import('./commands/replay.ts');
      await replayScenario(file, optionsOf<ReplayOptions>(command));
    });
  program
    .command('accuracy')
    .description('predicted against measured: the error by GPU, model, engine and metric')
    .option('--measured <file>', 'a CSV of measurements, one value a row; the published ones of the catalog by default')
    .option('--engine <name>', 'replay: request by request, as a run is simulated; or closed-form')
    .option('--by <name>', 'what the colours of a picture (-o FILE.svg) tell apart: engine, gpu or model')
    .action(async (_, command: Command) => {
      const { showAccuracy } = await import('./commands/accuracy.ts');
      await showAccuracy(optionsOf<AccuracyOptions>(command));
    });
  program
    .command('calibrate')
    .description('move the coefficients of a scenario to its own benchmarks; -o FILE.yaml writes a scenario with them')
    .argument('<scenario>', 'a scenario, YAML or JSON')
    .option(
      '--measured <file>',
      'from vllm bench serve, guidellm, AIPerf or GenAI-Perf, or our CSV (repeatable)',
      append,
    )
    .option(
      '--replicas <number>',
      'replicas that answered the benchmark side by side; 1 by default',
      wholeNumber(1, 1_000_000),
    )
    .action(async (file: string, _, command: Command) => {
      const { calibrateScenario } = await import('./commands/calibrate.ts');
      const options = optionsOf<Partial<CalibrateOptions>>(command);
      await calibrateScenario(file, { ...options, measured: options.measured ?? [] });
    });
}

function addAuthoring(program: Command): void {
  program
    .command('init')
    .description('a commented scenario to begin with, which runs as it is; -o FILE writes it')
    .requiredOption('--model <id>', 'a model of "rackrate catalog list model"')
    .requiredOption('--gpu <id>', 'a GPU of "rackrate catalog list gpu"')
    .option(
      '--tensor-parallel <number>',
      'GPUs that share a layer; by default the fewest that hold the model',
      wholeNumber(1, 1024),
    )
    .option('--requests-per-day <number>', 'requests a day; 10,000 by default', wholeNumber())
    .action(async (_, command: Command) => {
      const { initScenario } = await import('./commands/init.ts');
      await initScenario(optionsOf<Omit<InitOptions, keyof GlobalOptions>>(command));
    });
  program
    .command('check')
    .description('read scenarios and report every problem')
    .argument('<file...>', 'scenarios, YAML or JSON')
    .action(async (files: string[], _, command: Command) => {
      const { checkFiles } = await import('./commands/check.ts');
      await checkFiles(files, optionsOf(command));
    });
  program
    .command('schema')
    .description("a form of file as JSON Schema, for an editor's completion")
    .argument('[form]', 'scenario, or a kind of card: gpu, model, rental, node, site, price …', 'scenario')
    .action(async (form: string, _, command: Command) => {
      const { printSchema } = await import('./commands/schema.ts');
      await printSchema(form, optionsOf(command));
    });
  program
    .command('trace')
    .description('what a trace of requests amounts to, and a traffic block for a scenario')
    .argument('<file>', 'a trace: Azure CSV, Mooncake JSONL, our own CSV, or a ServeGen folder')
    .action(async (file: string, _, command: Command) => {
      const { describeTrace } = await import('./commands/trace.ts');
      await describeTrace(file, optionsOf(command));
    });
  const catalog = program.command('catalog').description('what the catalog knows, and from where');
  catalog
    .command('list')
    .description('the ids of all cards, or of one kind')
    .argument(
      '[kind]',
      'gpu, model, rental, node, site, price, traffic, engine, network, facility, quality, calibration, errors, benchmark or measurement; or api: what compare can name by provider and model',
    )
    .action(async (kind: string | undefined, _, command: Command) => {
      const { listCards } = await import('./commands/catalog.ts');
      await listCards(kind, optionsOf(command));
    });
  catalog
    .command('show')
    .description('every value of a card, with its unit, source and date')
    .argument('<id>', 'id or alias of a card')
    .action(async (id: string, _, command: Command) => {
      const { showCard } = await import('./commands/catalog.ts');
      await showCard(id, optionsOf(command));
    });
  catalog
    .command('metrics')
    .description('the metrics of a run, with unit and definition')
    .action(async (_, command: Command) => {
      const { listMetrics } = await import('./commands/metrics.ts');
      await listMetrics(optionsOf(command));
    });
  catalog
    .command('check')
    .description('look for cards that contradict themselves or each other')
    .option('--as-of <date>', 'the date prices should be fresh on; by default that of the newest card')
    .action(async (_, command: Command) => {
      const { checkCards } = await import('./commands/catalog.ts');
      await checkCards(optionsOf<{ asOf?: string }>(command));
    });
}

/** Options that may be repeated are lists, empty ones too. */
function optionsOf<T extends object = object>(command: Command): GlobalOptions & T {
  const given = command.optsWithGlobals<Partial<GlobalOptions> & T>();
  return { ...given, set: given.set ?? [], with: given.with ?? [], color: given.color ?? true };
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function wholeNumber(least = 0, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number, ${range}`);
    return value;
  };
}
