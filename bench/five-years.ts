import { loadPlan } from '../src/cli/load-plan.ts';
import { simulate } from '../src/result/simulate.ts';

/**
 * Milliseconds of CPU that simulating a scenario's five years takes: the first time in a process, again with another
 * seed, for which a simulated curve has to be made anew, and once warm.
 */
export function simulateMilliseconds(
  file: string,
  envelope: 'simulated' | 'closed-form',
  runs = 20,
): { first: number; anew: number; warm: number } {
  const { plan } = loadPlan(file, { set: [`serving.envelope=${envelope}`], with: [] });
  const timed = (seed: number) => {
    const before = process.cpuUsage();
    simulate(plan, seed);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const middle = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  const first = timed(0);
  const anew = middle([1, 2, 3].map(timed));
  return { first, anew, warm: middle(Array.from({ length: runs }, () => timed(0))) };
}
