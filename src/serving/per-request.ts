import type { Envelope, EnvelopeLimit } from './envelope.ts';

/**
 * A service curve in requests, from one in sequences: engines run each of the answers to a prompt as a sequence, the
 * fleet and its bill count what users ask for.
 *
 * @param samples answers to a prompt
 */
export function perRequest(envelope: Envelope, samples = 1): Envelope {
  if (samples === 1) return envelope;
  const scaled = <T extends { requestsPerSecond: number }>(at: T): T => ({
    ...at,
    requestsPerSecond: at.requestsPerSecond / samples,
  });
  const target: EnvelopeLimit = scaled(envelope.target);
  return { ...envelope, points: envelope.points.map(scaled), saturation: scaled(envelope.saturation), target };
}
