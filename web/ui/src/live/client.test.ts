import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Live, type Event, type State } from './client'

/** A socket whose other end is the test. */
class Socket {
  readyState = 0
  sent: { op: string; topics: { t: string; after?: number }[]; epoch?: string }[] = []
  onopen: (() => void) | null = null
  onmessage: ((m: { data: string }) => void) | null = null
  onclose: ((c: { code: number }) => void) | null = null
  onerror: (() => void) | null = null
  closed = false
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  send(s: string) {
    this.sent.push(JSON.parse(s))
  }
  close() {
    this.closed = true
    this.readyState = 3
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  fall(code = 1006) {
    this.readyState = 3
    this.onclose?.({ code })
  }
}

function bench() {
  const sockets: Socket[] = []
  const states: State[] = []
  const builds: string[] = []
  const polls: Record<string, number>[] = []
  let answer: (after: Record<string, number>) => Promise<{ epoch?: string; frames: never[] }> = () => new Promise(() => {})
  const live = new Live(
    {
      socket() {
        const s = new Socket()
        sockets.push(s)
        return s as unknown as WebSocket
      },
      changes(after) {
        polls.push(after)
        return answer(after)
      },
      random: () => 0.5,
      now: () => Date.now(),
    },
    { state: (s) => states.push(s), build: (b) => builds.push(b), heard() {} },
  )
  const got: number[] = []
  const refetched: string[] = []
  let snapshot: number | undefined
  const topic = {
    event: (ev: Event) => void got.push(ev.seq),
    refetch: (reason: string) => {
      refetched.push(reason)
      return Promise.resolve(snapshot)
    },
  }
  return {
    live, sockets, states, builds, polls, got, refetched, topic,
    last: () => sockets[sockets.length - 1]!,
    snapshot: (n: number) => (snapshot = n),
    answer: (f: typeof answer) => (answer = f),
    greet(epoch = 'e1', build = 'b1') {
      const s = sockets[sockets.length - 1]!
      s.open()
      s.say({ op: 'hello', epoch, build })
      return s
    },
  }
}

const ev = (seq: number) => ({ op: 'ev', t: 'alerts', seq, data: {} })
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('Live', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('subscribes with the sequence of the page and delivers in order, once each', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 10)
    b.live.start()
    const s = b.greet()
    expect(s.sent).toEqual([{ op: 'sub', topics: [{ t: 'alerts', after: 10 }] }])
    for (const seq of [11, 12, 12, 11, 13]) s.say(ev(seq))
    expect(b.got).toEqual([11, 12, 13])
    expect(b.refetched).toEqual([])
    expect(b.states).toEqual(['connecting', 'live'])
  })

  it('subscribes also between the opening of the socket and its greeting', () => {
    const b = bench()
    b.live.start()
    const s = b.last()
    b.live.subscribe('rounds', b.topic, 3)
    expect(s.sent).toEqual([])
    s.open()
    b.live.subscribe('alerts', b.topic, 7)
    s.say({ op: 'hello', epoch: 'e1' })
    expect(s.sent.flatMap((ask) => ask.topics)).toEqual([{ t: 'rounds', after: 3 }, { t: 'alerts', after: 7 }])
  })

  it('refetches that topic on a gap and delivers what came meanwhile', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 1)
    b.live.start()
    const s = b.greet()
    b.snapshot(6)
    s.say(ev(2))
    s.say(ev(5))
    s.say(ev(6))
    s.say(ev(7))
    await settle()
    expect(b.refetched).toEqual(['gap'])
    expect(b.got).toEqual([2, 5, 7]) // 6 is in the snapshot
  })

  it('takes a skip for a hole that is no loss', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic)
    b.live.start()
    const s = b.greet()
    expect(s.sent[0]!.topics).toEqual([{ t: 'alerts', after: -1 }])
    s.say({ op: 'skip', t: 'alerts', seq: 40 })
    s.say(ev(41))
    s.say({ op: 'skip', t: 'alerts', seq: 44 })
    s.say(ev(45))
    await settle()
    expect(b.refetched).toEqual([])
    expect(b.got).toEqual([41, 45])
  })

  it('refetches when the server says resync', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 1)
    b.live.start()
    const s = b.greet()
    b.snapshot(90)
    s.say({ op: 'resync', t: 'alerts', reason: 'too_old' })
    await settle()
    s.say(ev(90))
    s.say(ev(91))
    expect(b.refetched).toEqual(['too_old'])
    expect(b.got).toEqual([91])
  })

  it('resumes after a lost connection from the last sequence, with the epoch', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 1)
    b.live.start()
    b.greet().say(ev(2))
    b.last().fall()
    expect(b.states.at(-1)).toBe('retrying')
    await vi.advanceTimersByTimeAsync(2000)
    const s = b.greet()
    expect(s.sent[0]).toEqual({ op: 'sub', topics: [{ t: 'alerts', after: 2 }], epoch: 'e1' })
    s.say(ev(3))
    expect(b.got).toEqual([2, 3])
    expect(b.states.at(-1)).toBe('live')
  })

  it('starts afresh when the epoch changed', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 500)
    b.live.start()
    b.greet('e1')
    b.last().fall()
    await vi.advanceTimersByTimeAsync(2000)
    b.snapshot(3)
    const s = b.greet('e2')
    await settle()
    expect(b.refetched).toEqual(['epoch'])
    s.say(ev(4))
    expect(b.got).toEqual([4])
  })

  it('takes 45 s of silence for a dead line', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 1)
    b.live.start()
    const s = b.greet()
    await vi.advanceTimersByTimeAsync(40_000)
    s.say({ op: 'ping' })
    await vi.advanceTimersByTimeAsync(44_000)
    expect(b.states.at(-1)).toBe('live')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(s.closed).toBe(true)
    expect(b.states.at(-1)).toBe('retrying')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(b.sockets).toHaveLength(2)
  })

  it('polls after three failures, and goes back to the socket', async () => {
    const b = bench()
    let give: (frames: object[]) => void = () => {}
    b.answer(() => new Promise((r) => (give = (frames) => r({ epoch: 'e1', frames: frames as never[] }))))
    b.live.subscribe('alerts', b.topic, 7)
    b.live.start()
    for (let i = 0; i < 3; i++) {
      b.last().fall()
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(b.states.at(-1)).toBe('polling')
    expect(b.polls[0]).toEqual({ alerts: 7 })
    give([ev(8), ev(9)])
    await settle()
    expect(b.got).toEqual([8, 9])
    expect(b.polls[1]).toEqual({ alerts: 9 })
    await vi.advanceTimersByTimeAsync(60_000)
    b.greet()
    expect(b.states.at(-1)).toBe('live')
    give([ev(10)]) // an answer to an abandoned poll changes nothing
    await settle()
    expect(b.got).toEqual([8, 9])
  })

  it('shows offline while polling fails and recovers', async () => {
    const b = bench()
    let fail = true
    b.answer(() => (fail ? Promise.reject(new Error('down')) : new Promise(() => {})))
    b.live.subscribe('alerts', b.topic, 7)
    b.live.start()
    for (let i = 0; i < 3; i++) {
      b.last().fall()
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(b.states.at(-1)).toBe('offline')
    fail = false
    b.answer(() => Promise.resolve({ frames: [] }).then(() => ((b.answer(() => new Promise(() => {}))), { frames: [] })))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(b.states.at(-1)).toBe('polling')
  })

  it('stops when rights were withdrawn', async () => {
    const b = bench()
    b.live.start()
    b.greet()
    b.last().fall(4003)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(b.states.at(-1)).toBe('denied')
    expect(b.sockets).toHaveLength(1)
  })

  it('reconnects and refetches after the page was hidden for long', async () => {
    const b = bench()
    b.live.subscribe('alerts', b.topic, 1)
    b.live.start()
    b.greet()
    b.live.visible(false)
    for (let i = 0; i < 22; i++) {
      b.last().say({ op: 'ping' })
      await vi.advanceTimersByTimeAsync(30_000)
    }
    b.live.visible(true)
    await settle()
    expect(b.refetched).toEqual(['hidden'])
    expect(b.sockets).toHaveLength(2)
  })

  it('says when the server runs another build', async () => {
    const b = bench()
    b.live.start()
    b.greet('e1', 'b1')
    b.last().fall()
    await vi.advanceTimersByTimeAsync(2000)
    b.greet('e1', 'b2')
    expect(b.builds).toEqual(['b2'])
  })

  it('survives frames that are not JSON and topics it does not know', () => {
    const b = bench()
    b.live.start()
    const s = b.greet()
    s.onmessage?.({ data: 'garbage{' })
    s.say({ op: 'ev', t: 'unknown', seq: 1 })
    s.say({ op: 'resync', t: 'unknown' })
    expect(b.states.at(-1)).toBe('live')
  })
})
