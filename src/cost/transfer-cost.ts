import type { TransferPlan } from '../scenario/plan.ts';
import { type LedgerLine, line } from './ledger.ts';

/** Bytes of a volume that lie between two marks. */
function between(volume: number, from: number, to: number): number {
  return Math.max(0, Math.min(volume, to) - from);
}

/**
 * Data moved in a month beside the answers, one line a tier of each way. The free bytes are the first of the volume, so
 * they use up room of the first tiers.
 *
 * @source AWS, EC2 data transfer: tiers of the aggregate of a month
 * @checkedBy test/acceptance/own.test.ts
 */
export function transferLines(transfers: readonly TransferPlan[], month: number): LedgerLine[] {
  return transfers.flatMap(({ way, bytesPerMonth, free, tiers, source }) => {
    const entry = (id: string, label: string, bytes: number, rate: number) =>
      line({ id, label, group: 'software', month, quantity: bytes / 1e9, unit: 'GB', rate, source });
    let start = 0;
    const charged = tiers.flatMap(({ upTo, usdPerGb }, index) => {
      const bytes = between(bytesPerMonth, Math.max(start, free), upTo);
      start = upTo;
      const tier = tiers.length > 1 ? `, tier ${index + 1}` : '';
      return bytes > 0 ? [entry(`transfer.${way}.${index + 1}`, `Transfer, ${way}${tier}`, bytes, usdPerGb)] : [];
    });
    const given = Math.min(free, bytesPerMonth);
    return [...(given > 0 ? [entry(`transfer.${way}.free`, `Transfer, ${way}, free`, given, 0)] : []), ...charged];
  });
}
