import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { cx } from '@/ui/cx';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { Table } from '@/ui/Table';
import { SearchField } from '@/ui/TextField';
import type { EvaluatedClass, Report } from './api';
import { Figure } from './Figure';
import { type ClassColumn, type Filter, sortedClasses } from './model';

interface ClassTableProps {
  report: Report;
  onShow: (filter: Partial<Filter>) => void;
}

const FIRST = 100;
const AREAS = { average_precision_50: 'AP50', average_precision: 'AP', roc_auc: 'AUC' };

/** The figures of each class; a number opens the samples behind it, a name shows the curves of the class. */
export function ClassTable({ report, onShow }: ClassTableProps) {
  const { t } = useTranslation('evaluation');
  const { count, share } = useFormat();
  const [query, setQuery] = useQueryState();
  const [sort, setSort] = useState<{ column: ClassColumn; isDescending: boolean }>({
    column: 'f1',
    isDescending: false,
  });
  const [text, setText] = useState('');
  const [isWhole, setWhole] = useState(false);
  const found = sortedClasses(report.classes, sort.column, sort.isDescending, text);
  const shown = isWhole ? found : found.slice(0, FIRST);
  const isDetection = report.detection !== null;
  const areaColumn = (id: keyof typeof AREAS) => ({
    id,
    title: AREAS[id],
    align: 'right' as const,
    isSortable: id !== 'roc_auc',
    cell: (one: EvaluatedClass) => {
      const value = one[id];
      if (value === null) return '–';
      return (
        <Figure
          text={value.toFixed(3)}
          isNarrow
          title={t('classes.opens.area', { name: one.name })}
          onPress={() => setQuery({ class: one.name })}
        />
      );
    },
  });
  return (
    <Panel
      title={t('classes.title', { count: report.num_classes })}
      aside={
        report.classes.length > 12 && (
          <SearchField label={t('classes.search')} value={text} onChange={setText} className="w-48" />
        )
      }
    >
      <Table
        label={t('classes.title', { count: report.num_classes })}
        items={shown}
        idOf={({ class_id }) => class_id}
        sort={{ column: sort.column, direction: sort.isDescending ? 'descending' : 'ascending' }}
        onSort={({ column, direction }) =>
          setSort({ column: column as ClassColumn, isDescending: direction === 'descending' })
        }
        empty={<p className="p-4 text-13 text-fg-2">{t('classes.none')}</p>}
        columns={[
          {
            id: 'name',
            title: t('class'),
            isRowHeader: true,
            isSortable: true,
            cell: ({ name }) => (
              <button
                type="button"
                aria-pressed={query.class === name}
                onClick={() => setQuery({ class: query.class === name ? undefined : name })}
                className={cx('max-w-64 truncate hover:underline', query.class === name && 'text-accent')}
              >
                {name}
              </button>
            ),
          },
          {
            id: 'support',
            title: t(isDetection ? 'objectsWord' : 'samplesWord'),
            align: 'right',
            isSortable: true,
            cell: ({ name, support }) => (
              <Figure text={count(support)} isNarrow onPress={() => onShow({ label: name })} />
            ),
          },
          ...(isDetection
            ? [
                {
                  id: 'num_unanswered',
                  title: t('outcome.missed'),
                  align: 'right' as const,
                  isSortable: true,
                  cell: ({ name, num_unanswered }: EvaluatedClass) => (
                    <Figure
                      text={count(num_unanswered)}
                      isNarrow
                      onPress={() => onShow({ label: name, outcome: 'missed' })}
                    />
                  ),
                },
              ]
            : []),
          ...(['precision', 'recall', 'f1'] as const).map((id) => ({
            id,
            title: id === 'f1' ? 'F1' : t(id),
            align: 'right' as const,
            isSortable: true,
            cell: (one: EvaluatedClass) => (
              <Figure
                text={share(one[id])}
                bar={one[id]}
                title={t(`classes.opens.${isDetection ? 'objects.' : ''}${id}`, { name: one.name })}
                onPress={() => onShow(errorsOf(one.name, id))}
              />
            ),
          })),
          ...(isDetection ? (['average_precision_50'] as const) : []).map(areaColumn),
          areaColumn('average_precision'),
          ...(isDetection ? [] : (['roc_auc'] as const)).map(areaColumn),
        ]}
      />
      {shown.length < found.length && (
        <p className="border-t border-line p-2 text-center">
          <Button size="small" variant="quiet" onPress={() => setWhole(true)}>
            {t('classes.more', { count: found.length - shown.length })}
          </Button>
        </p>
      )}
      {report.num_classes > report.classes.length && (
        <p className="border-t border-line px-4 py-2 text-12 text-fg-3">
          {t('classes.first', { count: report.classes.length })}
        </p>
      )}
    </Panel>
  );
}

/** What lowers a figure: wrong answers with the class for precision, what is of it and not answered so for recall. */
function errorsOf(name: string, figure: 'precision' | 'recall' | 'f1'): Partial<Filter> {
  if (figure === 'precision') return { predicted: name, outcome: 'error' };
  if (figure === 'recall') return { label: name, outcome: 'error' };
  return { label: name };
}
