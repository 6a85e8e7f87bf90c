import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { type Report, type Slice, slicesQuery } from './api';
import { Figure } from './Figure';
import type { Filter, Outcome } from './model';
import { usePartNames } from './usePartNames';

interface SliceTableProps {
  project: string;
  report: Report;
  onShow: (filter: Partial<Filter>) => void;
}

/** The figures of parts of the report, the worst first: of each split, of small objects, of a field of the dataset. */
export function SliceTable({ project, report, onShow }: SliceTableProps) {
  const { t } = useTranslation('evaluation');
  const { divisionName } = usePartNames();
  const [query, setQuery] = useQueryState();
  const found = useQuery(slicesQuery(project, report.task_id, report.threshold, query.slices));
  if (found.data?.divisions.length === 0) return null;
  return (
    <Panel
      title={t('slices.title')}
      aside={
        found.data && (
          <Select
            label={t('slices.choose')}
            isLabelHidden
            size="small"
            className="w-48"
            value={found.data.by}
            onChange={(slices) => setQuery({ slices })}
            options={found.data.divisions.map((id) => ({ id, label: divisionName(id) }))}
          />
        )
      }
    >
      {found.isError ? (
        <ErrorState isInline error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data?.by ? (
        <Slices report={report} by={found.data.by} slices={found.data.slices} onShow={onShow} />
      ) : (
        <Skeleton className="m-4 h-24" />
      )}
    </Panel>
  );
}

interface SlicesProps {
  report: Report;
  by: string;
  slices: Slice[];
  onShow: (filter: Partial<Filter>) => void;
}

function Slices({ report, by, slices, onShow }: SlicesProps) {
  const { t } = useTranslation('evaluation');
  const { count, share } = useFormat();
  const { divisionName, partName } = usePartNames();
  const isDetection = report.detection !== null;
  const show = ({ value }: Slice, outcome?: Outcome) => onShow({ by, value: value ?? undefined, outcome });
  const counted = (id: keyof Slice, title: string, outcome?: Outcome) => ({
    id,
    title,
    align: 'right' as const,
    cell: (one: Slice) => (
      <Figure text={count(Number(one[id]))} isNarrow onPress={() => show(one, outcome)} />
    ),
  });
  const figure = (id: 'precision' | 'recall' | 'f1', outcome: Outcome) => ({
    id,
    title: id === 'f1' ? 'F1' : t(id),
    align: 'right' as const,
    cell: (one: Slice) => <Figure text={share(one[id])} bar={one[id]} onPress={() => show(one, outcome)} />,
  });
  return (
    <Table
      label={t('slices.title')}
      items={slices}
      idOf={({ value }) => value ?? '\u0000none'}
      columns={[
        { id: 'value', title: divisionName(by), isRowHeader: true, cell: ({ value }) => partName(by, value) },
        counted('support', t(isDetection ? 'objectsWord' : 'samplesWord')),
        counted('num_wrong', t(isDetection ? 'outcome.wrong_class' : 'outcome.wrong'), 'wrong'),
        isDetection
          ? counted('num_unanswered', t('outcome.missed'), 'missed')
          : counted('num_unanswered', t('outcome.unanswered'), 'unanswered'),
        ...(isDetection ? [counted('num_false_alarms', t('outcome.false_alarm'), 'false_alarm')] : []),
        figure('precision', isDetection ? 'false_alarm' : 'wrong'),
        figure('recall', isDetection ? 'missed' : 'error'),
        figure('f1', 'error'),
      ]}
    />
  );
}
