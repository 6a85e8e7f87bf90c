import { ArrowDownUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { Menu } from '@/ui/Menu';
import type { Order } from './filter';

interface OrderMenuProps {
  orders: (Order | 'row')[];
  value: Order | null;
  onChange: (order: Order | undefined) => void;
}

/** By what the samples are sorted. */
export function OrderMenu({ orders, value, onChange }: OrderMenuProps) {
  const { t } = useTranslation('datasets');
  const name = t(`order.${value ?? 'row'}`);
  return (
    <Menu
      label={t('sortedBy')}
      groups={[
        {
          items: orders.map((order) => ({
            id: order,
            label: t(`order.${order}`),
            isChecked: order === (value ?? 'row'),
            onAction: () => onChange(order === 'row' ? undefined : order),
          })),
        },
      ]}
    >
      <Button
        size="small"
        variant="quiet"
        aria-label={`${t('sortedBy')}: ${name}`}
        className={value === null ? undefined : 'bg-accent-soft text-accent'}
      >
        <ArrowDownUp aria-hidden />
        <span className="hidden @min-[720px]:inline">{name}</span>
      </Button>
    </Menu>
  );
}
