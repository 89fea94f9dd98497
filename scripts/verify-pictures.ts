/**
 * `npm run verify -- pictures`: the pictures of the documentation, and pictures of runs, in a real browser at 800 px, in its
 * light and in its dark scheme: texts must not lie upon each other nor reach out, and the colours have to follow. Then the
 * traces of the same runs in a real viewer of traces. Exit code 1 if anything is wrong, or if there is no browser.
 */
import { Effect } from "effect"
import * as Insight from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { awkward, chain, crowd, failing, pipeline } from "../test/support/scenes.ts"
import { type Browser, findBrowser, type Site } from "./browser.ts"
import { install, makeFolder, root, table } from "./workshop.ts"

const speedscope = "1.25.0"

const rows: Array<ReadonlyArray<string>> = []
const problems: Array<string> = []

const note = (what: string, scheme: string, found: ReadonlyArray<string>, text: string): void => {
  rows.push([what, scheme, found.length === 0 ? "ok" : "FAILED", text])
  for (const problem of found) problems.push(`${what}, ${scheme}: ${problem}`)
}

// ------------------------------------------------------------------------------------------------------------- pictures

/** What a page found out about the pictures in it. */
interface Measured {
  readonly name: string
  readonly texts: number
  readonly card: string
  readonly problems: ReadonlyArray<string>
}

const pageOf = (pictures: ReadonlyMap<string, string>): string =>
  `<!doctype html><meta charset="utf-8"><style>body{margin:0;width:800px}figure{margin:0}svg{width:100%;height:auto}</style>
${Array.from(pictures, ([name, svg]) => `<figure id="${name}">${svg}</figure>`).join("\n")}
<script>${readFileSync(join(import.meta.dirname, "measure.js"), "utf8")}</script>`

const measureIn = async (
  browser: Browser,
  scheme: "light" | "dark",
  page: string
): Promise<ReadonlyArray<Measured>> => {
  const flags = [`--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`]
  const content = { type: "text/html; charset=utf-8", content: page }
  const { output, stdout } = await browser.open((path) => path === "/" ? content : undefined, flags)
  const verdict = /data-measured="([^"]*)"/.exec(stdout)?.[1]
  if (verdict === undefined) throw new Error(`the page did not come to its end: ${output.slice(0, 2000)}`)
  return JSON.parse(decodeURIComponent(verdict)) as ReadonlyArray<Measured>
}

const checkPictures = async (browser: Browser, pictures: ReadonlyMap<string, string>): Promise<void> => {
  const page = pageOf(pictures)
  const light = await measureIn(browser, "light", page)
  const dark = await measureIn(browser, "dark", page)
  for (const [i, one] of light.entries()) {
    const other = dark[i]!
    const colours = one.card === other.card ? ["the colours do not follow the reader's scheme"] : []
    note(one.name, "light", one.problems, `${one.texts} texts`)
    note(one.name, "dark", [...other.problems, ...colours], `${other.texts} texts`)
  }
}

// --------------------------------------------------------------------------------------------------------------- traces

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2"
}

/** A page around the viewer, that tells what stands in it once it has opened a trace. */
const frame = `<!doctype html><iframe></iframe><script>
const viewer = document.querySelector("iframe")
const look = () => {
  const text = viewer.contentDocument?.body?.textContent ?? ""
  if (text.includes("(tid ")) fetch("/told", { method: "POST", body: text })
  else setTimeout(look, 50)
}
viewer.src = "/index.html#profileURL=" + encodeURIComponent(location.origin + "/trace.json")
look()
</script>`

const checkTrace = async (
  browser: Browser,
  viewer: string,
  name: string,
  trace: string,
  row: string
): Promise<void> => {
  const site: Site = (path) => {
    if (path === "/") return { type: "text/html", content: frame }
    if (path === "/trace.json") return { type: "application/json", content: trace }
    try {
      return { type: types[extname(path)] ?? "text/plain", content: readFileSync(join(viewer, path)) }
    } catch {
      return undefined
    }
  }
  const shown = await browser.ask(site, ["--enable-unsafe-swiftshader"])
  const found = shown?.includes(`${row} (tid `) ? [] : [`the viewer does not show "${row}"`]
  note(name, `speedscope ${speedscope}`, found, `${JSON.parse(trace).traceEvents.length} events`)
}

// ---------------------------------------------------------------------------------------------------------------- all

const browser = await findBrowser()
if (typeof browser === "string") {
  console.error(`no browser: ${browser}`)
  process.exitCode = 1
} else {
  const drawn = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".svg"))
  const pictures = new Map(drawn.map((file) => [`docs/${file}`, readFileSync(join(root, "docs", file), "utf8")]))
  const timelines = new Map<string, Insight.Timeline>()
  for (const [name, program] of Object.entries({ pipeline, failing, awkward, crowd, chain: chain(300) })) {
    const [, timeline] = await Effect.runPromise(VirtualLoop.run(program, { patience: 0 }).pipe(Insight.record()))
    timelines.set(name, timeline)
    pictures.set(name, Insight.toSvg(timeline, { title: name }))
  }
  await checkPictures(browser, pictures)
  const folder = makeFolder()
  const installed = await install(folder, { speedscope })
  if (!installed.ok) note("speedscope", speedscope, [installed.output], "not installed")
  else {
    const viewer = join(folder, "node_modules/speedscope/dist/release")
    for (const [name, timeline] of timelines) {
      // In a run that takes no time there is nothing for a viewer to show.
      if (timeline.to === timeline.from) continue
      await checkTrace(browser, viewer, name, JSON.stringify(Insight.toChrome(timeline)), timeline.tasks[0]!.name)
    }
  }
  if (problems.length > 0) console.log(`${problems.join("\n")}\n`)
  console.log(table([["what", "where", "", `Chromium ${browser.version}`], ...rows]))
  if (problems.length > 0) process.exitCode = 1
}
