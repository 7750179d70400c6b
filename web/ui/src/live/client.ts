/**
 * The live connection (实时连接): one socket a tab, many topics, each with its own sequence that the server
 * assigns where the event is stored. The client never trusts the socket alone: a lost frame shows as a gap, a
 * sleeping laptop as silence, a proxy that blocks upgrades as repeated failure, and each has its remedy.
 */

export type State = 'connecting' | 'live' | 'retrying' | 'polling' | 'offline' | 'denied'

export interface Event<T = unknown> {
  t: string
  seq: number
  id?: string
  ts?: string
  asOf?: string
  data: T
}

export interface Topic {
  /** Called once for each event, in order. */
  event(ev: Event): void
  /**
   * Called when events may have been missed: read the state afresh and return the sequence that it reflects.
   * Events after it are delivered afterwards; returning undefined keeps the sequence at hand.
   */
  refetch(reason: string): Promise<number | undefined>
}

interface Frame {
  op: 'hello' | 'ev' | 'skip' | 'resync' | 'ping' | 'err'
  t?: string
  seq?: number
  id?: string
  ts?: string
  asOf?: string
  data?: unknown
  epoch?: string
  build?: string
  reason?: string
  problem?: { status?: number; detail?: string }
}

export interface Wire {
  socket(): WebSocket
  /** Reads what changed after the given sequences; an answer is a list of frames. */
  changes(after: Record<string, number>, epoch: string | undefined, signal: AbortSignal): Promise<{ epoch?: string; build?: string; frames: Frame[] }>
  random(): number
  now(): number
}

export interface Watch {
  state(state: State): void
  /** The server runs another build than the page was loaded from. */
  build(id: string): void
  /** Any frame arrived. */
  heard(at: number): void
}

const silence = 45_000
const failuresBeforePolling = 3
const retryWhilePolling = 60_000
const hiddenTooLong = 600_000
const denied = 4003

interface Line extends Topic {
  name: string
  seq: number | undefined
  waiting: Event[]
  skipped: number
  refetching: boolean
}

/** Live keeps the topics, one subscriber each, up to date over whichever road works. */
export class Live {
  private readonly lines = new Map<string, Line>()
  private ws: WebSocket | undefined
  private epoch: string | undefined
  private build: string | undefined
  private failures = 0
  private state: State = 'offline'
  private stopped = true
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private silenceTimer: ReturnType<typeof setTimeout> | undefined
  private polling: AbortController | undefined
  private hiddenSince: number | undefined

  constructor(private readonly wire: Wire, private readonly watch: Watch) {}

