import { loadPlan } from '../src/cli/load-plan.ts';
import { replay } from '../src/result/replay.ts';
import { replicaOf, serviceCurve } from '../src/serving/service-curve.ts';
import { trafficSource } from '../src/serving/traffic-source.ts';

/** What running so many requests, one by one, took. */
export interface ReplicaSpeed {
  requests: number;
  requestsPerWallSecond: number;
  iterationsPerWallSecond: number;
  wallSeconds: number;
  peakMegabytes: number;
  ttftP95: number;
}

/** Poisson arrivals at a share of what saturates the replica. */
export function replicaSpeed(file: string, shareOfSaturation: number, requests: number): ReplicaSpeed {
  const { plan } = loadPlan(file, { set: [], with: [] });
  const replica = replicaOf(plan);
  const rate = shareOfSaturation * serviceCurve(plan, 0).envelope.saturation.requestsPerSecond;
  const { prefixCache: keepsPrefixes, maxContext: longest } = replica.engine;
  const source = trafficSource(plan.traffic, rate, 1, { limit: requests, keepsPrefixes, longest });
  const started = performance.now();
  const record = replay(replica, source, []);
  const wallSeconds = (performance.now() - started) / 1000;
  return {
    requests: record.requests.completed,
    requestsPerWallSecond: record.requests.completed / wallSeconds,
    iterationsPerWallSecond: record.iterations / wallSeconds,
    wallSeconds,
    peakMegabytes: process.resourceUsage().maxRSS / 1000,
    ttftP95: record.ttft_s?.p95 ?? 0,
  };
}

/** Called with a file, a share and a number of requests: prints the figures as JSON, from a process of its own. */
const [file, share, requests] = process.argv.slice(2);
if (file !== undefined) {
  process.stdout.write(JSON.stringify(replicaSpeed(file, Number(share), Number(requests))));
}
