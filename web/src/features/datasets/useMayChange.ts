import { useQuery } from '@tanstack/react-query';
import { mayChangeQuery } from '@/api/projects';

/** Whether one may import, review and delete in a project; who only looks is offered none of it. */
export function useMayChange(project: string): boolean {
  return useQuery(mayChangeQuery(project)).data ?? true;
}
