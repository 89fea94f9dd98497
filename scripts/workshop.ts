/** What the verifying scripts share: temporary folders with exact packages, programs with their output, tables. */
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/** The folder of the package. */
export const root = resolve(import.meta.dirname, "..")

/** A temporary folder that is gone when the script ends. */
export const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-"))
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export interface Ended {
  readonly ok: boolean
  /** Both streams; of a program that could not be started, why. */
  readonly output: string
  readonly stdout: string
}

export interface Where {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds; 5 minutes. */
  readonly limit?: number
}

/** Runs a program to its end. */
export const execute = (
  program: string,
  args: ReadonlyArray<string>,
  { cwd = root, env = process.env, limit = 300_000 }: Where = {}
): Promise<Ended> =>
  new Promise((done) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: limit })
    let output = ""
    let stdout = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    child.on("error", (error) => done({ ok: false, output: error.message, stdout }))
    child.on("close", (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}`
      done({ ok: code === 0, output, stdout })
    })
  })

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

/** A table, all columns but those of `numbers` to the left. */
export const tableOf = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  numbers: ReadonlySet<number> = new Set()
): string => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)))
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => numbers.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd()
  return [line(rows[0]), widths.map((width) => "-".repeat(width)).join("  "), ...rows.slice(1).map(line)].join("\n")
}
