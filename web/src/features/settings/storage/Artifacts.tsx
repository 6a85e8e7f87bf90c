import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { MoreButton } from '@/ui/MoreButton';
import { Panel } from '@/ui/Panel';
import { Select } from '@/ui/Select';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { artifactsQuery, type Kind, type StoredArtifact } from './api';
import { sizeColumns } from './columns';
import { colourOf, KINDS } from './model';
import { References } from './References';

const ANY = 'any';

interface ArtifactsProps {
  countedAt: string;
  kind: string | undefined;
  onKind: (kind: Kind | null) => void;
}

/** The largest artifacts, with what refers to each. */
export function Artifacts({ countedAt, kind: asked, onKind }: ArtifactsProps) {
  const { t } = useTranslation('settings');
  const { bytes, count } = useFormat();
  const kind = KINDS.find((each) => each === asked) ?? null;
  const artifacts = useInfiniteQuery(artifactsQuery(countedAt, kind));
  return (
    <Panel
      title={t('storage.largest')}
      aside={
        <Select
          label={t('storage.kindTitle')}
          isLabelHidden
          size="small"
          className="w-48"
          value={kind ?? ANY}
          onChange={(id) => onKind(id === ANY ? null : (id as Kind))}
          options={[
            { id: ANY, label: t('storage.anyKind') },
            ...KINDS.map((id) => ({ id, label: t(`storage.kind.${id}`) })),
          ]}
        />
      }
    >
      {artifacts.isPending ? (
        <SkeletonRows className="p-4" />
      ) : artifacts.isError ? (
        <ErrorState error={artifacts.error} isInline onRetry={() => void artifacts.refetch()} />
      ) : (
        <Table
          label={t('storage.largest')}
          items={artifacts.data.pages.flatMap((page) => page.items)}
          idOf={({ digest }) => digest}
          empty={<p className="p-4 text-fg-2">{t('storage.noArtifacts')}</p>}
          columns={[
            {
              id: 'digest',
              title: t('storage.digest'),
              isRowHeader: true,
              width: 'w-32',
              cell: ({ digest }) => (
                <code className="font-mono text-12" title={digest}>
                  {digest.slice(0, 12)}
                </code>
              ),
            },
            {
              id: 'kind',
              title: t('storage.kindTitle'),
              width: 'w-44',
              cell: (artifact) => (
                <span className="flex items-center gap-2 whitespace-nowrap">
                  <span
                    aria-hidden
                    className="size-2.5 shrink-0 rounded-xs"
                    style={{ backgroundColor: colourOf(artifact.kind) }}
                  />
                  {t(`storage.kindOne.${artifact.kind}`)}
                </span>
              ),
            },
            {
              id: 'references',
              title: t('storage.referredBy'),
              cell: ({ references, has_more }) => <References references={references} hasMore={has_more} />,
            },
            {
              id: 'stored',
              title: t('storage.stored'),
              width: 'w-32',
              cell: ({ stored_at }) => <Time at={stored_at} className="whitespace-nowrap text-fg-2" />,
            },
            ...sizeColumns<StoredArtifact>(t, { bytes, count }),
          ]}
        />
      )}
      <MoreButton list={artifacts} />
    </Panel>
  );
}
