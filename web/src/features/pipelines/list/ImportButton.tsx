import { FileUp } from 'lucide-react';
import { useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { toast } from '@/ui/Toast';
import type { PipelineDocument } from '@/viz/graph/document';
import { NewPipelineDialog } from './NewPipelineDialog';

interface Read {
  document: PipelineDocument;
  name: string;
}

/** Makes a pipeline of a file that another server, the command line or git holds. */
export function ImportButton({ project }: { project: string }) {
  const { t } = useTranslation('pipelines');
  const [read, setRead] = useState<Read | null>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const [{ fromFile }, { YamlFault }, text] = await Promise.all([
      import('../yaml/file'),
      import('../yaml/read'),
      file.text(),
    ]);
    const title = later('pipelines', 'import.failed', { name: file.name });
    try {
      const found = fromFile(text, file.name);
      if (found) setRead(found);
      else toast({ tone: 'failed', title, detail: later('pipelines', 'yaml.faults.document') });
    } catch (error) {
      if (!(error instanceof YamlFault)) throw error;
      const { code, found, line, column } = error;
      const message = later('pipelines', `yaml.faults.${code}`, { found });
      const at = () => later('pipelines', 'import.at', { line, column, message: message() })();
      toast({ tone: 'failed', title, detail: at });
    }
  };
  return (
    <>
      <FileTrigger acceptedFileTypes={['.yaml', '.yml', '.json']} onSelect={(files) => void take(files?.[0])}>
        <Button>
          <FileUp aria-hidden />
          {t('import.button')}
        </Button>
      </FileTrigger>
      {read && (
        <NewPipelineDialog
          project={project}
          isOpen
          onClose={() => setRead(null)}
          title={t('import.title')}
          document={read.document}
          suggestion={read.name}
        />
      )}
    </>
  );
}
