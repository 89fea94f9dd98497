/** A process of Node that a test starts: what it prints, as it prints it, and how it ends. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"

export interface ChildOptions {
  readonly cwd: string
  /** Flags of Node's. */
  readonly flags?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

export class Child implements AsyncDisposable {
  readonly pid: number
  private readonly process: ChildProcess
  /** Both streams, as they came: what it wrote to one may overtake what it wrote to the other. */
  output = ""
  stdout = ""
  stderr = ""
  private readonly closed: Promise<unknown>
  // INVARIANT: those who wait for more output, or for the end.
  private readonly waiting = new Set<() => void>()
  private isClosed = false

  constructor(program: string, args: ReadonlyArray<string>, { cwd, env = {}, flags = [] }: ChildOptions) {
    const own = Object.entries(process.env).filter(([name]) =>
      !/^(FORCE_COLOR|NO_COLOR|NODE_|EFFECT_|VITEST)/.test(name)
    )
    this.process = spawn(process.execPath, [...flags, program, ...args], {
      cwd,
      env: { ...Object.fromEntries(own), ...env }
    })
    this.pid = this.process.pid!
    this.process.stdout!.on("data", (data) => {
      this.stdout += String(data)
      this.heard(data)
    })
    this.process.stderr!.on("data", (data) => {
      this.stderr += String(data)
      this.heard(data)
    })
    this.closed = once(this.process, "close").then(() => {
      this.isClosed = true
      this.wake()
    })
  }

  private heard(data: unknown): void {
    this.output += String(data)
    this.wake()
  }

  private wake(): void {
    for (const look of this.waiting) look()
  }

  /** Waits until it has printed that, and gives it. */
  printed(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const [found] = pattern.exec(this.output) ?? []
        if (found === undefined && !this.isClosed) return
        this.waiting.delete(look)
        if (found === undefined) reject(new Error(`it has ended without ${String(pattern)}:\n${this.output}`))
        else resolve(found)
      }
      this.waiting.add(look)
      look()
    })
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | string | null> {
    await this.closed
    return this.process.exitCode ?? this.process.signalCode
  }

  write(text: string): void {
    this.process.stdin!.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  get isAlive(): boolean {
    return !this.isClosed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL")
    await this.closed
  }
}

/** A port that nobody has. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" ? address!.port : 0
}
