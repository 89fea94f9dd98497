/** Programs as processes: bundled once for all tests, as Node takes a second of work to load them from their sources. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { basename, join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { build } from "vite"
import { makeFolder, root } from "../../scripts/workshop.ts"

/** Gives the way to a bundle by its program's name. */
export const bundle = async (files: ReadonlyArray<string>): Promise<(name: string) => string> => {
  const outDir = makeFolder()
  const resolve = { conditions: ["effect-asyncio-source"] }
  await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    resolve,
    ssr: { noExternal: true, resolve },
    build: {
      outDir,
      ssr: true,
      target: "es2022",
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(files.map((file) => [basename(file, ".ts"), join(root, file)])),
        external: /^node:/,
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" }
      }
    }
  })
  return (name) => join(outDir, `${name}.mjs`)
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

// INVARIANT: those that have not ended.
const running = new Set<ChildProcess>()

/** Nothing is left of a test that failed. */
export const endAll = (): void => running.forEach((child) => child.kill("SIGKILL"))

/** A process of Node's, and what it has printed. */
export class Process {
  readonly child: ChildProcess
  out = ""
  err = ""
  private readonly closed: Promise<Array<any>>

  constructor(args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, args, { cwd: root, env: { ...quiet, ...env } })
    this.child.stdout!.setEncoding("utf8").on("data", (data) => this.out += data)
    this.child.stderr!.setEncoding("utf8").on("data", (data) => this.err += data)
    this.closed = once(this.child, "close")
    running.add(this.child.once("exit", () => running.delete(this.child)))
  }

  kill(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }

  /** Waits for a text in what it prints, on either stream. */
  async prints(text: string): Promise<this> {
    while (!this.out.includes(text) && !this.err.includes(text)) {
      await Promise.race([once(this.child.stdout!, "data"), once(this.child.stderr!, "data"), this.failed(text)])
    }
    return this
  }

  private async failed(text: string): Promise<never> {
    await this.closed
    throw new Error(`it ended without ${JSON.stringify(text)}:\n${this.out}${this.err}`)
  }

  async end(): Promise<Ended> {
    const [code, signal] = await this.closed
    return { code, signal, out: this.out, err: stripVTControlCharacters(this.err) }
  }
}

/** What a test is run with says nothing about colours. */
const { FORCE_COLOR: _, NO_COLOR: __, NODE_OPTIONS: ___, ...quiet } = process.env
