import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { TextField } from '@/ui/TextField';
import { toast, toastError } from '@/ui/Toast';
import { type Action, actionsOf, actOn } from './actions';
import type { Machine } from './model';

/** Keeping new tasks away from a machine, and opening it again, for administrators; others read who may. */
export function MachineActions({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const isAdmin = useQuery(sessionQuery).data?.is_admin === true;
  const [asked, setAsked] = useState<Action | null>(null);
  if (!isAdmin) return <p className="text-12 text-fg-3">{t('act.admins')}</p>;
  return (
    <div className="flex gap-2">
      {actionsOf(machine).map((action) => (
        <Button key={action} size="small" onPress={() => setAsked(action)}>
          {t(`act.${action}`)}
        </Button>
      ))}
      {asked && <Confirm machine={machine} action={asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

function Confirm({ machine, action, onClose }: { machine: Machine; action: Action; onClose: () => void }) {
  const { t } = useTranslation('cluster');
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const { name } = machine;
  const act = useMutation({
    mutationFn: () => actOn(name, action, reason.trim()),
    onSuccess: ({ numMoving, numStaying }) => {
      toast({
        tone: 'ok',
        title: later('cluster', `act.${action}Done`, { name }),
        detail:
          action === 'drain'
            ? [t('act.moving', { count: numMoving }), t('act.staying', { count: numStaying })].join(' ')
            : undefined,
      });
      onClose();
    },
    onError: (error) => toastError(error, later('cluster', `act.${action}Failed`, { name })),
    onSettled: () => client.invalidateQueries({ queryKey: ['machines'] }),
  });
  const running = machine.holders.length;
  const movable = machine.num_movable ?? 0;
  const isClosing = action === 'cordon' || action === 'drain';
  return (
    <ConfirmDialog
      title={t(`act.${action}Title`, { name })}
      isOpen
      onClose={onClose}
      onConfirm={() => act.mutate()}
      confirmLabel={t(`act.${action}`)}
      isPending={act.isPending}
      isDanger={action === 'drain'}
    >
      <p>{t(`act.${action}Text`)}</p>
      {action === 'cordon' && <p>{t('act.goOn', { count: running })}</p>}
      {action === 'drain' && (
        <ul className="list-disc space-y-1 pl-5">
          <li>{t('act.willMove', { count: movable })}</li>
          <li>{t('act.willStay', { count: running - movable })}</li>
        </ul>
      )}
      {isClosing && (
        <TextField
          label={t('act.reason')}
          description={t('act.reasonHelp')}
          value={reason}
          onChange={setReason}
          maxLength={500}
          className="pt-2"
        />
      )}
    </ConfirmDialog>
  );
}
