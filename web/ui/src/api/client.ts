import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Problem = Schemas['Problem']

/**
 * Every write carries a key of its own, so that one repeat after a broken connection cannot do the thing twice:
 * the server answers the repeat with what it answered the first time.
 */
async function send(request: Request): Promise<Response> {
  if (request.method === 'GET') return fetch(request)
  for (const [name, value] of Object.entries(writeHeaders())) request.headers.set(name, value)
  const again = request.clone()
  try {
    return await fetch(request)
  } catch (e) {
    if (request.signal.aborted) throw e
    await new Promise((r) => setTimeout(r, 800))
    return fetch(again)
  }
}

/** What every write carries besides: a header that no foreign page can set, and the key. */
function writeHeaders(): Record<string, string> {
  return { 'X-Fundwatch': '1', 'Idempotency-Key': newKey() }
}

/** randomUUID exists only on https and localhost; a workbench on plain http in an intranet needs a key too. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

/** The typed road to the API; every request carries the session cookie. */
export const api = createClient<paths>({
  baseUrl: '/api/v1',
  credentials: 'same-origin',
  fetch: send,
  querySerializer: { array: { style: 'form', explode: false } },
})

/** A failure with a sentence for the person. */
export class ApiError extends Error {
  constructor(readonly problem: Partial<Problem> & { status: number; detail: string }) {
    super(problem.detail)
    this.name = 'ApiError'
  }

  get status(): number {
    return this.problem.status
  }
  get forbidden(): boolean {
    return this.status === 403
  }
  get missing(): boolean {
    return this.status === 404
  }
  /** Somebody else changed it meanwhile. */
  get conflict(): boolean {
    return this.status === 409 || this.status === 412
  }
  /** The fault of one input, by the name the API gives it. */
  field(name: string): string | undefined {
    return this.problem.errors?.find((e) => e.field === name || e.field.endsWith(`.${name}`))?.message
  }

  static from(e: unknown): ApiError {
    if (e instanceof ApiError) return e
    return new ApiError({ status: 0, detail: '无法连接服务器，请检查网络后重试' })
  }
}

/** Called when the server no longer knows the session. */
type Lost = () => void
let lost: Lost = () => {}
export function onSessionLost(f: Lost): void {
  lost = f
}

interface Answer<T> { data?: T; error?: unknown; response: Response }

/** The body of an answer, or its problem thrown. */
export async function ok<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await asked
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw ApiError.from(e)
  }
  if (answer.response.ok) return answer.data as T
  throw failure(answer.response, answer.error)
}

/** Reads the problem of a failed response. */
export function failure(response: Response, body: unknown): ApiError {
  const p = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>
  if (response.status === 401) lost()
  return new ApiError({ ...p, status: response.status, detail: p.detail || `服务器返回了意外的结果（${response.status}），请稍后重试` })
}

/** Sends a form with a file and reports how far it has come; fetch cannot tell that. */
export function upload<T>(path: string, form: FormData, progress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest()
    x.open('POST', `/api/v1${path}`)
    x.responseType = 'json'
    x.setRequestHeader('X-Fundwatch', '1')
    x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    x.onerror = () => reject(ApiError.from(undefined))
    x.onload = () => {
      if (x.status >= 200 && x.status < 300) resolve(x.response as T)
      else reject(failure(new Response(null, { status: x.status || 500 }), x.response))
    }
    x.send(form)
  })
}

/** Fetches a file by POST and hands it to the browser to keep. */
export async function download(path: string, body: unknown, fallbackName: string): Promise<void> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...writeHeaders() },
    })
  } catch (e) {
    throw ApiError.from(e)
  }
  if (!response.ok) throw failure(response, await response.json().catch(() => undefined))
  const named = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get('Content-Disposition') ?? '')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = named?.[1] ? decodeURIComponent(named[1]) : fallbackName
  link.click()
  URL.revokeObjectURL(link.href)
}
