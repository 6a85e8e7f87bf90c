import { expect, test } from 'vitest';
import { metricUnit } from '@/ui/metricUnit';
import { keyMetric, parseCard } from './model';

test.each([
  ['val_accuracy', 0.99, 'share'],
  ['macro_f1', 0.9, 'share'],
  ['latency_p50_ms', 1, 'milliseconds'],
  ['size_bytes', 10, 'bytes'],
  ['throughput_per_s', 10, 'perSecond'],
  ['val_loss', 0.1, 'plain'],
  ['capacity', 0.5, 'plain'],
])('%s is read as %s', (name, value, unit) => expect(metricUnit(name, value)).toBe(unit));

test('a model is told by its accuracy, else by what it has', () => {
  expect(keyMetric({ val_loss: 0.1, val_accuracy: 0.9 })).toEqual(['val_accuracy', 0.9]);
  expect(keyMetric({ val_loss: 0.1 })).toEqual(['val_loss', 0.1]);
  expect(keyMetric({})).toBeNull();
});

test('a card is taken apart without its front matter and title', () => {
  const card =
    '---\nmodel: a\n---\n\n# a@1\n\n## How good\n\nFine.\n\n| | |\n|---|---|\n| accuracy | 0.9 |\n\n- `x`, 1 B\n- y\n';
  expect(parseCard(card)).toEqual([
    { kind: 'heading', level: 2, text: 'How good' },
    { kind: 'text', text: 'Fine.' },
    { kind: 'table', rows: [['accuracy', '0.9']] },
    { kind: 'list', items: ['`x`, 1 B', 'y'] },
  ]);
});
