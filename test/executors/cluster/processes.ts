/** Runners and callers as processes, bundled once, as Node takes a second of work to load one from its sources. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { makeFolder, somePort } from "../../../scripts/workshop.ts"
import { bundle } from "../../node/processes.ts"

export class Processes {
  readonly folder = makeFolder()
  private readonly pathOf: (name: string) => string
  private readonly url: string
  // INVARIANT: those that have not ended.
  private readonly running = new Set<ChildProcess>()
  /** The files that they print into. */
  private readonly logs = new Map<ChildProcess, string>()
  /** Of runs that were begun: no two have the same ids. */
  count = 0
  private port = somePort()

  private constructor(pathOf: (name: string) => string, url: string) {
    this.pathOf = pathOf
    this.url = url
  }

  static async make(url: string): Promise<Processes> {
    const programs = ["runner", "caller", "bench"].map((name) => `test/executors/cluster/${name}.ts`)
    return new Processes(await bundle(programs), url)
  }

  /** Starts one; `notes` is the file that says which jobs have started and ended. */
  start(name: string, notes: string | undefined, ...args: ReadonlyArray<number>): ChildProcess {
    const log = join(this.folder, `log ${this.logs.size}`)
    const out = openSync(log, "a")
    const child = fork(this.pathOf(name), args.map(String), {
      env: { ...process.env, DATABASE_URL: this.url, NOTES: notes },
      execArgv: [],
      stdio: ["ignore", out, out, "ipc"]
    })
    closeSync(out)
    this.logs.set(child, log)
    this.running.add(child)
    child.on("exit", () => this.running.delete(child))
    return child
  }

  freePort(): number {
    return this.port++
  }

  runner(notes: string | undefined, port = this.freePort()): ChildProcess {
    return this.start("runner", notes, port)
  }

  /** What it has printed. */
  said(child: ChildProcess): string {
    return readFileSync(this.logs.get(child)!, "utf8").trim()
  }

  /** Waits until it says so. */
  readonly isUp = async (child: ChildProcess): Promise<void> => {
    const [said] = await Promise.race([once(child, "message"), once(child, "exit").then(() => ["ended"])])
    if (said !== "up") throw new Error(`it does not come up:\n${this.said(child)}`)
  }

  readonly endAll = async (): Promise<void> => {
    const ends = Array.from(this.running, (child) => once(child, "exit"))
    for (const child of this.running) child.kill("SIGKILL")
    await Promise.all(ends)
  }
}
