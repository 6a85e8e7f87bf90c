import { Skeleton, SkeletonRows } from '@/ui/Skeleton';

/** The outline of a page while its code is fetched. */
export function PageSkeleton() {
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-12 shrink-0 items-center border-b border-line bg-surface px-6">
        <Skeleton className="h-4 w-40" />
      </div>
      <SkeletonRows className="p-6" />
    </div>
  );
}
