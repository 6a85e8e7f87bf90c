import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, expect, test, vi } from 'vitest';
import { ProblemError, toProblem } from '@/api/problem';
import { later, setLanguage, startI18n } from '@/i18n';
import { Button } from './Button';
import { ConfirmDialog } from './Dialog';
import { ErrorState } from './ErrorState';
import { KeyValue } from './KeyValue';
import { Menu } from './Menu';
import { NumberField } from './NumberField';
import { PasswordForm } from './PasswordForm';
import { Progress } from './Progress';
import { Select } from './Select';
import { StateChip } from './StateChip';
import { Table } from './Table';
import { Tabs } from './Tabs';
import { SearchField, TextField } from './TextField';
import { Time } from './Time';
import { ToastRegion, toast, toastError } from './Toast';

beforeAll(() => startI18n('en'));

test('a pending button cannot be pressed', async () => {
  const onPress = vi.fn();
  const { rerender } = render(<Button onPress={onPress}>Save</Button>);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  rerender(
    <Button onPress={onPress} isPending>
      Save
    </Button>,
  );
  await userEvent.click(screen.getByRole('button'));
  expect(onPress).toHaveBeenCalledTimes(1);
  expect(screen.getByRole('progressbar').getAttribute('aria-label')).toBeTruthy();
});

