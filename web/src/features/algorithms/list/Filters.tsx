import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { NumberField } from '@/ui/NumberField';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { FUNCTIONS } from '@/viz/graph/colours';

/** What algorithms are for, in the order of the catalogue. */
const TASKS = [
  'classification',
  'detection',
  'face_detection',
  'face_recognition',
  'instance_segmentation',
  'semantic_segmentation',
  'evaluation',
  'processing',
];
const ANY = 'any';

interface FiltersProps {
  /** The kinds of devices that something was measured on. */
  kinds: string[];
}

/** Narrows the catalogue: by task and function, and by what was measured. The address keeps it. */
export function Filters({ kinds }: FiltersProps) {
  const { t } = useTranslation(['algorithms', 'pipelines']);
  const [query, setQuery] = useQueryState();
  const isNarrowed = Boolean(query.task || query.function || query.device || query.ms);
  const choice = (
    name: 'task' | 'function' | 'device',
    options: { id: string; label: string }[],
    width: string,
  ) => (
    <Select
      label={t(`filter.${name}`)}
      isLabelHidden
      size="small"
      className={width}
      value={query[name] ?? ANY}
      onChange={(id) => setQuery({ [name]: id === ANY ? undefined : id })}
      options={[{ id: ANY, label: t(`filter.any.${name}`) }, ...options]}
    />
  );
  return (
    <fieldset
      aria-label={t('filter.label')}
      className="flex min-h-11 flex-wrap items-center gap-3 border-b border-line bg-surface px-6 py-1.5"
    >
      {choice(
        'task',
        TASKS.map((id) => ({
          id,
          label: t(`task.${id}`, { defaultValue: t(`kind.${id}`, { ns: 'common', defaultValue: id }) }),
        })),
        'w-44',
      )}
      {choice(
        'function',
        FUNCTIONS.map((id) => ({ id, label: t(`function.${id}`, { ns: 'pipelines' }) })),
        'w-36',
      )}
      {choice(
        'device',
        [...new Set([...kinds, ...(query.device ? [query.device] : [])])].map((id) => ({
          id,
          label: id.toUpperCase(),
        })),
        'w-36',
      )}
      <span className="flex items-center gap-2 text-12 text-fg-2">
        <NumberField
          label={t('filter.atMost')}
          isLabelHidden
          className="w-32"
          minValue={0}
          value={query.ms === undefined ? Number.NaN : Number(query.ms)}
          placeholder={t('filter.atMost')}
          onChange={(ms) => setQuery({ ms: ms > 0 ? String(ms) : undefined })}
        />
        {t('filter.ms')}
      </span>
      {isNarrowed && (
        <Button
          size="small"
          variant="quiet"
          onPress={() => setQuery({ task: undefined, function: undefined, device: undefined, ms: undefined })}
        >
          {t('clear', { ns: 'common' })}
        </Button>
      )}
    </fieldset>
  );
}
