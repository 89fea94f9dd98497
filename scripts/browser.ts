/** A browser of this machine, without a window: it opens pages that a script has made, and gives back what became of them. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { x } from "tinyexec"
import { type Ended, execute, makeFolder } from "./workshop.ts"

/** What the browser may ask for, by path. */
export type Site = (path: string) => { readonly type: string; readonly content: string | Buffer } | undefined

export interface Browser {
  readonly version: string
  /** The document at `/` as it is when the page has nothing more to do, as text. */
  readonly open: (site: Site, flags?: ReadonlyArray<string>) => Promise<Ended>
  /** What the page at `/` posts to `/told`, within a minute. */
  readonly ask: (site: Site, flags?: ReadonlyArray<string>) => Promise<string | undefined>
}

const programs = ["chromium", "chromium-browser", "google-chrome"]

/** The browser, or why there is none. */
export const findBrowser = async (): Promise<Browser | string> => {
  for (const program of programs) {
    const { ok, stdout } = await execute(program, ["--version"])
    const version = ok ? /\d+(\.\d+)+/.exec(stdout)?.[0] : undefined
    if (version === undefined) continue
    return { version, open: (...args) => open(program, ...args), ask: (...args) => ask(program, ...args) }
  }
  return `none of ${programs.join(", ")}`
}

const flagsOfAll = (): ReadonlyArray<string> => [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--user-data-dir=${makeFolder()}`
]

/** `told`: called with what is posted there. */
const serve = async (site: Site, told?: (text: string) => void): Promise<Server> => {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost")
    if (pathname === "/told") told?.(await text(request))
    const file = site(pathname)
    response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.type ?? "text/plain" })
    response.end(file?.content)
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  return server
}

const pageOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

const close = (server: Server): void => {
  server.closeAllConnections()
  server.close()
}

const open = async (program: string, site: Site, flags: ReadonlyArray<string> = []): Promise<Ended> => {
  const server = await serve(site)
  try {
    return await execute(program, [...flagsOfAll(), ...flags, "--dump-dom", pageOf(server)])
  } finally {
    close(server)
  }
}

const ask = async (
  program: string,
  site: Site,
  flags: ReadonlyArray<string> = []
): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const server = await serve(site, resolve)
  const late = setTimeout(resolve, 60_000, undefined)
  const child = x(program, [...flagsOfAll(), ...flags, pageOf(server)], { nodeOptions: { stdio: "ignore" } })
  // Ended by itself, it tells nothing.
  child.then(() => resolve(undefined), () => resolve(undefined))
  try {
    return await promise
  } finally {
    clearTimeout(late)
    child.kill()
    close(server)
  }
}
