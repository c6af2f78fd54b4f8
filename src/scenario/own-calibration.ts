import type { CalibrationCard, EngineCard } from '../schema/engine.ts';
import type { CalibrationFactors } from '../schema/own-calibration.ts';

type Coefficients = { calibration: CalibrationCard; host: EngineCard['host'] };

/** Nothing passes the datasheet, whatever a factor says. */
const atMost1 = (share: number) => Math.min(1, share);

/**
 * The shared coefficients as one deployment's own measurements move them: what memory and what arithmetic reach of the
 * datasheet, all times that do not depend on the size of the work, and what the server does before its engine.
 */
export function withFactors({ calibration, host }: Coefficients, factors: CalibrationFactors): Coefficients {
  const { memory_efficiency: memory, compute_efficiency: compute, fixed_time: fixed, front_end: front } = factors;
  const { bits_16, bits_8, bits_4 } = calibration.memory_efficiency;
  const { front_end } = host;
  return {
    calibration: {
      ...calibration,
      memory_efficiency: {
        bits_16: atMost1(bits_16 * memory),
        bits_8: atMost1(bits_8 * memory),
        bits_4: atMost1(bits_4 * memory),
      },
      kv_memory_efficiency: atMost1(calibration.kv_memory_efficiency * memory),
      compute_efficiency: atMost1(calibration.compute_efficiency * compute),
      unpacked_compute_efficiency: atMost1(calibration.unpacked_compute_efficiency * compute),
      unpacked_expert_compute_efficiency: atMost1(calibration.unpacked_expert_compute_efficiency * compute),
      attention_compute_efficiency: atMost1(calibration.attention_compute_efficiency * compute),
      eager_layer_floor: calibration.eager_layer_floor * fixed,
      eager_fp8_moe_layer_floor: calibration.eager_fp8_moe_layer_floor * fixed,
    },
    host: {
      ...host,
      per_iteration: host.per_iteration * fixed,
      per_sequence: host.per_sequence * fixed,
      launch_scale: host.launch_scale * fixed,
      ...(front_end === undefined
        ? {}
        : {
            front_end: {
              latency: front_end.latency * front,
              per_request: front_end.per_request * front,
              per_prompt_token: front_end.per_prompt_token * front,
            },
          }),
    },
  };
}
