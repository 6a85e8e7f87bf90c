import type { User } from './api';

/** The name shown to others, and the one to sign in with where it is another. */
export function Person({ display_name, username }: Pick<User, 'display_name' | 'username'>) {
  const isNamed = display_name !== '' && display_name !== username;
  return (
    <span>
      <span className="font-medium">{isNamed ? display_name : username}</span>
      {isNamed && <span className="ml-1 text-12 text-fg-3">{username}</span>}
    </span>
  );
}
