import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from '../../src/math/event-queue.ts';

/** Few times, so that many are equal; 0 takes one out. */
const operations = fc.array(fc.nat({ max: 12 }), { maxLength: 600 });

describe('event queue', () => {
  test('gives out the earliest, and among equals the one that came first', () => {
    fc.assert(
      fc.property(operations, (times) => {
        const queue = new EventQueue();
        let plain: { time: number; item: number }[] = [];
        for (const [item, time] of times.entries()) {
          if (time > 0) {
            queue.push(time, item);
            plain.push({ time, item });
          } else if (plain.length > 0) {
            const earliest = Math.min(...plain.map((one) => one.time));
            const first = plain.find((one) => one.time === earliest);
            expect(queue.nextTime()).toBe(earliest);
            expect(queue.pop()).toBe(first?.item);
            plain = plain.filter((one) => one !== first);
          }
          expect(queue.length).toBe(plain.length);
        }
      }),
    );
  });

  test('nothing left: never', () => {
    const queue = new EventQueue();
    queue.push(3, 1);
    queue.pop();
    expect(queue.nextTime()).toBe(Number.POSITIVE_INFINITY);
  });
});
