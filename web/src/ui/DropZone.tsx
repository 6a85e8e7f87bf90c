import { Upload } from 'lucide-react';
import type { ReactNode } from 'react';
import { DropZone as AriaDropZone, type DropItem, FileTrigger, isFileDropItem } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';

/** A file with its path inside the folder that was dropped. */
export interface DroppedFile {
  path: string;
  file: File;
}

interface DropZoneProps {
  label: string;
  children?: ReactNode;
  accept?: string[];
  allowsFolders?: boolean;
  allowsMultiple?: boolean;
  onFiles: (files: DroppedFile[]) => void;
}

/** Takes files and folders, dropped or chosen. */
export function DropZone({ label, children, accept, allowsFolders, allowsMultiple, onFiles }: DropZoneProps) {
  const { t } = useTranslation();
  const choose = (list: FileList | null) => {
    if (list === null) return;
    onFiles([...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  };
  return (
    <AriaDropZone
      aria-label={label}
      onDrop={async (event) => onFiles(await readItems(event.items))}
      className="flex flex-col items-center gap-3 rounded-lg border border-dashed border-line-strong bg-bg px-6 py-8 text-center drop-target:border-accent drop-target:bg-accent-soft focus-visible:outline-2 focus-visible:outline-accent"
    >
      <Upload aria-hidden className="size-5 text-fg-3" />
      <div>
        <p className="font-medium">{label}</p>
        {children && <p className="mt-1 text-12 text-fg-3">{children}</p>}
      </div>
      <div className="flex gap-2">
        <FileTrigger acceptedFileTypes={accept} allowsMultiple={allowsMultiple} onSelect={choose}>
          <Button size="small">{t('chooseFiles')}</Button>
        </FileTrigger>
        {allowsFolders && (
          <FileTrigger acceptDirectory onSelect={choose}>
            <Button size="small">{t('chooseFolder')}</Button>
          </FileTrigger>
        )}
      </div>
    </AriaDropZone>
  );
}

/** The files of what was dropped, with those of folders inside. */
export async function readItems(items: DropItem[]): Promise<DroppedFile[]> {
  const files: DroppedFile[] = [];
  for (const item of items) await readItem(item, '', files);
  return files;
}

async function readItem(item: DropItem, prefix: string, files: DroppedFile[]): Promise<void> {
  if (isFileDropItem(item)) files.push({ path: prefix + item.name, file: await item.getFile() });
  else if (item.kind === 'directory')
    for await (const entry of item.getEntries()) await readItem(entry, `${prefix}${item.name}/`, files);
}
