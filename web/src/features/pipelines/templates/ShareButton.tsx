import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Share2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayAdminister } from '@/api/projects';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { useProject } from '@/ui/routing';
import { toast, toastError } from '@/ui/Toast';
import { shareTemplate, type TemplateDetail } from '../api';

/** Shares a template with all projects, or keeps it to its own again; for admins of the project. */
export function ShareButton({ template }: { template: TemplateDetail }) {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const mayAdminister = useMayAdminister(project);
  const word = template.is_shared ? 'unshare' : 'share';
  const change = useMutation({
    mutationFn: () => shareTemplate(project, template.name, !template.is_shared),
    onSuccess: () => {
      for (const key of ['templates', 'template'])
        void client.invalidateQueries({ queryKey: [key, project] });
      setAsking(false);
      toast({
        tone: 'ok',
        title: later('pipelines', `template.${word}Done`),
        detail: template.is_shared
          ? undefined
          : later('pipelines', 'template.sharedAs', { name: `${project}/${template.name}` }),
      });
    },
    onError: (error) => {
      setAsking(false);
      toastError(error, later('pipelines', `template.${word}Failed`));
    },
  });
  if (!mayAdminister) return null;
  return (
    <>
      <Button onPress={() => setAsking(true)}>
        <Share2 aria-hidden />
        {t(`template.${word}`)}
      </Button>
      <ConfirmDialog
        title={t(`template.${word}Title`, { name: template.name })}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        confirmLabel={t(`template.${word}`)}
        isPending={change.isPending}
        onConfirm={() => change.mutate()}
      >
        <p>{t(`template.${word}Text`)}</p>
      </ConfirmDialog>
    </>
  );
}
