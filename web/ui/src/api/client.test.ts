import { describe, expect, it } from 'vitest'
import { ApiError, failure, ok } from './client'

const answer = <T>(status: number, data?: T, error?: unknown) =>
  Promise.resolve({ data, error, response: new Response(null, { status }) })

describe('ok', () => {
  it('gives the body', async () => {
    expect(await ok(answer(200, { id: 1 }))).toEqual({ id: 1 })
  })
  it('throws the problem with its sentence and fields', async () => {
    const problem = { status: 422, detail: '填写有误', errors: [{ field: 'body.note', message: '此项必填' }] }
    const e = await ok(answer(422, undefined, problem)).catch((x: unknown) => x)
    expect(e).toBeInstanceOf(ApiError)
    expect((e as ApiError).message).toBe('填写有误')
    expect((e as ApiError).field('note')).toBe('此项必填')
    expect((e as ApiError).field('title')).toBeUndefined()
  })
  it('says that the network is down', async () => {
    const e = await ok(Promise.reject(new TypeError('Failed to fetch'))).catch((x: unknown) => x)
    expect((e as ApiError).message).toContain('无法连接服务器')
  })
  it('passes an abort on as it is', async () => {
    const abort = new DOMException('stop', 'AbortError')
    expect(await ok(Promise.reject(abort)).catch((x: unknown) => x)).toBe(abort)
  })
})

describe('failure', () => {
  it.each([[409, true], [412, true], [422, false]])('%i is a conflict: %s', (status, conflict) => {
    expect(failure(new Response(null, { status }), {}).conflict).toBe(conflict)
  })
  it('has a sentence for an answer that is no problem document', () => {
    expect(failure(new Response(null, { status: 502 }), '<html>').message).toContain('502')
  })
})
