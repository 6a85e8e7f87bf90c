import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { CodeBlock, CopyButton } from '@/ui/CodeBlock';
import { ConfirmDialog } from '@/ui/Dialog';
import { IconButton } from '@/ui/IconButton';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath, useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { type DatasetVersion, deleteVersion } from '../api';
import { Changes } from './Changes';
import { Difference } from './Difference';

interface VersionsTabProps {
  project: string;
  dataset: Schemas['DatasetDetail'];
  mayChange: boolean;
}

/** All versions, newest first, each with what it changed. */
export default function VersionsTab({ project, dataset, mayChange }: VersionsTabProps) {
  const { t } = useTranslation('datasets');
  const { versions } = dataset;
  const [doomed, setDoomed] = useState<DatasetVersion | null>(null);
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: (version: number) => deleteVersion(project, dataset.name, version),
    onSuccess: () => client.invalidateQueries({ queryKey: ['datasets', project] }),
    onError: (error) => toastError(error, later('datasets', 'deleteVersion')),
    onSettled: () => setDoomed(null),
  });
  return (
    <div className="max-w-[960px] space-y-4 p-6">
      {versions.map((version, index) => (
        <VersionPanel
          key={version.version}
          project={project}
          version={version}
          before={versions[index + 1]}
          others={versions.filter((each) => each !== version)}
          isLatest={index === 0}
          onDelete={mayChange && versions.length > 1 ? () => setDoomed(version) : undefined}
        />
      ))}
      <Panel title={t('readIt')}>
        <div className="p-4">
          <CodeBlock code={`kpl dataset show ${dataset.name}`} />
        </div>
      </Panel>
      {doomed && (
        <ConfirmDialog
          title={t('deleteVersion')}
          isOpen
          isDanger
          onClose={() => setDoomed(null)}
          confirmLabel={t('delete')}
          isPending={remove.isPending}
          onConfirm={() => remove.mutate(doomed.version)}
        >
          <p>{t('deleteVersionWhat', { name: `${doomed.name}@${doomed.version}` })}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const NONE = 'none';

interface VersionPanelProps {
  project: string;
  version: DatasetVersion;
  before: DatasetVersion | undefined;
  others: DatasetVersion[];
  isLatest: boolean;
  onDelete?: () => void;
}

function VersionPanel({ project, version, before, others, isLatest, onDelete }: VersionPanelProps) {
  const { t } = useTranslation('datasets');
  const { count, bytes } = useFormat();
  const [query, setQuery] = useQueryState();
  const compared = others.find((each) => query.compare === `${version.version}-${each.version}`);
  const href = `${projectPath(project, 'datasets', version.name)}?v=${version.version}`;
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          <AppLink href={href} className="hover:underline">
            v{version.version}
          </AppLink>
          {isLatest && <Badge tone="accent">{t('latest')}</Badge>}
        </span>
      }
      aside={
        <>
          <span>
            {version.created_by} · <Time at={version.created_at} />
          </span>
          {onDelete && (
            <IconButton size="small" icon={Trash2} label={t('deleteVersion')} onPress={onDelete} />
          )}
        </>
      }
    >
      <div className="space-y-3 p-4">
        <p className="text-fg-2">
          {t('samples', { count: version.num_samples, shown: count(version.num_samples) })} ·{' '}
          {bytes(version.size_bytes)}
          {version.num_classes > 0 && ` · ${t('classes', { count: version.num_classes })}`}
        </p>
        {version.message && <p className="max-w-[72ch] break-words">{version.message}</p>}
        {before && <Changes before={before} after={version} />}
        {others.length > 0 && (
          <Select
            label={t('difference.with')}
            isLabelHidden
            size="small"
            className="w-64"
            value={compared ? String(compared.version) : NONE}
            onChange={(other) =>
              setQuery({
                compare: other === NONE ? undefined : `${version.version}-${other}`,
                change: undefined,
              })
            }
            options={[
              { id: NONE, label: t('difference.choose') },
              ...others.map((each) => ({
                id: String(each.version),
                label: t('difference.against', { version: each.version }),
              })),
            ]}
          />
        )}
        {compared && <Difference project={project} before={compared} after={version} />}
        <p className="flex items-center gap-1 font-mono text-12 text-fg-3">
          <span className="truncate">{version.digest}</span>
          <CopyButton text={version.digest} />
        </p>
      </div>
    </Panel>
  );
}
