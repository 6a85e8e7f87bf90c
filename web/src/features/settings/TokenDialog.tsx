import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { Select } from '@/ui/Select';
import { Switch } from '@/ui/Switch';
import { TextField } from '@/ui/TextField';
import { createToken, tokensQuery } from './api';

type Scope = 'read' | 'write' | 'admin';

const SCOPES: Scope[] = ['read', 'write', 'admin'];
const DAYS = [7, 30, 90, 365];

/** Makes a token and shows it, this once. */
export function TokenDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('write');
  const [days, setDays] = useState('90');
  const [isLimited, setLimited] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      createToken({
        name: name.trim(),
        scopes: [scope],
        project: isLimited ? project : null,
        expires_in_s: Number(days) * 86_400,
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  if (create.data)
    return (
      <Dialog
        title={t('tokens.made')}
        isOpen
        onClose={onClose}
        footer={
          <Button variant="primary" onPress={onClose}>
            {t('close')}
          </Button>
        }
      >
        <p className="mb-3 text-fg-2">{t('tokens.once')}</p>
        <CodeBlock code={create.data.token} wraps />
      </Dialog>
    );
  return (
    <Dialog
      title={t('tokens.new')}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button
            variant="primary"
            isDisabled={name.trim() === ''}
            isPending={create.isPending}
            onPress={() => create.mutate()}
          >
            {t('create')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <TextField
          label={t('name')}
          description={t('tokens.nameHelp')}
          value={name}
          onChange={setName}
          autoFocus
        />
        <div className="grid grid-cols-2 gap-3">
          <Select
            label={t('tokens.scopes')}
            value={scope}
            onChange={(id) => setScope(id as Scope)}
            options={SCOPES.map((id) => ({ id, label: t(`tokens.scope.${id}`) }))}
          />
          <Select
            label={t('tokens.life')}
            value={days}
            onChange={setDays}
            options={DAYS.map((count) => ({ id: String(count), label: t('tokens.days', { count }) }))}
          />
        </div>
        <Switch isSelected={isLimited} onChange={setLimited} description={t('tokens.limitHelp')}>
          {t('tokens.limit', { project })}
        </Switch>
        {create.isError && <ErrorState isInline error={create.error} />}
      </div>
    </Dialog>
  );
}
