import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { Table } from '@/ui/Table';
import { type ModelVersion, modelFileUrl } from './api';

/** The files of a version, to download, each with its digest. */
export function FilesTab({ project, version }: { project: string; version: ModelVersion }) {
  const { t } = useTranslation('models');
  const { bytes } = useFormat();
  return (
    <div className="max-w-[960px] p-6">
      <Panel>
        <Table
          label={t('tabs.files')}
          items={version.files}
          idOf={({ path }) => path}
          columns={[
            {
              id: 'path',
              title: t('file'),
              isRowHeader: true,
              cell: ({ path }) => (
                <a
                  href={modelFileUrl(project, version.name, version.version, path)}
                  download
                  className="inline-flex items-center gap-2 font-mono text-12 hover:text-accent hover:underline"
                >
                  <Download aria-hidden className="size-3.5" />
                  {path}
                </a>
              ),
            },
            { id: 'size', title: t('size'), align: 'right', cell: (file) => bytes(file.size_bytes) },
            {
              id: 'sha256',
              title: 'SHA-256',
              cell: (file) => (
                <span title={file.sha256} className="font-mono text-12 text-fg-3">
                  {file.sha256.slice(0, 24)}…
                </span>
              ),
            },
          ]}
        />
      </Panel>
    </div>
  );
}
