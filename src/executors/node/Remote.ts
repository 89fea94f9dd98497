/**
 * One worker, as the pool sees it.
 *
 *     starting ──► ready ──► leaving ──► gone
 *        │           │ it dies, or is killed  ▲
 *        └───────────┴────────────────────────┘
 *
 * When it is gone, its own calls are lost, and no other worker's. A call is over when the worker says so, never before:
 * whoever has cancelled one waits for that answer, for at most `grace`; then the worker is killed.
 */
import type { Call } from "./Call.ts"
import { connect, type Connection } from "./gaps.ts"
import type { End, Host, Launch, Settings } from "./hosts.ts"
import type { FromWorker } from "./wire.ts"

/** The pool, as its workers see it. */
export interface Owner {
  /** It can take calls, or one more. */
  readonly free: (worker: Remote) => void
  /** `isTold`: somebody has been told, or wanted it. */
  readonly gone: (worker: Remote, end: End, isTold: boolean) => void
}

// INVARIANT: how many calls there have been in this process.
let calls = 0

export class Remote {
  state: "starting" | "ready" | "leaving" | "gone" = "starting"
  /** Whether it was ever ready. */
  cameUp = false
  /** How many calls it has been given. */
  given = 0
  private readonly calls = new Map<number, Call>()
  private readonly owner: Owner
  private readonly module: URL
  private readonly host: Host
  private readonly connection: Connection
  /** Why it was killed. */
  private killed: string | undefined = undefined
  /** Resolves once it is gone and nothing is left of it. */
  readonly ended: Promise<void>

  constructor(launch: Launch, settings: Settings, owner: Owner) {
    this.owner = owner
    this.module = settings.module
    const exited = Promise.withResolvers<void>()
    this.host = launch(settings, (end) => {
      this.end(end)
      exited.resolve()
    })
    this.connection = connect(this.host, this.ready, this.receive)
    this.ended = Promise.all([exited.promise, this.connection.closed]).then(() => {})
  }

  get name(): string {
    return this.host.name
  }
  /** How many calls it has. */
  get load(): number {
    return this.calls.size
  }

  private readonly ready = (): void => {
    if (this.state !== "starting") return
    this.state = "ready"
    this.cameUp = true
    this.free()
  }

  private free(): void {
    this.owner.free(this)
    if (this.state === "ready" && this.load === 0) this.host.release()
  }

  // --------------------------------------------------------------------------------------------------------------- calls

  /** Throws if it can't be sent. */
  send(call: Call): void {
    const number = ++calls
    const { input, span, execution: { attempt, id, job, onProgress } } = call
    const reports = onProgress !== undefined
    this.connection.send(
      { _tag: "Run", call: number, job: job.name, input: input.value, id, attempt, reports, span },
      input.transfers
    )
    if (this.load === 0) this.host.hold()
    this.given++
    this.calls.set(number, call)
    call.sent(this, number)
  }

  cancel(number: number): void {
    this.tell({ _tag: "Cancel", call: number })
  }

  taken(number: number): void {
    this.tell({ _tag: "Taken", call: number })
  }

  private tell(message: { readonly _tag: "Cancel" | "Taken"; readonly call: number }): void {
    if (this.state !== "gone") this.connection.send(message)
  }

  private readonly receive = (message: FromWorker): void => {
    const call = this.calls.get(message.call)
    if (call === undefined) return
    if (message._tag === "Report") return call.report(message.report)
    this.calls.delete(message.call)
    if (message._tag === "Exit") call.ended(message)
    else call.unknown(message.serves)
    if (this.state === "ready") this.free()
    else if (this.load === 0) this.connection.close()
  }

  // ------------------------------------------------------------------------------------------------------------- the end

  /** Takes no more calls, and ends when its calls are over. */
  leave(grace: number): void {
    if (this.state === "gone" || this.state === "leaving") return
    if (this.state === "starting") return this.kill("left before it had started")
    this.state = "leaving"
    // Somebody waits for the end.
    this.host.hold()
    if (grace < Infinity) {
      const late = setTimeout(() => this.kill("was no longer needed, and did not end"), grace)
      void this.ended.then(() => clearTimeout(late))
    }
    if (this.load === 0) this.connection.close()
  }

  /** As `leave`, but cancels its calls. */
  close(grace: number): Promise<void> {
    this.leave(grace)
    for (const [number, call] of this.calls) call.abandon(number)
    return this.ended
  }

  kill(why: string): void {
    this.killed ??= why
    this.host.kill()
  }

  private end(end: End): void {
    this.state = "gone"
    const reason = this.whyGone(end)
    const isTold = this.load > 0 || this.killed !== undefined
    for (const call of this.calls.values()) call.lost(reason)
    this.calls.clear()
    this.owner.gone(this, { ...end, reason }, isTold)
  }

  private whyGone({ code, reason }: End): string {
    if (this.killed !== undefined) return `${this.name} ${this.killed}`
    return code === 0 && !this.cameUp ? `${this.name} ended without calling serve: ${this.module.href}` : reason
  }
}
