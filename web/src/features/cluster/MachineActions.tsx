import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ban, EllipsisVertical, LogOut, Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { Badge } from '@/ui/Badge';
import { ConfirmDialog } from '@/ui/Dialog';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { TextField } from '@/ui/TextField';
import { toast, toastError } from '@/ui/Toast';
import { drainMachine, setCordoned } from './api';
import type { Machine } from './model';

/** Whether a machine takes new tasks, and why not. */
export function MachineState({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  if (!machine.is_healthy) return <Badge tone="failed">{t('machine.silent')}</Badge>;
  if (!machine.is_cordoned && !machine.is_draining) return null;
  const by = machine.changed_by && t('machine.by', { user: machine.changed_by });
  return (
    <span title={[machine.reason, by].filter(Boolean).join(' · ')}>
      <Badge tone="warning">{t(machine.is_draining ? 'machine.draining' : 'machine.closed')}</Badge>
    </span>
  );
}

type Asking = 'close' | 'drain' | null;

/** Closing, draining and opening a machine, for administrators of the platform. */
export function MachineActions({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const client = useQueryClient();
  const isAdmin = useQuery(sessionQuery).data?.is_admin ?? false;
  const [asking, setAsking] = useState<Asking>(null);
  const [reason, setReason] = useState('');
  const { name, holders } = machine;
  const settled = () => {
    setAsking(null);
    setReason('');
    void client.invalidateQueries({ queryKey: ['machines'] });
  };
  const close = useMutation({
    mutationFn: (isClosed: boolean) => setCordoned(name, isClosed, isClosed ? reason : ''),
    onSuccess: (_, isClosed) =>
      toast({ tone: 'ok', title: t(isClosed ? 'machine.nowClosed' : 'machine.nowOpen', { name }) }),
    onError: (error) => toastError(error, t('machine.failed')),
    onSettled: settled,
  });
  const drain = useMutation({
    mutationFn: () => drainMachine(name, reason),
    onSuccess: ({ moving, staying }) =>
      toast({
        tone: 'ok',
        title: t('machine.nowDraining', { name }),
        detail: t('machine.drained', { moving: moving.length, staying: staying.length }),
      }),
    onError: (error) => toastError(error, t('machine.failed')),
    onSettled: settled,
  });
  if (!isAdmin) return null;
  const isClosed = machine.is_cordoned || machine.is_draining;
  return (
    <>
      <Menu
        label={t('machine.actions', { name })}
        groups={[
          {
            items: [
              ...(isClosed
                ? [{ id: 'open', label: t('machine.open'), icon: Play, onAction: () => close.mutate(false) }]
                : [
                    { id: 'close', label: t('machine.close'), icon: Ban, onAction: () => setAsking('close') },
                  ]),
              ...(machine.is_draining
                ? []
                : [
                    {
                      id: 'drain',
                      label: t('machine.drain'),
                      icon: LogOut,
                      isDanger: true,
                      onAction: () => setAsking('drain'),
                    },
                  ]),
            ],
          },
        ]}
      >
        <IconButton size="small" icon={EllipsisVertical} label={t('machine.actions', { name })} />
      </Menu>
      <ConfirmDialog
        title={t(asking === 'drain' ? 'machine.drainTitle' : 'machine.closeTitle', { name })}
        isOpen={asking !== null}
        onClose={() => setAsking(null)}
        confirmLabel={t(asking === 'drain' ? 'machine.drain' : 'machine.close')}
        isDanger={asking === 'drain'}
        isPending={close.isPending || drain.isPending}
        onConfirm={() => (asking === 'drain' ? drain.mutate() : close.mutate(true))}
      >
        <p className="mb-3 text-fg-2">
          {t(asking === 'drain' ? 'machine.drainText' : 'machine.closeText', { count: holders.length })}
        </p>
        <TextField
          label={t('machine.reason')}
          description={t('machine.reasonHelp')}
          value={reason}
          onChange={setReason}
          maxLength={500}
          autoFocus
        />
      </ConfirmDialog>
    </>
  );
}