  /** Opens the connection; idempotent. */
  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.connect()
  }

  /** Closes for good, for example when the user logs out. */
  stop(): void {
    this.stopped = true
    clearTimeout(this.retryTimer)
    clearTimeout(this.silenceTimer)
    this.polling?.abort()
    this.polling = undefined
    this.drop()
    this.set('offline')
  }

  /** Adds a topic and returns the function that removes it. seq is that of the state already on the page. */
  subscribe(name: string, topic: Topic, seq?: number): () => void {
    const line: Line = {
      name, seq, waiting: [], skipped: 0, refetching: false, event: topic.event, refetch: topic.refetch,
    }
    this.lines.set(name, line)
    this.send([line]) // nothing while the socket is not open: opening sends all
    return () => {
      if (this.lines.get(name) === line) this.lines.delete(name)
    }
  }

  /** Tells the client that the page was hidden or shown: browsers stop timers of hidden pages. */
  visible(shown: boolean): void {
    if (!shown) {
      this.hiddenSince = this.wire.now()
      return
    }
    const away = this.hiddenSince === undefined ? 0 : this.wire.now() - this.hiddenSince
    this.hiddenSince = undefined
    if (this.stopped || away < hiddenTooLong) return
    this.refetchAll('hidden')
    this.reconnectNow()
  }

  /** Tries at once, for example when the computer is online again. */
  reconnectNow(): void {
    if (this.stopped) return
    clearTimeout(this.retryTimer)
    this.drop()
    this.connect()
  }

  private connect(): void {
    if (this.state !== 'polling') this.set(this.failures === 0 ? 'connecting' : 'retrying')
    let ws: WebSocket
    try {
      ws = this.wire.socket()
    } catch {
      this.failed()
      return
    }
    this.ws = ws
    this.listenForSilence()
    ws.onopen = () => {
      if (this.ws === ws) this.send([...this.lines.values()])
    }
    ws.onmessage = (m) => {
      if (this.ws !== ws) return
      this.listenForSilence()
      let frame: Frame
      try {
        frame = JSON.parse(String(m.data)) as Frame
      } catch {
        return
      }
      this.take(frame)
    }
    ws.onclose = (c) => {
      if (this.ws !== ws) return
      this.drop()
      if (c.code === denied) {
        this.stopped = true
        clearTimeout(this.retryTimer)
        this.set('denied')
        return
      }
      this.failed()
    }
  }

  /** A sleeping computer or a dead network gives no close event: silence past two pings counts as one. */
  private listenForSilence(): void {
    clearTimeout(this.silenceTimer)
    this.silenceTimer = setTimeout(() => {
      this.drop()
      this.failed()
    }, silence)
  }

  private drop(): void {
    clearTimeout(this.silenceTimer)
    const ws = this.ws
    this.ws = undefined
    if (!ws) return
    ws.onopen = ws.onmessage = ws.onclose = ws.onerror = null
    try {
      ws.close()
    } catch {
      // Closing a socket that never opened may throw; it is gone either way.
    }
  }

  private failed(): void {
    if (this.stopped) return
    this.failures++
    if (this.failures >= failuresBeforePolling) {
      this.poll()
      this.later(retryWhilePolling)
      return
    }
    this.set('retrying')
    // Full jitter, so that a restarted server is not met by every screen at once.
    this.later(200 + this.wire.random() * Math.min(30_000, 1000 * 2 ** this.failures))
  }

  private later(ms: number): void {
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => this.connect(), ms)
  }

  private send(lines: Line[]): void {
    if (this.ws?.readyState !== 1) return
    const topics = lines.map((l) => ({ t: l.name, after: l.seq ?? -1 }))
    this.ws.send(JSON.stringify({ op: 'sub', topics, epoch: this.epoch }))
  }

  private take(frame: Frame): void {
    this.watch.heard(this.wire.now())
    switch (frame.op) {
      case 'hello':
        this.hello(frame)
        return
      case 'ev':
        this.event({
          t: frame.t ?? '', seq: frame.seq ?? 0, id: frame.id, ts: frame.ts, asOf: frame.asOf, data: frame.data,
        })
        return
      case 'skip':
        this.skip(frame.t ?? '', frame.seq ?? 0)
        return
      case 'resync': {
        const line = this.lines.get(frame.t ?? '')
        if (line) void this.refetch(line, frame.reason ?? '')
        return
      }
    }
  }

  private hello(frame: Frame): void {
    this.failures = 0
    clearTimeout(this.retryTimer)
    this.polling?.abort()
    this.polling = undefined
    this.set('live')
    this.meet(frame.epoch, frame.build)
  }

  /** Another epoch means that the store was restored: sequences no longer mean what they meant. */
  private meet(epoch: string | undefined, build: string | undefined): void {
    if (epoch !== undefined && this.epoch !== undefined && epoch !== this.epoch) {
      for (const line of this.lines.values()) line.seq = undefined
      this.refetchAll('epoch')
    }
    this.epoch = epoch ?? this.epoch
    if (build && this.build && build !== this.build) this.watch.build(build)
    this.build = build ?? this.build
  }

  private event(ev: Event): void {
    const line = this.lines.get(ev.t)
    if (!line) return
    if (line.refetching) {
      line.waiting.push(ev)
      return
    }
    if (line.seq !== undefined && ev.seq <= line.seq) return // delivered before
    const gap = line.seq !== undefined && ev.seq > Math.max(line.seq, line.skipped) + 1
    line.seq = ev.seq
    line.event(ev)
    if (gap) void this.refetch(line, 'gap')
  }

  /** Events up to seq are not for this reader: a hole that is no loss. */
  private skip(t: string, seq: number): void {
    const line = this.lines.get(t)
    if (!line) return
    if (line.refetching) line.skipped = Math.max(line.skipped, seq)
    else if (line.seq === undefined || seq > line.seq) line.seq = seq
  }

  private refetchAll(reason: string): void {
    for (const line of this.lines.values()) void this.refetch(line, reason)
  }

  private async refetch(line: Line, reason: string): Promise<void> {
    if (line.refetching) return
    line.refetching = true
    try {
      const seq = await line.refetch(reason)
      if (seq !== undefined) line.seq = seq
    } catch {
      // The page shows its own error; events go on from where they are.
    }
    line.refetching = false
    const waiting = line.waiting.splice(0)
    for (const ev of waiting) this.event(ev)
  }

  private poll(): void {
    if (this.polling) return
    this.set('polling')
    const control = new AbortController()
    this.polling = control
    void this.pollOn(control)
  }

  private async pollOn(control: AbortController): Promise<void> {
    let errors = 0
    while (!control.signal.aborted && !this.stopped) {
      try {
        const after = Object.fromEntries([...this.lines.values()].map((l) => [l.name, l.seq ?? -1]))
        const answer = await this.wire.changes(after, this.epoch, control.signal)
        if (control.signal.aborted) return
        errors = 0
        this.set('polling')
        this.meet(answer.epoch, answer.build)
        this.watch.heard(this.wire.now())
        for (const frame of answer.frames) if (frame.op !== 'hello') this.take(frame)
      } catch {
        if (control.signal.aborted) return
        errors++
        this.set('offline')
        await new Promise((r) => setTimeout(r, 500 + this.wire.random() * Math.min(30_000, 1000 * 2 ** errors)))
      }
    }
  }

  private set(state: State): void {
    if (this.state === state) return
    this.state = state
    this.watch.state(state)
  }
}
