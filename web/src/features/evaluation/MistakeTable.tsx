import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { Table } from '@/ui/Table';
import type { Report } from './api';
import { type Filter, mistakesOf } from './model';

interface MistakeTableProps {
  report: Report;
  onShow: (filter: Partial<Filter>) => void;
}

/** The most frequent mistakes, where there are too many classes for a matrix. */
export function MistakeTable({ report, onShow }: MistakeTableProps) {
  const { t } = useTranslation('evaluation');
  const { count } = useFormat();
  return (
    <Panel title={t('mistakes.title')} aside={t('mistakes.why', { count: report.num_classes })}>
      <div className="max-h-[420px] overflow-auto">
        <Table
          label={t('mistakes.title')}
          items={mistakesOf(report)}
          idOf={({ label, predicted }) => `${label}\n${predicted}`}
          onRowAction={({ label, predicted }) => onShow({ label, predicted })}
          empty={<p className="p-4 text-13 text-fg-2">{t('mistakes.none')}</p>}
          columns={[
            { id: 'label', title: t('label'), isRowHeader: true, cell: ({ label }) => label },
            { id: 'predicted', title: t('predicted'), cell: ({ predicted }) => predicted },
            { id: 'count', title: t('samplesWord'), align: 'right', cell: (each) => count(each.count) },
          ]}
        />
      </div>
    </Panel>
  );
}
