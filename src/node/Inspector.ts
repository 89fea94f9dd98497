/** Node's inspector, seen from another process: what listens on its port, and a session that evaluates. */

const host = "127.0.0.1"

/** What stands in the way; the message is printed as it is. */
export class Obstacle extends Error {}

/** How many milliseconds a listener has to say what it is. */
const patience = 10_000

/** What listens on the port: nothing, something else, or an inspector, by the address of its sessions. */
export const listenerOn = async (
  port: number
): Promise<"nobody" | "somebody" | { readonly address: string }> => {
  try {
    const answer = await fetch(`http://${host}:${port}/json/list`, { signal: AbortSignal.timeout(patience) })
    const targets = await answer.json() as ReadonlyArray<{ readonly webSocketDebuggerUrl?: unknown }>
    const address = targets[0]?.webSocketDebuggerUrl
    return typeof address === "string" ? { address } : "somebody"
  } catch (error) {
    return error instanceof TypeError && isRefused(error.cause) ? "nobody" : "somebody"
  }
}

const isRefused = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ECONNREFUSED"

/** The part of an answer that is read. */
interface Reply {
  readonly id?: number
  readonly result?: {
    readonly result?: { readonly value?: unknown; readonly description?: string }
    readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
  }
}

export class Inspector implements Disposable {
  private readonly socket: WebSocket
  private readonly limit: number
  private requests = 0

  private constructor(socket: WebSocket, limit: number) {
    this.socket = socket
    this.limit = limit
  }

  /** `limit`: milliseconds for each answer. */
  static async connect(address: string, limit: number): Promise<Inspector> {
    const socket = new WebSocket(address)
    await within(limit, "its inspector accepts no connection", (resolve, reject) => {
      socket.addEventListener("open", () => resolve(undefined))
      socket.addEventListener("error", () => reject(new Obstacle("its inspector accepts no connection")))
    })
    return new Inspector(socket, limit)
  }

  /** The value of an expression in the process. */
  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.requests
    const silence = "it does not answer: it is stopped, or in a synchronous call"
    const { exceptionDetails, result } = await within<NonNullable<Reply["result"]>>(
      this.limit,
      silence,
      (resolve, reject) => {
        this.socket.addEventListener("message", ({ data }) => {
          const reply = JSON.parse(String(data)) as Reply
          if (reply.id === id) resolve(reply.result ?? {})
        })
        this.socket.addEventListener("close", () => reject(new Obstacle("it has ended meanwhile")))
        this.send(id, expression)
      }
    )
    if (exceptionDetails === undefined) return result?.value
    throw new Obstacle(`it could not answer: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
  }

  /** Makes the process close its port, which ends the session. */
  async close(): Promise<void> {
    await within(this.limit, "its inspector does not close", (resolve) => {
      this.socket.addEventListener("close", () => resolve(undefined))
      this.send(++this.requests, `process.getBuiltinModule("inspector").close()`)
    })
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }

  private send(id: number, expression: string): void {
    this.socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, returnByValue: true } }))
  }
}

const within = <A>(
  limit: number,
  late: string,
  begin: (resolve: (value: A) => void, reject: (error: Error) => void) => void
): Promise<A> =>
  new Promise<A>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Obstacle(late)), limit)
    begin((value) => {
      clearTimeout(timer)
      resolve(value)
    }, (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
