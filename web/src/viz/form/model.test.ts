import { describe, expect, it } from 'vitest';
import { rangeText, type Schema, schemaTitle } from '@/viz/graph/schema';
import { controlOf, faultOf, folded, givenOnly, stepOf } from './model';

describe('fields', () => {
  it('follow from the schema', () => {
    expect(controlOf({ type: 'integer' })).toBe('integer');
    expect(controlOf({ enum: ['a'] })).toBe('choice');
    expect(controlOf({ type: 'array', items: { enum: ['a'] } })).toBe('choices');
    expect(controlOf({ type: 'string', 'x-kpl': 'dataset' })).toBe('dataset');
    expect(controlOf({ type: ['number', 'null'] })).toBe('number');
    expect(controlOf({ type: 'object' })).toBe('json');
    expect(controlOf({ default: true })).toBe('boolean');
  });

  it('say what range they take', () => {
    expect(rangeText({ minimum: 1, maximum: 9 })).toBe('1 – 9');
    expect(rangeText({ exclusiveMinimum: 0 })).toBe('> 0');
    expect(rangeText({ maximum: 3 })).toBe('≤ 3');
    expect(rangeText({})).toBe('');
  });

  it('tell what is wrong with a value', () => {
    const epochs = { type: 'integer', minimum: 1, default: 3 };
    expect(faultOf(epochs, 2)).toBeNull();
    expect(faultOf(epochs, undefined)).toBeNull();
    expect(faultOf(epochs, 0)).toEqual({ code: 'small', limit: '≥ 1', path: '' });
    expect(faultOf(epochs, 1.5)?.code).toBe('integer');
    expect(faultOf({ type: 'number', exclusiveMinimum: 0 }, 0)?.code).toBe('small');
    expect(faultOf({ enum: ['a', 'b'] }, 'c')?.code).toBe('choice');
    expect(faultOf({ type: 'string', minLength: 1 }, '')?.code).toBe('required');
    expect(faultOf({ type: 'string', pattern: '^[a-z]+$' }, 'A')?.code).toBe('pattern');
  });

  it('step by a tenth of their size', () => {
    expect(stepOf({ type: 'integer', default: 300 })).toBe(1);
    expect(stepOf({ type: 'number', default: 0.002 })).toBe(0.001);
    expect(stepOf({ type: 'number', default: 0, maximum: 1 })).toBe(0.1);
  });

  it('fold away what is many or advanced', () => {
    const many = Array.from({ length: 12 }, (_, i): [string, Schema] => [`p${i}`, {}]);
    expect(folded(many).advanced).toHaveLength(4);
    expect(
      folded([
        ['a', {}],
        ['b', { 'x-advanced': true }],
      ]).advanced,
    ).toHaveLength(1);
  });

  it('send only what is not the default', () => {
    expect(givenOnly({ a: { default: 1 }, b: { default: 2 } }, { a: 1, b: 3, c: undefined })).toEqual({
      b: 3,
    });
  });

  it('take the title in the language of the reader out of one that holds both', () => {
    expect(schemaTitle('x', { title: 'Epochs 训练轮数' }, 'en')).toBe('Epochs');
    expect(schemaTitle('x', { title: 'Epochs 训练轮数' }, 'zh')).toBe('训练轮数');
    expect(schemaTitle('x', { title: { en: 'E', zh: '轮' } }, 'zh')).toBe('轮');
    expect(schemaTitle('x', {}, 'zh')).toBe('x');
  });
});
