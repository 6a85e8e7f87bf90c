import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { beforeAll, expect, it, vi } from 'vitest';
import common from '@/i18n/en/common.json';
import pipelines from '@/i18n/en/pipelines.json';
import { bindingTo } from '@/viz/graph/document';
import { SchemaField } from './SchemaField';

beforeAll(() =>
  i18next
    .use(initReactI18next)
    .init({ lng: 'en', resources: { en: { common, pipelines } }, fallbackNS: 'common' }),
);

const rate = {
  type: 'number',
  title: 'Learning rate 学习率',
  default: 0.002,
  exclusiveMinimum: 0,
  maximum: 1,
};

it('shows the default under the title in the reader’s language, with its range', () => {
  render(<SchemaField name="rate" schema={rate} value={undefined} onChange={() => {}} />);
  expect(screen.getByLabelText('Learning rate')).toHaveProperty('value', '0.002');
  expect(screen.getByText('>0 – 1')).toBeTruthy();
});

it('takes numbers as they are typed and steps them by the arrow keys', async () => {
  const changed = vi.fn();
  render(<SchemaField name="rate" schema={rate} value={undefined} onChange={changed} />);
  const field = screen.getByLabelText('Learning rate');
  await userEvent.type(field, '{arrowup}');
  expect(changed).toHaveBeenLastCalledWith(0.003);
  await userEvent.clear(field);
  await userEvent.type(field, '1e-4');
  expect(changed).toHaveBeenLastCalledWith(0.0001);
});

it('says what is wrong with a value, and takes it back to the default', async () => {
  const changed = vi.fn();
  render(<SchemaField name="rate" schema={rate} value={3} onChange={changed} />);
  expect(screen.getByText('Too large: give ≤ 1.')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Back to the default, 0.002' }));
  expect(changed).toHaveBeenCalledWith(undefined);
});

it('shows a binding in place of the field, and takes it away', async () => {
  const changed = vi.fn();
  const binding = { parameters: ['lr'], bind: () => {}, expose: () => {} };
  render(
    <SchemaField name="rate" schema={rate} value={bindingTo('lr')} onChange={changed} binding={binding} />,
  );
  expect(screen.queryByLabelText('Learning rate')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Take the binding to lr away' }));
  expect(changed).toHaveBeenCalledWith(undefined);
});

it('offers choices, and switches for yes and no', async () => {
  const changed = vi.fn();
  render(
    <SchemaField
      name="flip"
      schema={{ type: 'boolean', default: false }}
      value={undefined}
      onChange={changed}
    />,
  );
  await userEvent.click(screen.getByRole('switch', { name: 'flip' }));
  expect(changed).toHaveBeenCalledWith(true);
  render(
    <SchemaField
      name="network"
      schema={{ enum: ['small', 'large'], default: 'small' }}
      value={undefined}
      onChange={changed}
    />,
  );
  await userEvent.click(screen.getByRole('button', { name: /network/ }));
  await userEvent.click(screen.getByRole('option', { name: 'large' }));
  expect(changed).toHaveBeenLastCalledWith('large');
});
