import { Worker } from 'node:worker_threads';
import { openLookups } from './open-lookups.ts';
import { type Chunk, type Span, type SweepJob, sweepChunk } from './sweep-chunk.ts';

/** One who runs spans of a sweep, one after the other. */
export interface Hand {
  run(span: Span): Promise<Chunk>;
  dismiss(): Promise<void>;
}

/** The calling thread itself, which looks at what else happened before each span. */
export function ownHand(job: SweepJob): Hand {
  const lookups = openLookups();
  return {
    async run(span) {
      await new Promise(setImmediate);
      return sweepChunk(job, lookups, span);
    },
    dismiss: () => Promise.resolve(),
  };
}

/** Where the bundle has the thread's program: beside its other parts. */
const PROGRAM = new URL('./sweep-worker.js', import.meta.url);

/** Room for the short-lived objects of some points at once: collecting them more often costs more than the memory. */
const NURSERY_MB = 64;

/** A thread of its own, with a catalog and service curves of its own. What kills it is a fault of this program. */
export function threadHand(job: SweepJob): Hand {
  const thread = new Worker(PROGRAM, { workerData: job, resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB } });
  let settle: { resolve(chunk: Chunk): void; reject(error: Error): void } | undefined;
  thread.on('message', (chunk: Chunk) => settle?.resolve(chunk));
  thread.on('error', (error: Error) => settle?.reject(error));
  thread.on('exit', (code) => settle?.reject(new Error(`a thread of the sweep ended with ${code}`)));
  return {
    run(span) {
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        thread.postMessage(span);
      });
    },
    async dismiss() {
      await thread.terminate();
    },
  };
}
