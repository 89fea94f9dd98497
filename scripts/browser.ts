/** A browser of this machine, without a window: it opens pages that a script has made, and gives them back as they became. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type Ended, execute, makeFolder } from "./workshop.ts"

/** What the browser may ask for, by path. */
export type Site = (path: string) => { readonly type: string; readonly content: string | Buffer } | undefined

export interface Browser {
  readonly version: string
  /** The document of a page as it is when the page has nothing more to do, as text. */
  readonly open: (site: Site, flags?: ReadonlyArray<string>, path?: (origin: string) => string) => Promise<Ended>
}

const programs = ["chromium", "chromium-browser", "google-chrome"]

/** The browser, or why there is none. */
export const findBrowser = async (): Promise<Browser | string> => {
  for (const program of programs) {
    const { ok, stdout } = await execute(program, ["--version"])
    const version = ok ? /\d+(\.\d+)+/.exec(stdout)?.[0] : undefined
    if (version !== undefined) return { version, open: (...args) => open(program, ...args) }
  }
  return `none of ${programs.join(", ")}`
}

const open = async (
  program: string,
  site: Site,
  flags: ReadonlyArray<string> = [],
  path: (origin: string) => string = () => "/"
): Promise<Ended> => {
  const server = createServer((request, response) => {
    const file = site(new URL(request.url!, "http://localhost").pathname)
    response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.type ?? "text/plain" })
    response.end(file?.content)
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    return await execute(program, [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${makeFolder()}`,
      ...flags,
      "--dump-dom",
      `${origin}${path(origin)}`
    ])
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
