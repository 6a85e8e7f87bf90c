import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Checkbox } from '@/ui/Checkbox';
import { Dialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { TextField } from '@/ui/TextField';
import { toast, toastError } from '@/ui/Toast';
import type { Assets } from '@/viz/graph/assets';
import { NAME_PATTERN, type PipelineDocument } from '@/viz/graph/document';
import { MiniGraph } from '@/viz/graph/MiniGraph';
import { type Texts, textOf } from '@/viz/graph/schema';
import { ownTemplatesQuery, saveTemplate } from '../api';
import { type Opening, opened, openings, usuallyOpen } from './save';

interface SaveTemplateDialogProps {
  project: string;
  document: PipelineDocument;
  assets: Assets;
  onClose: () => void;
}

const LANGUAGES = ['en', 'zh'] as const;

/** Makes a template of what is drawn: its name and texts, and what is asked of whoever uses it. */
export function SaveTemplateDialog({ project, document, assets, onClose }: SaveTemplateDialogProps) {
  const { t, i18n } = useTranslation('pipelines');
  const go = useGo();
  const client = useQueryClient();
  const templates = useQuery(ownTemplatesQuery(project));
  const all = useMemo(
    () => openings(document, assets.catalog, i18n.language),
    [document, assets.catalog, i18n.language],
  );
  const [name, setName] = useState(`${document.name.slice(0, 54)}-template`);
  const [title, setTitle] = useState<Texts>(document.title ?? {});
  const [description, setDescription] = useState<Texts>(document.description ?? {});
  const [open, setOpen] = useState(() => usuallyOpen(all));
  const isName = NAME_PATTERN.test(name);
  const replaces = templates.data?.includes(name);
  const save = useMutation({
    mutationFn: () => {
      const chosen = opened(
        document,
        all.filter(({ id }) => open.has(id)),
        assets.catalog,
      );
      return saveTemplate(
        project,
        name,
        {
          document: chosen.document,
          open_parameters: chosen.names,
          title: filled(title),
          description: filled(description),
        },
        replaces ?? false,
      );
    },
    onSuccess: () => {
      for (const key of ['templates', 'template', 'pipelines'])
        void client.invalidateQueries({ queryKey: [key, project] });
      toast({
        tone: 'ok',
        title: later('pipelines', 'template.saved', { name }),
        action: {
          label: later('pipelines', 'template.show'),
          onPress: () => go(projectPath(project, 'templates', name)),
        },
      });
      onClose();
    },
    onError: (error) => toastError(error, later('pipelines', 'template.failed')),
  });
  const texts = (
    key: 'title' | 'description',
    values: Texts,
    set: (next: Texts) => void,
    isMultiline: boolean,
  ) =>
    LANGUAGES.map((language) => (
      <TextField
        key={language}
        label={t(`template.${key}.${language}`)}
        value={values[language] ?? ''}
        onChange={(text) => set({ ...values, [language]: text })}
        isMultiline={isMultiline}
        rows={3}
      />
    ));
  return (
    <Dialog
      title={t('template.save')}
      isOpen
      onClose={onClose}
      size="large"
      footer={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button
            variant="primary"
            isDisabled={!isName || templates.isPending}
            isPending={save.isPending}
            onPress={() => save.mutate()}
          >
            {replaces ? t('template.replace') : t('template.save')}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-2 gap-x-4 gap-y-3">
        <TextField
          label={t('list.name')}
          description={replaces ? t('template.replaces') : undefined}
          error={isName ? undefined : t('list.nameRule')}
          isMono
          value={name}
          onChange={setName}
          autoFocus
        />
        <div className="row-span-2 grid place-items-center rounded-md border border-line bg-bg p-3">
          <MiniGraph
            document={document}
            catalog={assets.catalog}
            language={i18n.language}
            label={t('templates.preview', { name: textOf(title, i18n.language) || name })}
            className="max-h-28 w-full"
          />
        </div>
        <div className="grid grid-cols-2 gap-3">{texts('title', title, setTitle, false)}</div>
        {texts('description', description, setDescription, true)}
        <fieldset className="col-span-2 min-w-0">
          <legend className="mb-1 text-12 font-medium text-fg-2">{t('template.open')}</legend>
          {all.length === 0 && <p className="text-12 text-fg-3">{t('template.nothingToOpen')}</p>}
          <ul className="grid grid-cols-2 gap-x-6">
            {all.map((each) => (
              <OpeningRow
                key={each.id}
                opening={each}
                isOpen={open.has(each.id)}
                onChange={(isOpen) => {
                  const next = new Set(open);
                  if (isOpen) next.add(each.id);
                  else next.delete(each.id);
                  setOpen(next);
                }}
              />
            ))}
          </ul>
        </fieldset>
      </div>
    </Dialog>
  );
}

interface OpeningRowProps {
  opening: Opening;
  isOpen: boolean;
  onChange: (isOpen: boolean) => void;
}

function OpeningRow({ opening, isOpen, onChange }: OpeningRowProps) {
  const { t } = useTranslation('pipelines');
  const { kind, step, title, value } = opening;
  const note =
    kind === 'parameter' ? t('form.isParameter') : kind === 'data' ? t(`node.${opening.name}`) : step;
  return (
    <li className="flex h-9 min-w-0 items-center border-b border-line">
      <Checkbox
        isSelected={isOpen}
        isDisabled={value === undefined}
        onChange={onChange}
        className="min-w-0 flex-1"
      >
        <span className="min-w-0 truncate">
          {title} <span className="text-12 text-fg-3">{note}</span>
        </span>
      </Checkbox>
      <span className="max-w-40 truncate pl-2 text-12 text-fg-3">
        {value === undefined
          ? t('settings.mustBeGiven')
          : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value)}
      </span>
    </li>
  );
}

function filled(texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''));
}
