import { parentPort, workerData } from 'node:worker_threads';
import { openLookups } from './open-lookups.ts';
import { type Span, type SweepJob, sweepChunk } from './sweep-chunk.ts';

/** A thread that answers spans of one sweep with their rows. */
const job = workerData as SweepJob;
const lookups = openLookups();
parentPort?.on('message', (span: Span) => parentPort?.postMessage(sweepChunk(job, lookups, span)));
