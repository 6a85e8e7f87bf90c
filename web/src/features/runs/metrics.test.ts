import { expect, it } from 'vitest';
import { chartsOf } from './metrics';

const brief = (name: string, num_points: number) => ({ name, num_points, last: 0, min: 0, max: 0 });

it('draws training and validation of one thing on one chart, and single values as numbers', () => {
  const { charts, numbers } = chartsOf([
    brief('loss', 9),
    brief('val_loss', 9),
    brief('lr', 9),
    brief('size', 1),
  ]);
  expect(charts).toEqual([
    { title: 'loss', names: ['loss', 'val_loss'] },
    { title: 'lr', names: ['lr'] },
  ]);
  expect(numbers.map(({ name }) => name)).toEqual(['size']);
});
