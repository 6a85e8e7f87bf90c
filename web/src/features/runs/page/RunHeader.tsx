import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleStop, EllipsisVertical, PencilRuler, RotateCw, SkipForward } from 'lucide-react';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { PageHeader } from '@/ui/PageHeader';
import { projectPath, useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { StateChip } from '@/ui/StateChip';
import { Elapsed, Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { cancelRun, type RunDetail } from '../api';
import { isOver } from '../model';

interface RunHeaderProps {
  project: string;
  /** The run without the progress of its tasks, which the header does not follow. */
  run: Omit<RunDetail, 'tasks'>;
  parents: { label: string; href: string }[];
  /** The step that is looked at. */
  task: string | undefined;
  view: 'graph' | 'timeline';
  isStarting: boolean;
  onRerun: (fromNode: string | null) => void;
}

/** What run this is, how it stands, and what can be done with it. */
export const RunHeader = memo(function RunHeader(props: RunHeaderProps) {
  const { project, run, parents, task, view, isStarting, onRerun } = props;
  const { t } = useTranslation('runs');
  const { duration } = useFormat();
  const client = useQueryClient();
  const [, setQuery] = useQueryState();
  const [isStopping, setStopping] = useState(false);
  const isGoing = !isOver(run.state);
  const mayChange = useMayChange(project);
  const stop = useMutation({
    mutationFn: () => cancelRun(project, run.id),
    onSettled: () => setStopping(false),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['runs', project] }),
    onError: (error) => toastError(error, later('runs', 'page.cancelFailed')),
  });
  return (
    <>
      <PageHeader
        parents={parents}
        title={`#${run.id} ${run.name}`}
        isName
        actions={
          <>
            <SegmentedControl
              label={t('page.view')}
              value={view}
              onChange={(id) => setQuery({ view: id === 'graph' ? undefined : id })}
              items={[
                { id: 'graph', label: t('page.graph') },
                { id: 'timeline', label: t('page.timeline') },
              ]}
            />
            <Menu
              label={t('page.more')}
              groups={[
                {
                  items: [
                    {
                      id: 'from',
                      label: task ? t('page.rerunFrom', { name: task }) : t('page.rerunFromPick'),
                      icon: SkipForward,
                      isDisabled: !task || isGoing || !mayChange,
                      onAction: () => task && onRerun(task),
                    },
                    {
                      id: 'pipeline',
                      label: t('page.openPipeline'),
                      icon: PencilRuler,
                      isDisabled: !run.pipeline,
                      href: run.pipeline ? projectPath(project, 'pipelines', run.pipeline) : undefined,
                    },
                  ],
                },
              ]}
            >
              <IconButton icon={EllipsisVertical} label={t('page.more')} />
            </Menu>
            {!mayChange ? null : isGoing ? (
              <Button
                variant="danger"
                isDisabled={run.state === 'stopping'}
                onPress={() => setStopping(true)}
              >
                <CircleStop aria-hidden />
                {t('page.cancel')}
              </Button>
            ) : (
              <Button isPending={isStarting} onPress={() => onRerun(null)}>
                <RotateCw aria-hidden />
                {t('page.rerun')}
              </Button>
            )}
          </>
        }
      >
        <StateChip state={run.state} />
        <span className="shrink-0 text-12 whitespace-nowrap text-fg-3">
          {run.created_by} · <Time at={run.created_at} />
          {isGoing && run.started_at !== null && (
            <>
              {' · '}
              <Elapsed since={run.started_at} />
            </>
          )}
          {!isGoing && run.duration_s !== null && ` · ${duration(run.duration_s)}`}
        </span>
      </PageHeader>
      <ConfirmDialog
        title={t('page.cancelTitle', { id: run.id })}
        isOpen={isStopping}
        onClose={() => setStopping(false)}
        confirmLabel={t('page.cancel')}
        isDanger
        isPending={stop.isPending}
        onConfirm={() => stop.mutate()}
      >
        <p>{t('page.cancelText')}</p>
      </ConfirmDialog>
    </>
  );
});
