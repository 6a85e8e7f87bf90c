import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { ConfirmDialog, Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { NumberField } from '@/ui/NumberField';
import { SectionTitle } from '@/ui/Panel';
import { Select } from '@/ui/Select';
import { TextField } from '@/ui/TextField';
import { toast, toastError } from '@/ui/Toast';
import { deleteQueue, putQueue } from './api';
import type { Queue } from './model';
import {
  type Amounts,
  bodyOf,
  formOf,
  isQueueName,
  LIMITS,
  type LimitName,
  type QueueForm,
  resourcesOf,
} from './queueForm';

interface QueueDialogProps {
  /** The queue to change; null for a new one. */
  queue: Queue | null;
  queues: Queue[];
  /** What all machines have, by resource. */
  total: Amounts;
  onClose: () => void;
}

/** Quotas, weight and rules of a queue. The server checks that promises and limits of the tree hold. */
export function QueueDialog({ queue, queues, total, onClose }: QueueDialogProps) {
  const { t } = useTranslation('cluster');
  const client = useQueryClient();
  const [form, setForm] = useState<QueueForm>(() => formOf(queue, 'root'));
  const [isDeleting, setDeleting] = useState(false);
  const change = (next: Partial<QueueForm>) => setForm({ ...form, ...next });
  // Closed once the list is new, so that nobody goes on from old values.
  const done = async (title: () => string) => {
    await client.invalidateQueries({ queryKey: ['queues'] });
    toast({ tone: 'ok', title });
    onClose();
  };
  const save = useMutation({
    mutationFn: () => putQueue(form.name, bodyOf(form, queue === null)),
    onSuccess: ({ name }) => done(later('cluster', 'form.saved', { name })),
  });
  const remove = useMutation({
    mutationFn: () => deleteQueue(form.name),
    onSuccess: () => done(later('cluster', 'form.deleted', { name: form.name })),
    onError: (error) => toastError(error, later('cluster', 'form.deleteFailed')),
    onSettled: () => setDeleting(false),
  });
  const isNameWrong = queue === null && form.name !== '' && !isQueueName(form.name);
  const isReady = form.name !== '' && !isNameWrong && form.weight > 0;
  return (
    <>
      <Dialog
        title={queue === null ? t('form.new') : t('form.title', { name: queue.name })}
        isOpen
        size="large"
        onClose={onClose}
        footer={
          <>
            {queue?.is_set_up && queue.name !== 'root' && (
              <Button variant="danger" className="mr-auto" onPress={() => setDeleting(true)}>
                {t('form.delete')}
              </Button>
            )}
            <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
            <Button
              variant="primary"
              isDisabled={!isReady}
              isPending={save.isPending}
              onPress={() => save.mutate()}
            >
              {t('save', { ns: 'common' })}
            </Button>
          </>
        }
      >
        <div className="space-y-5">
          {save.isError && <ErrorState isInline error={save.error} />}
          <div className="grid grid-cols-3 gap-4">
            {queue === null && (
              <>
                <TextField
                  label={t('form.name')}
                  isMono
                  autoFocus
                  value={form.name}
                  onChange={(name) => change({ name })}
                  error={isNameWrong ? t('form.nameRule') : undefined}
                />
                <Select
                  label={t('form.parent')}
                  value={form.parent}
                  onChange={(parent) => change({ parent })}
                  options={queues.map(({ name }) => ({ id: name, label: name }))}
                />
              </>
            )}
            <NumberField
              label={t('form.weight')}
              description={t('form.weightHelp')}
              minValue={0.001}
              maxValue={1000}
              value={form.weight}
              onChange={(weight) => change({ weight })}
            />
          </div>
          <Quotas queue={queue} total={total} form={form} onChange={change} />
          <section>
            <SectionTitle aside={t('form.rulesHelp')}>{t('form.rules')}</SectionTitle>
            <div className="grid grid-cols-2 gap-4">
              <NumberField
                label={t('form.maxRun')}
                minValue={0.01}
                value={form.maxRunHours}
                placeholder={t('form.asAbove')}
                onChange={(maxRunHours) => change({ maxRunHours })}
              />
              <NumberField
                label={t('form.idleStop')}
                minValue={0.01}
                value={form.idleStopHours}
                placeholder={t('form.asAbove')}
                onChange={(idleStopHours) => change({ idleStopHours })}
              />
              <NumberField
                label={t('form.minRun')}
                minValue={0}
                value={form.minRunMinutes}
                placeholder={t('form.asAbove')}
                onChange={(minRunMinutes) => change({ minRunMinutes })}
              />
              <TextField
                label={t('form.kinds')}
                placeholder={t('form.asAbove')}
                value={form.allowedKinds}
                onChange={(allowedKinds) => change({ allowedKinds })}
              />
            </div>
          </section>
        </div>
      </Dialog>
      <ConfirmDialog
        title={t('form.deleteTitle', { name: form.name })}
        isOpen={isDeleting}
        isDanger
        isPending={remove.isPending}
        confirmLabel={t('form.delete')}
        onClose={() => setDeleting(false)}
        onConfirm={() => remove.mutate()}
      >
        <p>{t('form.deleteText')}</p>
      </ConfirmDialog>
    </>
  );
}

interface QuotasProps {
  queue: Queue | null;
  total: Amounts;
  form: QueueForm;
  onChange: (change: Partial<QueueForm>) => void;
}

/** A row for each resource: what is promised, what is never exceeded, and what each user never exceeds. */
function Quotas({ queue, total, form, onChange }: QuotasProps) {
  const { t } = useTranslation('cluster');
  const titleOf = (resource: string) =>
    `${t(`resource.${resource}`, resource.toUpperCase().replace(':', ' '))}${
      resource === 'memory' || resource === 'storage' ? ' (GiB)' : ''
    }`;
  const set = (limit: LimitName, resource: string, value: number) =>
    onChange({
      amounts: { ...form.amounts, [limit]: { ...form.amounts[limit], [resource]: value } },
    });
  return (
    <section>
      <SectionTitle aside={t('form.quotasHelp')}>{t('form.quotas')}</SectionTitle>
      <table className="w-full text-13">
        <thead>
          <tr className="text-left text-12 text-fg-3">
            <td className="w-36" />
            {LIMITS.map((limit) => (
              <th key={limit} scope="col" className="pb-1 pl-3 font-medium">
                {t(`form.${limit}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {resourcesOf(queue, total).map((resource) => (
            <tr key={resource}>
              <th scope="row" className="py-1 text-left font-normal">
                {titleOf(resource)}
              </th>
              {LIMITS.map((limit) => (
                <td key={limit} className="py-1 pl-3">
                  <NumberField
                    label={`${titleOf(resource)}, ${t(`form.${limit}`)}`}
                    isLabelHidden
                    minValue={0}
                    value={form.amounts[limit][resource] ?? Number.NaN}
                    placeholder="–"
                    onChange={(value) => set(limit, resource, value)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
