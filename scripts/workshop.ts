/** What scripts share: temporary folders with exact packages, programs with their output, tables, parts of pages. */
import { markdownTable } from "markdown-table"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { x } from "tinyexec"

/** The folder of the package. */
export const root = resolve(import.meta.dirname, "..")

const folders: Array<string> = []
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

/** A temporary folder that is gone when the script ends. */
export const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-"))
  folders.push(folder)
  return folder
}

/** A port that is most likely free: below those that the system gives to connections. */
export const somePort = (): number => 10_000 + Math.floor(Math.random() * 20_000)

export interface Ended {
  readonly ok: boolean
  /** It was ended, because it took longer than its limit. */
  readonly late: boolean
  /** Both streams, one after the other; of a program that could not be started, why. */
  readonly output: string
  readonly stdout: string
}

export interface Where {
  readonly cwd?: string
  /** Beside this process's own. */
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds; 5 minutes. */
  readonly limit?: number
}

/** Runs a program to its end. */
export const execute = async (
  program: string,
  args: ReadonlyArray<string>,
  { cwd = root, env = {}, limit: timeout = 300_000 }: Where = {}
): Promise<Ended> => {
  const child = x(program, args, {
    nodePath: false,
    nodeOptions: { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout }
  })
  try {
    const { exitCode, stderr, stdout } = await child
    const { signalCode } = child
    const output = `${stdout}${stderr}${signalCode === null ? "" : `\nended by ${signalCode}`}`
    return { ok: exitCode === 0, late: signalCode === "SIGTERM", output, stdout }
  } catch (error) {
    return { ok: false, late: false, output: String(error), stdout: "" }
  }
}

/** Installs packages, each an alias and what it stands for, in a folder. */
export const install = async (
  folder: string,
  packages: Readonly<Record<string, string>>,
  /** Those whose install scripts fetch their binary. */
  scripted: ReadonlyArray<string> = []
): Promise<Ended> => {
  mkdirSync(folder, { recursive: true })
  const manifest = {
    name: "empty",
    private: true,
    type: "module",
    dependencies: packages,
    allowScripts: Object.fromEntries(scripted.map((name) => [name, true]))
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2))
  return execute("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], {
    cwd: folder
  })
}

/** A Markdown table, its first row the head; the columns of `numbers` stand to the right. */
export const table = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  numbers: ReadonlySet<number> = new Set()
): string => markdownTable(rows, { align: rows[0].map((_, column) => numbers.has(column) ? "r" : "") })

/** The page with `text` between `<!-- name -->` and `<!-- /name -->`. */
export const withPart = (page: string, name: string, text: string): string => {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const from = page.indexOf(begin) + begin.length
  const to = page.indexOf(end, from)
  if (from < begin.length || to < 0) throw new Error(`the page has no ${begin.trim()} … ${end}`)
  return `${page.slice(0, from)}${text}\n${page.slice(to)}`
}

/** Writes such a part of a page of the package. */
export const writePart = (file: string, name: string, text: string): void => {
  const path = join(root, file)
  writeFileSync(path, withPart(readFileSync(path, "utf8"), name, text))
}
