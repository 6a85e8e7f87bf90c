import { expect, test } from 'vitest';
import { ProblemError, readProblem, toProblem } from './problem';

test('a problem of the server keeps its words', async () => {
  const body = { detail: 'No dataset x.', hint: "Did you mean 'y'?", code: 'not_found', request_id: 'ab12' };
  const error = await readProblem(new Response(JSON.stringify(body), { status: 404 }));
  expect(error).toBeInstanceOf(ProblemError);
  expect(error.problem).toMatchObject({ ...body, status: 404 });
});

test('an answer of something between still says what came', async () => {
  const error = await readProblem(new Response('<h1>Bad gateway</h1>', { status: 502 }));
  expect(error.problem).toMatchObject({ status: 502, code: 'http_502', detail: '<h1>Bad gateway</h1>' });
});

test('no answer is told apart from a refusal', () => {
  expect(toProblem(new TypeError('Failed to fetch'))).toMatchObject({ status: 0, code: 'unreachable' });
  expect(toProblem('odd')).toMatchObject({ status: 0, detail: 'odd' });
});
