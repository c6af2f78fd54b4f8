import { loadPlan } from '../src/cli/load-plan.ts';
import { simulate } from '../src/result/simulate.ts';

/** Milliseconds of CPU that simulating a scenario's five years takes: the first time in a process, and once warm. */
export function simulateMilliseconds(file: string, runs = 40): { first: number; warm: number } {
  const { plan } = loadPlan(file, { set: [], with: [] });
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    simulate(plan);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  const [first = 0, ...later] = times;
  return { first, warm: later.sort((a, b) => a - b)[Math.floor(later.length / 2)] ?? 0 };
}
