import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitingQueue } from '../../src/serving/waiting-queue.ts';

/** Runs of pushes, of pushes to the front, and of taking out, long enough to go round the ring and to make it grow. */
const deeds = fc.array(fc.tuple(fc.constantFrom('push', 'pushFront', 'shift'), fc.integer({ min: 1, max: 90 })), {
  maxLength: 20,
});

describe('a waiting queue', () => {
  test('is an array that can be pushed to at both ends', () => {
    fc.assert(
      fc.property(deeds, (each) => {
        const queue = new WaitingQueue();
        const plain: number[] = [];
        let made = 0;
        for (const [deed, times] of each) {
          for (let i = 0; i < times; i++) {
            if (deed === 'push') {
              queue.push(made);
              plain.push(made++);
            } else if (deed === 'pushFront') {
              queue.pushFront(made);
              plain.unshift(made++);
            } else if (plain.length > 0) {
              expect(queue.shift()).toBe(plain.shift());
            }
            expect(queue.length).toBe(plain.length);
            if (plain.length > 0) expect(queue.head()).toBe(plain[0]);
          }
        }
        expect(plain.map(() => queue.shift())).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });
});
