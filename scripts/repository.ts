/**
 * `npx node scripts/repository.ts URL`: writes the address of the repository into package.json, and those that follow from
 * it. They are set here and nowhere else; until then the package has none.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./workshop.ts"

/** `https://host/owner/name`, as a browser shows it. */
export const addressesOf = (url: string) => ({
  homepage: `${url}#readme`,
  bugs: { url: `${url}/issues` },
  repository: { type: "git", url: `git+${url}.git` }
})

/** As it is, with the addresses behind the author. */
export const withAddresses = (manifest: object, url: string): object => {
  const addresses = addressesOf(url)
  const others = Object.entries(manifest).filter(([key]) => !(key in addresses))
  const behind = others.findIndex(([key]) => key === "author") + 1
  return Object.fromEntries(others.toSpliced(behind, 0, ...Object.entries(addresses)))
}

if (import.meta.main) {
  const [url] = process.argv.slice(2)
  if (url === undefined || !/^https:\/\/[^/]+\/[^/]+\/[^/#?]+$/.test(url)) {
    console.error("usage: npx node scripts/repository.ts https://HOST/OWNER/NAME")
    process.exit(2)
  }
  const path = join(root, "package.json")
  const manifest: object = JSON.parse(readFileSync(path, "utf8"))
  writeFileSync(path, `${JSON.stringify(withAddresses(manifest, url.replace(/\.git$/, "")), undefined, 2)}\n`)
}
