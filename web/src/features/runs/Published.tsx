import { AppLink, projectPath, useProject } from '@/ui/routing';

interface PublishedProps {
  /** Type of the artifact: `dataset` or `model`. */
  type: string;
  /** The version that it is, as in `digits@3`. */
  name: string;
}

/** A version of a dataset or model, with the way to it. */
export function Published({ type, name: reference }: PublishedProps) {
  const project = useProject();
  const [name = '', version = ''] = reference.split('@');
  const page = projectPath(project, type === 'model' ? 'models' : 'datasets', name);
  return (
    <AppLink
      href={version ? `${page}?v=${version}` : page}
      className="font-medium text-accent hover:underline"
    >
      {reference}
    </AppLink>
  );
}
