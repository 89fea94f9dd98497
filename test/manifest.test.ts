/** What package.json says of version and addresses, and that the rest of the project says the same. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import manifest from "../package.json" with { type: "json" }
import { addressesOf, withAddresses } from "../scripts/repository.ts"
import { root } from "../scripts/workshop.ts"

const read = (path: string): string => readFileSync(join(root, path), "utf8")

const partsOf = (version: string): ReadonlyArray<number> => version.split(".").map(Number)

const isNewer = (version: string, than: string): boolean => {
  const [parts, others] = [partsOf(version), partsOf(than)]
  const different = parts.findIndex((part, index) => part !== others[index])
  return different >= 0 && parts[different]! > others[different]!
}

it("versions are compared by their numbers", () => {
  expect(isNewer("0.10.0", "0.9.0")).toBe(true)
  expect(isNewer("1.0.0", "0.9.9")).toBe(true)
  expect(isNewer("0.2.0", "0.2.0")).toBe(false)
  expect(isNewer("0.1.9", "0.2.0")).toBe(false)
})

it("nothing is there since a version that is still to come", () => {
  const tags = globSync("src/**/*.ts", { cwd: root }).flatMap((file) =>
    Array.from(read(file).matchAll(/@since (.*)/g), ([, version]) => ({ file, version: version! }))
  )
  expect(tags.length).toBeGreaterThan(100)
  expect(tags.filter(({ version }) => !/^\d+\.\d+\.\d+$/.test(version) || isNewer(version, manifest.version))).toEqual(
    []
  )
})

it("the changelog begins with this version, the lock file and the README name it", () => {
  expect(/^## (\S+)/m.exec(read("CHANGELOG.md"))?.[1]).toBe(manifest.version)
  expect(JSON.parse(read("package-lock.json"))).toMatchObject({
    version: manifest.version,
    packages: { "": { version: manifest.version } }
  })
  expect(read("README.md")).toContain(`Version ${manifest.version.split(".").slice(0, 2).join(".")}:`)
})

it("the addresses are all there, from one, or none is", () => {
  const { bugs, homepage, repository } = manifest as Partial<ReturnType<typeof addressesOf>>
  const url = repository?.url.replace(/^git\+(.*)\.git$/, "$1")
  const expected = url === undefined ? {} : addressesOf(url)
  expect(JSON.parse(JSON.stringify({ bugs, homepage, repository }))).toEqual(expected)
})

it("setting the addresses changes nothing else, and setting them again changes them", () => {
  const url = "https://host.invalid/owner/name"
  const set = withAddresses(manifest, url)
  expect(set).toEqual({ ...manifest, ...addressesOf(url) })
  expect(withAddresses(withAddresses(manifest, "https://host.invalid/other/name"), url)).toEqual(set)
  expect(Object.keys(set)).toEqual(Object.keys(withAddresses(set, url)))
})