test('a field says what is wrong with it', () => {
  render(<TextField label="Name" value="A" onChange={() => {}} error="Use small letters." />);
  expect(screen.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid')).toBe('true');
  expect(screen.getByText('Use small letters.')).toBeTruthy();
});

test('a search can be emptied', async () => {
  const onChange = vi.fn();
  render(<SearchField label="Search" value="cat" onChange={onChange} />);
  await userEvent.click(screen.getByRole('button', { name: 'Clear' }));
  expect(onChange).toHaveBeenLastCalledWith('');
});

test('a number keeps to its bounds', async () => {
  const onChange = vi.fn();
  render(<NumberField label="Epochs" defaultValue={1} minValue={1} maxValue={3} onChange={onChange} />);
  const field = screen.getByRole('textbox', { name: 'Epochs' });
  await userEvent.clear(field);
  await userEvent.type(field, '9{Tab}');
  expect(onChange).toHaveBeenLastCalledWith(3);
});

test('a choice is made from a list', async () => {
  const onChange = vi.fn();
  const options = [
    { id: 'a', label: 'First' },
    { id: 'b', label: 'Second' },
  ];
  render(<Select label="Kind" options={options} value="a" onChange={onChange} />);
  await userEvent.click(screen.getByRole('button', { name: /Kind/ }));
  await userEvent.click(await screen.findByRole('option', { name: 'Second' }));
  expect(onChange).toHaveBeenCalledWith('b');
});

test('tabs show one panel, and a tab that is unknown the first', async () => {
  const onChange = vi.fn();
  const items = [
    { id: 'one', label: 'One', content: <p>first</p> },
    { id: 'two', label: 'Two', content: <p>second</p> },
  ];
  render(<Tabs label="Views" items={items} value="gone" onChange={onChange} />);
  expect(screen.getByText('first')).toBeTruthy();
  await userEvent.click(screen.getByRole('tab', { name: 'Two' }));
  expect(onChange).toHaveBeenCalledWith('two');
});

test('a table names its rows and sorts', async () => {
  const onSort = vi.fn();
  render(
    <Table
      label="Models"
      items={[{ name: 'digits' }]}
      idOf={({ name }) => name}
      columns={[{ id: 'name', title: 'Name', isRowHeader: true, isSortable: true, cell: ({ name }) => name }]}
      onSort={onSort}
    />,
  );
  expect(screen.getByRole('rowheader', { name: 'digits' })).toBeTruthy();
  await userEvent.click(screen.getByRole('columnheader', { name: 'Name' }));
  expect(onSort).toHaveBeenCalled();
});

test('an error says what, what next, and its number', () => {
  const problem = {
    type: '',
    title: '',
    status: 404,
    detail: 'There is no dataset x.',
    hint: "Did you mean 'y'?",
    code: 'not_found',
    instance: '',
    request_id: 'ab12',
    errors: [],
  };
  render(<ErrorState error={new ProblemError(problem)} />);
  const alert = screen.getByRole('alert');
  for (const words of ['This does not exist', problem.detail, problem.hint, 'ab12'])
    expect(alert.textContent).toContain(words);
});

test('a confirmation asks before it acts', async () => {
  const onConfirm = vi.fn();
  const onClose = vi.fn();
  render(
    <ConfirmDialog
      title="Delete"
      isOpen
      isDanger
      onClose={onClose}
      onConfirm={onConfirm}
      confirmLabel="Delete it"
    >
      Sure?
    </ConfirmDialog>,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(onClose).toHaveBeenCalled();
  await userEvent.click(screen.getByRole('button', { name: 'Delete it' }));
  expect(onConfirm).toHaveBeenCalledTimes(1);
});

test('passwords are checked before they are sent', async () => {
  const onSubmit = vi.fn();
  render(
    <PasswordForm username="al" asksCurrent={false} isPending={false} error={null} onSubmit={onSubmit} />,
  );
  await userEvent.type(screen.getByLabelText('New password'), 'correct horse');
  await userEvent.type(screen.getByLabelText('The new password again'), 'correct hose');
  await userEvent.click(screen.getByRole('button', { name: 'Set the password' }));
  expect(screen.getByText('The two are not the same.')).toBeTruthy();
  expect(onSubmit).not.toHaveBeenCalled();
});

test('states have a word, not a colour alone', () => {
  render(<StateChip state="failed" />);
  expect(screen.getByText('Failed')).toBeTruthy();
});

test('progress is told to readers', () => {
  render(<Progress label="Sending" value={0.25} />);
  expect(screen.getByRole('progressbar', { name: 'Sending' }).getAttribute('aria-valuenow')).toBe('25');
});

test('facts without a value are left out', () => {
  render(
    <KeyValue
      facts={[
        { label: 'Split', value: 'train' },
        { label: 'Label', value: null },
      ]}
    />,
  );
  expect(screen.queryByText('Label')).toBeNull();
});

test('a moment carries its date', () => {
  render(<Time at="2026-01-02T03:04:05Z" />);
  expect(document.querySelector('time')?.getAttribute('datetime')).toBe('2026-01-02T03:04:05Z');
});

test('a toast offers to undo, once', async () => {
  const onPress = vi.fn();
  render(<ToastRegion />);
  toast({ tone: 'ok', title: 'Deleted', action: { label: 'Undo', onPress } });
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(onPress).toHaveBeenCalledTimes(1);
  await waitFor(() => expect(screen.queryByText('Deleted')).toBeNull());
});

test('what stays on the page is read in the language that is switched to', async () => {
  const refused = new ProblemError({ ...toProblem(new Error('It is taken.')), detail_zh: '已被使用。' });
  render(
    <>
      <ToastRegion />
      <Time at={new Date(Date.now() - 3_600_000).toISOString()} />
    </>,
  );
  toastError(refused, later('common', 'error.page'));
  await screen.findByText('This page could not be shown');
  expect(screen.getByText('It is taken.')).toBeTruthy();
  expect(screen.getByText('1 hr. ago')).toBeTruthy();
  await setLanguage('zh');
  await screen.findByText('页面无法显示');
  expect(screen.getByText('已被使用。')).toBeTruthy();
  expect(screen.getByText('1 小时前')).toBeTruthy();
  await setLanguage('en');
});

test('a menu opens by pointer and by arrow, and closes after an action', async () => {
  const onAction = vi.fn();
  render(
    <Menu label="Actions" groups={[{ items: [{ id: 'a', label: 'Rename', onAction }] }]}>
      <Button>More</Button>
    </Menu>,
  );
  const button = screen.getByRole('button', { name: 'More' });
  await userEvent.click(button);
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Rename' }));
  expect(onAction).toHaveBeenCalledTimes(1);
  await waitFor(() => expect(screen.queryByRole('menuitem')).toBeNull());
  button.focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(await screen.findByRole('menuitem', { name: 'Rename' })).toBeTruthy();
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('menuitem')).toBeNull());
});
