import { Search, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';

interface FilterInputProps {
  /** Read out; shown as the placeholder too. */
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** As SearchField, for pages whose code has to stay small: a plain field without the kit behind it. */
export function FilterInput({ label, value, onChange }: FilterInputProps) {
  const { t } = useTranslation();
  return (
    <div className="relative">
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-fg-3" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || value === '') return;
          event.preventDefault();
          onChange('');
        }}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-7 pl-8.5 text-13 text-fg placeholder:text-fg-3 focus-visible:outline-2 focus-visible:outline-accent [&::-webkit-search-cancel-button]:hidden"
      />
      {value !== '' && (
        <button
          type="button"
          aria-label={t('clear')}
          onClick={() => onChange('')}
          className="absolute top-1.5 right-1.5 grid size-5 place-items-center rounded-sm text-fg-3 hover:text-fg"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      )}
    </div>
  );
}
