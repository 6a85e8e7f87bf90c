import { ErrorState } from '@/ui/ErrorState';

/** Stands in for a page whose code failed, as after an update of the server. */
export function PageError({ error }: { error: unknown }) {
  return (
    <div className="grid h-full place-items-center">
      <ErrorState error={error} onRetry={() => location.reload()} />
    </div>
  );
}
