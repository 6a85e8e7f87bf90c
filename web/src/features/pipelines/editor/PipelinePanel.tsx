import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { IconButton } from '@/ui/IconButton';
import { Panel } from '@/ui/Panel';
import { Select } from '@/ui/Select';
import { TextField } from '@/ui/TextField';
import { controlOf } from '@/viz/form/model';
import { PARAMETER_PATTERN, type PipelineDocument } from '@/viz/graph/document';
import { type Schema, schemaTitle } from '@/viz/graph/schema';
import { ordered, tidy } from './actions';
import type { Store } from './history';

interface PipelinePanelProps {
  store: Store<PipelineDocument>;
  document: PipelineDocument;
}

const TYPES: Record<string, Schema> = {
  text: { type: 'string', default: '' },
  integer: { type: 'integer', default: 1 },
  number: { type: 'number', default: 1 },
  boolean: { type: 'boolean', default: false },
  dataset: { type: 'string', 'x-kpl': 'dataset' },
  model: { type: 'string', 'x-kpl': 'model' },
};

/** What a pipeline says about itself, and the parameters it asks for when it is run. */
export default function PipelinePanel({ store, document }: PipelinePanelProps) {
  const { t, i18n } = useTranslation('pipelines');
  const language = i18n.language;
  const text = (key: 'title' | 'description', value: string) =>
    store.change((current) => {
      const texts = { ...current[key], [language]: value };
      if (value === '') delete texts[language];
      return ordered({ ...current, [key]: texts });
    }, `pipeline.${key}`);
  const setParameters = (parameters: Record<string, Schema>, tag: string) =>
    store.change((current) => ordered({ ...current, parameters }), tag);
  const parameters = document.parameters ?? {};
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div className="mx-auto max-w-3xl space-y-6 p-6">
        <Panel title={t('settings.about')}>
          <div className="grid grid-cols-2 gap-4 p-4">
            <TextField
              label={t('settings.title')}
              value={document.title?.[language] ?? ''}
              onChange={(value) => text('title', value)}
            />
            <TextField
              label={t('settings.task')}
              description={t('settings.taskHelp')}
              value={document.task ?? ''}
              onChange={(task) =>
                store.change((current) => tidy(ordered({ ...current, task })), 'pipeline.task')
              }
            />
            <TextField
              label={t('settings.description')}
              className="col-span-2"
              isMultiline
              rows={4}
              value={document.description?.[language] ?? ''}
              onChange={(value) => text('description', value)}
            />
          </div>
        </Panel>
        <Panel title={t('settings.parameters')} aside={t('settings.parametersHelp')}>
          <ul>
            {Object.entries(parameters).map(([name, schema]) => (
              <ParameterRow
                key={name}
                name={name}
                schema={schema}
                onChange={(next) => setParameters({ ...parameters, [name]: next }, `parameter.${name}`)}
                onDelete={() => {
                  const { [name]: _, ...rest } = parameters;
                  setParameters(rest, '');
                }}
              />
            ))}
          </ul>
          {Object.keys(parameters).length === 0 && (
            <p className="px-4 pt-4 text-13 text-fg-3">{t('settings.noParameters')}</p>
          )}
          <NewParameter
            taken={Object.keys(parameters)}
            onAdd={(name, schema) => setParameters({ ...parameters, [name]: schema }, '')}
          />
        </Panel>
      </div>
    </div>
  );
}

interface ParameterRowProps {
  name: string;
  schema: Schema;
  onChange: (schema: Schema) => void;
  onDelete: () => void;
}

function ParameterRow({ name, schema, onChange, onDelete }: ParameterRowProps) {
  const { t, i18n } = useTranslation('pipelines');
  const control = controlOf(schema);
  const shown =
    schema.default === undefined
      ? ''
      : typeof schema.default === 'string'
        ? schema.default
        : JSON.stringify(schema.default);
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_96px_220px_32px] items-center gap-4 border-b border-line px-4 py-2">
      <div className="min-w-0">
        <div className="truncate font-mono text-12">{name}</div>
        <div className="truncate text-12 text-fg-3">{schemaTitle(name, schema, i18n.language)}</div>
      </div>
      <span className="text-12 text-fg-2">{t(`settings.type.${control}`)}</span>
      <TextField
        label={t('settings.default')}
        placeholder={t('settings.mustBeGiven')}
        value={draft ?? shown}
        onChange={setDraft}
        onBlur={() => {
          if (draft === null) return;
          onChange(withDefault(schema, draft));
          setDraft(null);
        }}
        className="[&>label]:sr-only"
      />
      <IconButton icon={Trash2} label={t('settings.remove', { name })} onPress={onDelete} />
    </li>
  );
}

/** The schema with another default; an empty text takes the default away, so that it must be given for each run. */
function withDefault(schema: Schema, text: string): Schema {
  const { default: _, ...rest } = schema;
  if (text.trim() === '') return rest;
  if (['text', 'dataset', 'model', 'choice'].includes(controlOf(schema))) return { ...rest, default: text };
  try {
    return { ...rest, default: JSON.parse(text) };
  } catch {
    return schema;
  }
}

interface NewParameterProps {
  taken: string[];
  onAdd: (name: string, schema: Schema) => void;
}

function NewParameter({ taken, onAdd }: NewParameterProps) {
  const { t } = useTranslation('pipelines');
  const [name, setName] = useState('');
  const [type, setType] = useState('integer');
  const isName = PARAMETER_PATTERN.test(name) && !taken.includes(name);
  const add = () => {
    if (!isName) return;
    onAdd(name, TYPES[type] ?? {});
    setName('');
  };
  return (
    <form
      className="flex items-end gap-3 p-4"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <TextField label={t('settings.newName')} value={name} onChange={setName} isMono className="flex-1" />
      <Select
        label={t('settings.newType')}
        className="w-40"
        value={type}
        onChange={setType}
        options={Object.keys(TYPES).map((id) => ({ id, label: t(`settings.type.${id}`) }))}
      />
      <Button type="submit" isDisabled={!isName}>
        <Plus aria-hidden />
        {t('settings.add')}
      </Button>
    </form>
  );
}
