import { describe, expect, test } from 'vitest';
import { parseAxis, readAxis, settingOf } from '../../src/analysis/axis.ts';
import { planSweep, pointValues } from '../../src/analysis/sweep-plan.ts';

describe('an axis', () => {
  test('takes lists, ranges with both ends exact, and k, M, G', () => {
    expect(parseAxis('serving.gpu=l4, h100-sxm5-80gb').values).toEqual(['l4', 'h100-sxm5-80gb']);
    expect(parseAxis('traffic.utilization=0.1..0.3:3').values).toEqual([0.1, 0.2, 0.3]);
    const log = parseAxis('traffic.requests_per_day=1k..10M:5:log').values as number[];
    expect([log[0], log[4]]).toEqual([1000, 10_000_000]);
    expect(log[2]).toBeCloseTo(100_000, 6);
  });

  test('rounds where whole numbers are taken, and says what it dropped', () => {
    const axis = parseAxis('serving.max_batch=1..4:7');
    expect(axis.values).toEqual([1, 2, 3, 4]);
    expect(axis.warnings).toEqual([
      '--axis serving.max_batch: 3 values were dropped, equal to an earlier one once whole',
    ]);
    expect(parseAxis('serving.replicas=1,1,2')).toMatchObject({
      values: [1, 2],
      warnings: [expect.stringContaining('1 value was dropped')],
    });
  });

  test('gives bare numbers the unit of the field', () => {
    const axis = parseAxis('capacity.rent.price=1..3:3');
    expect(settingOf(axis, 2)).toEqual({ path: 'capacity.rent.price', value: '2 USD/h' });
    expect(settingOf(parseAxis('traffic.utilization=0.5'), 0.5).value).toBe(0.5);
  });

  test.each([
    ['nothing', /expected path=values/],
    ['a.b=', /has no values/],
    ['a.b=1,,2', /empty value/],
    ['a.b=1..2', /expected lo\.\.hi:N/],
    ['a.b=x..2:3', /both ends of a range are numbers/],
    ['a.b=0..2:3:log', /log range lies above 0/],
    ['a.b=1..2:99999999999', /1 to 100,000 points, not 99,999,999,999/],
    ['__proto__.x=1', /reserved/],
    ['a.b~c.d=1', /no other axis to move with/],
  ])('%s is refused', (text, said) => {
    expect(() => parseAxis(text)).toThrow(said);
  });
});

describe('a sweep', () => {
  const axes = ['serving.max_batch=1,2', 'serving.gpu=l4,l40s,b200'].map((text) => parseAxis(text));

  test('is every combination, the first axis slowest, each a function of its index', () => {
    const plan = planSweep(axes);
    expect(plan.points).toBe(6);
    expect(Array.from({ length: 6 }, (_, index) => pointValues(plan, index).join())).toEqual([
      '1,l4',
      '1,l40s',
      '1,b200',
      '2,l4',
      '2,l40s',
      '2,b200',
    ]);
  });

  test('is refused when too large, when an axis comes twice, or when two set the load', () => {
    const wide = ['serving.max_batch', 'serving.token_budget'].map((path) => parseAxis(`${path}=1..100000:100000`));
    expect(() => planSweep(wide)).toThrow(/10,000,000,000 points/);
    expect(() => planSweep([...axes, parseAxis('serving.gpu=l4')])).toThrow(/given twice/);
    const loads = ['traffic.utilization=0.5', 'traffic.requests_per_day=5'].map((text) => parseAxis(text));
    expect(() => planSweep(loads)).toThrow(/both set the load/);
  });

  test('of axes that move together has their values side by side', () => {
    const linked = ['serving.gpu=l4,b200,l4', 'serving.max_batch=1,2', 'serving.tensor_parallel~serving.gpu=4,1,4'];
    const plan = planSweep(linked.map((text) => readAxis(text)));
    expect(Array.from({ length: plan.points }, (_, index) => pointValues(plan, index).join())).toEqual([
      'l4,1,4',
      'l4,2,4',
      'b200,1,1',
      'b200,2,1',
    ]);
    expect(plan.axes[0]?.warnings).toEqual([expect.stringContaining('serving.gpu: 1 value was dropped')]);
  });

  test('keeps a repeated value beside another of the axis that moves with it', () => {
    const plan = planSweep(['serving.gpu=l4,l4', 'serving.max_batch~serving.gpu=1,2'].map((text) => readAxis(text)));
    expect([pointValues(plan, 0), pointValues(plan, 1)]).toEqual([
      ['l4', 1],
      ['l4', 2],
    ]);
  });

  test.each([
    [['serving.gpu=l4,l40s', 'serving.max_batch~serving.gpu=1'], /has 1 values beside the 2 of serving\.gpu/],
    [['serving.max_batch~serving.gpu=1'], /there is no --axis serving\.gpu/],
    [['a.a=1', 'b.b~a.a=1', 'c.c~b.b=1'], /b\.b moves with a\.a/],
  ])('%j do not move together', (texts, said) => {
    expect(() => planSweep(texts.map((text) => readAxis(text)))).toThrow(said);
  });
});
