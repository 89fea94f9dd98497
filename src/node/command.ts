/** The command `effect-asyncio`: looks at a process, draws a recording. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { parseArgs } from "node:util"
import { format } from "../insight/format.ts"
import type { TaskInfo } from "../insight/snapshot.ts"
import { toSvg } from "../insight/toSvg.ts"
import { toText } from "../insight/toText.ts"
import { version } from "../internal/host/version.ts"
import { fitted } from "./fitted.ts"
import { programFrames } from "./frames.ts"
import { look } from "./look.ts"
import { readRecording } from "./recordings.ts"
import { hasColors } from "./standardStreams.ts"
import { strangerInWords } from "./strangers.ts"

const usage = `effect-asyncio ${version}

  effect-asyncio ps PID          what the tasks of a Node process are doing, and where it is stuck
    --json                       as JSON: loops, as Insight.snapshot returns them
    --filter TEXT                only tasks whose name, function, place or wait contains TEXT
    --port NUMBER                where its inspector opens: its --inspect-port, by default 9229
    --timeout DURATION           how long to wait for each answer, by default "5 seconds"
  effect-asyncio draw FILE       draws a recording by monitor or Insight.toChrome in the terminal
    --svg                        as an SVG picture
  effect-asyncio --help, --version

ps opens the process's inspector on 127.0.0.1 with SIGUSR1, and closes it again; meanwhile every user of this machine can
reach it.`

const limit = 500

const options = {
  filter: { type: "string" },
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  port: { type: "string" },
  svg: { type: "boolean" },
  timeout: { type: "string" },
  version: { type: "boolean", short: "v" }
} as const

/** The options of each command, besides `--help` and `--version`. */
const known: Readonly<Record<string, ReadonlyArray<string>>> = {
  ps: ["filter", "json", "port", "timeout"],
  draw: ["svg"]
}

/** The command line is wrong. */
class Misuse extends Error {}

const wholeNumber = (what: string, text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new Misuse(`${what} is ${JSON.stringify(text)}, expected a whole number above 0`)
  return Number(text)
}

const portNumber = (text: string): number => {
  const port = wholeNumber("--port", text)
  if (port > 65_535) throw new Misuse(`--port is ${JSON.stringify(text)}, expected at most 65535`)
  return port
}

/** In milliseconds, above 0, and no more than one of Node's timers can wait. */
const duration = (text: string): number => {
  const found = Duration.fromInput((/^\d+$/.test(text) ? Number(text) : text) as Duration.Input)
  const millis = Option.isSome(found) ? Duration.toMillis(found.value) : 0
  if (millis <= 0) throw new Misuse(`--timeout is ${JSON.stringify(text)}, expected a duration such as "5 seconds"`)
  return Math.min(millis, 2 ** 31 - 1)
}

const has = (text: string) => ({ createdAt = "", name, stack, wait }: TaskInfo): boolean =>
  [name, createdAt, wait?.what ?? "", ...stack.flatMap(({ at = "", name }) => [name, at])].some((part) =>
    part.includes(text)
  )

interface PsOptions {
  readonly filter?: string | undefined
  readonly json?: boolean | undefined
  readonly port?: string | undefined
  readonly timeout?: string | undefined
}

const ps = async (
  argument: string,
  { filter = "", json, port = "9229", timeout = "5 seconds" }: PsOptions
): Promise<string> => {
  const pid = wholeNumber("PID", argument)
  const host = "bun" in process.versions ? "Bun" : "deno" in process.versions ? "Deno" : process.platform
  if (host === "Bun" || host === "Deno" || host === "win32") {
    throw new Error(
      `can't look at processes on ${host === "win32" ? "Windows" : host}: use monitor() in the program itself`
    )
  }
  const { cwd, isKnown, loops, stack, strangers } = await look(pid, portNumber(port), duration(timeout))
  const isShown = has(filter)
  if (json) {
    return JSON.stringify(loops.map((loop) => ({ ...loop, tasks: loop.tasks.filter(isShown) })), undefined, 2)
  }
  const frames = programFrames(stack)
  const homes = Map.groupBy(loops, ({ home }) => home)
  const parts = [
    ...Array.from(homes, ([home, loops]) => {
      const text = format(loops, { base: cwd, color: hasColors(process.stdout), filter: isShown, limit })
      return homes.size > 1 ? `by ${home}:\n${text}` : text
    }),
    ...strangers.map((stranger) => strangerInWords(stranger, limit)),
    ...loops.length + strangers.length > 0
      ? []
      : [isKnown ? "no loop is open" : "no loop of effect-asyncio was ever made in its main thread"],
    ...frames.length === 0 ? [] : [`in the middle of JavaScript, in\n${frames.slice(0, 20).join("\n")}`]
  ]
  return fitted(parts.join("\n"), process.stdout)
}

const draw = (file: string, { svg }: { readonly svg?: boolean | undefined }): string => {
  const timeline = readRecording(file)
  if (svg) return toSvg(timeline)
  const { columns, isTTY } = process.stdout
  return toText(timeline, { color: hasColors(process.stdout), ...isTTY ? { width: Math.max(columns, 20) } : {} })
}

const obey = async (args: ReadonlyArray<string>): Promise<string> => {
  const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [command, argument, ...others] = positionals
  if (values.help) return usage
  if (values.version) return version
  const foreign = Object.keys(values).find((name) => known[command ?? ""]?.includes(name) === false)
  if (foreign !== undefined) throw new Misuse(`${command} has no --${foreign}`)
  const isUse = argument !== undefined && others.length === 0
  if (command === "ps" && isUse) return await ps(argument, values)
  if (command === "draw" && isUse) return draw(argument, values)
  if (command === "ps") throw new Misuse("ps needs one PID")
  if (command === "draw") throw new Misuse("draw needs one FILE")
  throw new Misuse(command === undefined ? "no command" : `no command ${command}`)
}

const isMisuse = (error: unknown): boolean =>
  error instanceof Misuse ||
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")

/** What it prints, and its exit code: 2 if it was not understood, 1 if it failed. */
export const command = async (
  args: ReadonlyArray<string>
): Promise<{ readonly code: 0 | 1 | 2; readonly text: string }> => {
  try {
    return { code: 0, text: (await obey(args)).trimEnd() }
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    return isMisuse(error)
      ? { code: 2, text: `effect-asyncio: ${told}\n\n${usage}` }
      : { code: 1, text: `effect-asyncio ${args.slice(0, 2).join(" ")}: ${told}` }
  }
}
