export type PasswordProblem = 'short' | 'different' | null;

/** The server asks for as many characters. */
const SHORTEST = 10;

/** What is wrong with a new password, before the server is asked. */
export function passwordProblem(password: string, again: string): PasswordProblem {
  if (password.length < SHORTEST) return 'short';
  return password === again ? null : 'different';
}
