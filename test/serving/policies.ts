import { type Served, shipped } from './scenario-replica.ts';

/** The 8B chat on one L40S under each way of scheduling that an engine knows. */

const network = { bandwidth: '12 GB/s', latency: '20 us' };

const CHANGES = {
  chunked: {},
  whole: { serving: { scheduling: { policy: 'continuous', prefill: 'whole' } } },
  'prefix cache': {
    serving: { prefix_cache: true },
    traffic: { shared_prompt: { tokens: 700, prompts: 30 } },
  },
  conversations: {
    serving: { prefix_cache: true },
    traffic: {
      input_tokens: undefined,
      session: { turns: { mean: 4, cv: 0.5 }, first_input: 800, added_per_turn: 300, pause: '5 s' },
    },
  },
  priorities: { traffic: { background: { share: 0.3 } } },
  speculation: { serving: { speculation: { acceptance: 0.7, depth: 3, draft_cost: 0.05 } } },
  disaggregated: {
    serving: { scheduling: { policy: 'disaggregated', prefill_instances: 1, decode_instances: 1, network } },
  },
  static: { serving: { scheduling: { policy: 'static', batch: 32, max_wait: '2 s' } } },
} as const;

export type PolicyName = keyof typeof CHANGES;

export const POLICIES = Object.keys(CHANGES) as PolicyName[];

const known = new Map<PolicyName, Served>();

/** The replica under a policy. */
export function underPolicy(name: PolicyName): Served {
  const found = known.get(name) ?? shipped('chat-8b.yaml', CHANGES[name]);
  known.set(name, found);
  return found;
}
