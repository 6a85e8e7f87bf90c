import { describe, expect, it } from 'vitest';
import { ProblemError, toProblem } from '@/api/problem';
import { told } from './told';

const refused = new ProblemError({
  ...toProblem(new Error('The name is taken.')),
  status: 409,
  hint: 'Choose another.',
  detail_zh: '名称已被使用。',
  hint_zh: '请换一个。',
});

describe('told', () => {
  it('is what happened and what to do, in the language of the reader', () => {
    expect(told(refused, 'en')).toBe('The name is taken. Choose another.');
    expect(told(refused, 'zh')).toBe('名称已被使用。请换一个。');
  });

  it('stays as it is where only one language is known', () => {
    expect(told(new Error('odd'), 'zh')).toBe('odd');
  });
});
