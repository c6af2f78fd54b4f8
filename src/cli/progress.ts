import type { SingleBar } from 'cli-progress';

/** Work shorter than this needs no bar. */
const SILENT_MS = 1000;

export interface Progress {
  to(done: number): void;
  stop(): void;
}

/** A bar on the standard error that appears once the work has taken a second; nothing where nobody looks. */
export async function startProgress(what: string, total: number, quiet: boolean): Promise<Progress> {
  if (quiet || !process.stderr.isTTY) return { to: () => {}, stop: () => {} };
  const { SingleBar, Presets } = (await import('cli-progress')).default;
  const started = performance.now();
  let bar: SingleBar | undefined;
  return {
    to(done) {
      if (bar === undefined && performance.now() - started > SILENT_MS) {
        bar = new SingleBar(
          { format: `${what} {bar} {value}/{total} · {eta_formatted} left`, clearOnComplete: true },
          Presets.shades_classic,
        );
        bar.start(total, done);
      }
      bar?.update(done);
    },
    stop: () => bar?.stop(),
  };
}
