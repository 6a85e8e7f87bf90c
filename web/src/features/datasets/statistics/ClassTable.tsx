import { useState } from 'react';
import type { SortDescriptor } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { AppLink, projectPath } from '@/ui/routing';
import { Table, type TableColumn } from '@/ui/Table';
import { classColour } from '@/viz/palette';
import type { ClassCount, DatasetVersion, Statistics } from '../api';

interface Row extends ClassCount {
  classId: number;
}

interface ClassTableProps {
  project: string;
  version: DatasetVersion;
  statistics: Statistics;
}

/** Numbers of each class, in all and by split; each leads to the samples behind it. */
export function ClassTable({ project, version, statistics }: ClassTableProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [sort, setSort] = useState<SortDescriptor>({ column: 'samples', direction: 'descending' });
  const rows = (statistics.classes ?? []).map((item): Row => ({ ...item, classId: item.class_id }));
  const most = Math.max(1, ...rows.map(({ num_samples }) => num_samples));
  const splits = Object.keys(statistics.splits);
  const sortValue = (row: Row) => {
    if (sort.column === 'name') return row.classId;
    if (sort.column === 'objects') return row.num_objects ?? 0;
    return sort.column === 'samples' ? row.num_samples : (row.splits[String(sort.column)] ?? 0);
  };
  const sign = sort.direction === 'descending' ? -1 : 1;
  const sorted = [...rows].sort((a, b) => sign * (sortValue(a) - sortValue(b)) || a.classId - b.classId);
  const samples = (row: Row, split?: string) =>
    `${projectPath(project, 'datasets', version.name)}?${new URLSearchParams({ v: String(version.version), label: row.name, ...(split ? { split } : {}) })}`;
  const number = (id: string, title: string, of: (row: Row) => number, split?: string): TableColumn<Row> => ({
    id,
    title,
    isSortable: true,
    align: 'right',
    cell: (row) => (
      <AppLink href={samples(row, split)} className="hover:text-accent hover:underline">
        {count(of(row))}
      </AppLink>
    ),
  });
  const columns: TableColumn<Row>[] = [
    {
      id: 'name',
      title: t('label'),
      isRowHeader: true,
      isSortable: true,
      cell: (row) => (
        <span className="flex items-center gap-2">
          <span
            style={{ backgroundColor: classColour(row.classId) }}
            className="size-2 shrink-0 rounded-[2px]"
          />
          <span className="truncate">{row.name}</span>
        </span>
      ),
    },
    {
      id: 'share',
      title: '',
      width: 'w-2/5',
      cell: (row) => (
        <div aria-hidden className="h-1.5 rounded-full bg-sunken">
          <div
            style={{ width: `${(100 * row.num_samples) / most}%`, backgroundColor: classColour(row.classId) }}
            className="h-full rounded-full"
          />
        </div>
      ),
    },
    number('samples', t('samplesColumn'), (row) => row.num_samples),
    ...(statistics.boxes ? [number('objects', t('objects'), (row) => row.num_objects ?? 0)] : []),
    ...splits.map((split) => number(split, split, (row) => row.splits[split] ?? 0, split)),
  ];
  return (
    <Table
      label={t('classesTitle')}
      columns={columns}
      items={sorted}
      idOf={(row) => row.classId}
      sort={sort}
      onSort={setSort}
    />
  );
}
