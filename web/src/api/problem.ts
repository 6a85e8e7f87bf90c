/** Why a request was not carried out: RFC 9457, with a stable code and what to do next. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  hint: string;
  detail_zh?: string;
  hint_zh?: string;
  code: string;
  instance: string;
  request_id: string;
  errors: { path: string; message: string }[];
}

/** A request that the server refused, or that never reached it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** Says what is known of any error in the form that the server uses; status 0 means that no answer came. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return {
    type: 'about:blank',
    title: 'Error',
    status: 0,
    detail,
    hint: '',
    code: error instanceof TypeError ? 'unreachable' : 'error',
    instance: '',
    request_id: '',
    errors: [],
  };
}

/** Reads the problem of a refused answer; a proxy between may have answered with something else. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const text = await response.text();
  const given = parse(text);
  return new ProblemError({
    type: given.type ?? 'about:blank',
    title: given.title ?? response.statusText,
    status: response.status,
    detail: given.detail ?? (text.slice(0, 300) || `HTTP ${response.status}`),
    hint: given.hint ?? '',
    detail_zh: given.detail_zh,
    hint_zh: given.hint_zh,
    code: given.code ?? `http_${response.status}`,
    instance: given.instance ?? '',
    request_id: given.request_id ?? response.headers.get('x-request-id') ?? '',
    errors: given.errors ?? [],
  });
}

function parse(text: string): Partial<Problem> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Partial<Problem>) : {};
  } catch {
    return {};
  }
}
