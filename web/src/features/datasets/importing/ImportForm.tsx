import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { type DroppedFile, DropZone } from '@/ui/DropZone';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Select } from '@/ui/Select';
import { Switch } from '@/ui/Switch';
import { TextField } from '@/ui/TextField';
import { fileOf, isDatasetName, isWebAddress, suggestName } from '../model';
import { formatsOf, type ImportFormat, type ImportKind, KINDS } from './layouts';

export interface FormValues {
  from: 'files' | 'url' | 'path';
  files: DroppedFile[];
  url: string;
  path: string;
  name: string;
  kind: ImportKind;
  format: ImportFormat;
  onError: 'skip' | 'stop';
}

export const emptyForm: FormValues = {
  from: 'files',
  files: [],
  url: '',
  path: '',
  name: '',
  kind: 'auto',
  format: 'auto',
  onError: 'skip',
};

interface ImportFormProps {
  form: FormValues;
  onChange: (form: FormValues) => void;
  isNameFixed: boolean;
}

/** Where the files are, what they hold, and what the dataset shall be called. */
export function ImportForm({ form, onChange, isNameFixed }: ImportFormProps) {
  const { t } = useTranslation('datasets');
  const isAdmin = useQuery(sessionQuery).data?.is_admin === true;
  const change = (values: Partial<FormValues>) => onChange({ ...form, ...values });
  const takeFiles = (files: DroppedFile[]) =>
    change({ files, name: form.name || suggestName(files[0]?.path.split('/')[0] ?? '') });
  const takeUrl = (url: string) => {
    const follows = form.name === '' || form.name === suggestName(fileOf(form.url));
    change({ url, ...(follows && !isNameFixed && { name: suggestName(fileOf(url)) }) });
  };
  const isUrlWrong = form.url.trim() !== '' && !isWebAddress(form.url);
  const isNameWrong = form.name !== '' && !isDatasetName(form.name);
  return (
    <div className="space-y-4">
      <SegmentedControl
        label={t('importDialog.from')}
        value={form.from}
        onChange={(from) => change({ from: from as FormValues['from'] })}
        items={(['files', 'url', ...(isAdmin ? (['path'] as const) : [])] as const).map((id) => ({
          id,
          label: t(`importDialog.source.${id}`),
        }))}
      />
      {form.from === 'files' && <Files files={form.files} onFiles={takeFiles} />}
      {form.from === 'url' && (
        <TextField
          label={t('importDialog.url')}
          description={t(isAdmin ? 'importDialog.urlHelpAdmin' : 'importDialog.urlHelp')}
          error={isUrlWrong ? t('importDialog.urlWrong') : undefined}
          value={form.url}
          onChange={takeUrl}
          placeholder="https://example.com/flowers.zip"
          isMono
        />
      )}
      {form.from === 'path' && (
        <TextField
          label={t('importDialog.path')}
          description={t('importDialog.pathHelp')}
          value={form.path}
          onChange={(path) => change({ path })}
          placeholder="/data/flowers"
          isMono
        />
      )}
      <TextField
        label={t('importDialog.name')}
        description={t('importDialog.nameHelp')}
        error={isNameWrong ? t('importDialog.nameWrong') : undefined}
        value={form.name}
        onChange={(name) => change({ name })}
        isReadOnly={isNameFixed}
      />
      <div className="grid grid-cols-2 gap-3">
        <Select
          label={t('importDialog.kind')}
          value={form.kind}
          onChange={(id) => {
            const kind = id as ImportKind;
            change({ kind, format: formatsOf(kind).includes(form.format) ? form.format : 'auto' });
          }}
          options={KINDS.map((id) => ({
            id,
            label: id === 'auto' ? t('importDialog.formats.auto') : t(`kind.${id}`),
          }))}
        />
        <Select
          label={t('importDialog.format')}
          value={form.format}
          onChange={(format) => change({ format: format as ImportFormat })}
          options={formatsOf(form.kind).map((id) => ({ id, label: t(`importDialog.formats.${id}`) }))}
        />
      </div>
      <p className="text-12 text-fg-3">{t(`importDialog.layout.${form.kind}`)}</p>
      <Switch
        isSelected={form.onError === 'stop'}
        onChange={(stops) => change({ onError: stops ? 'stop' : 'skip' })}
        description={t('importDialog.strictHelp')}
      >
        {t('importDialog.strict')}
      </Switch>
    </div>
  );
}

function Files({ files, onFiles }: { files: DroppedFile[]; onFiles: (files: DroppedFile[]) => void }) {
  const { t } = useTranslation('datasets');
  const { bytes, count } = useFormat();
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <DropZone label={t('importDialog.drop')} allowsFolders allowsMultiple onFiles={onFiles}>
      {files.length === 0
        ? t('importDialog.dropHelp')
        : t('importDialog.chosen', { count: files.length, shown: count(files.length), size: bytes(size) })}
    </DropZone>
  );
}
