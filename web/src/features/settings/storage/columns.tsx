import type { Formats } from '@/i18n/format';
import type { TableColumn } from '@/ui/Table';

interface Sized {
  num_files: number;
  size_bytes: number;
}

/** Number of files and size, as every table of stored things ends. */
export function sizeColumns<T extends Sized>(
  t: (key: string) => string,
  { bytes, count }: Pick<Formats, 'bytes' | 'count'>,
): TableColumn<T>[] {
  return [
    {
      id: 'files',
      title: t('storage.filesTitle'),
      align: 'right',
      width: 'w-20',
      cell: ({ num_files }) => <span className="tabular-nums">{count(num_files)}</span>,
    },
    {
      id: 'size',
      title: t('size'),
      align: 'right',
      width: 'w-28',
      cell: ({ size_bytes }) => <span className="whitespace-nowrap tabular-nums">{bytes(size_bytes)}</span>,
    },
  ];
}
