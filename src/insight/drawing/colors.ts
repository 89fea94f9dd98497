/** The colours of a picture, light and dark, as rules for its classes. */
import type { SpanKind } from "./picture.ts"

interface Colors {
  readonly card: string
  readonly edge: string
  readonly text: string
  readonly faint: string
  readonly grid: string
  readonly step: string
  readonly bad: string
  readonly onBad: string
  readonly wake: string
  readonly note: string
  readonly spans: Readonly<Record<SpanKind, string>>
}

const light: Colors = {
  card: "#ffffff",
  edge: "#d0d7de",
  text: "#1f2328",
  faint: "#59636e",
  grid: "#e6e9ec",
  step: "#1a7f37",
  bad: "#cf222e",
  onBad: "#ffffff",
  wake: "#8250df",
  note: "#0550ae",
  spans: {
    wait: "#b6d4f5",
    lock: "#f3c6a5",
    join: "#e3dcf5",
    yield: "#ead58c",
    ready: "#ead58c",
    run: "#8fd19e",
    outside: "#e6e9ec",
    stuck: "#f7c9cc",
    block: "#f6f8fa"
  }
}

const dark: Colors = {
  card: "#0d1117",
  edge: "#30363d",
  text: "#e6edf3",
  faint: "#9198a1",
  grid: "#21262d",
  step: "#3fb950",
  bad: "#f85149",
  onBad: "#0d1117",
  wake: "#a98bf0",
  note: "#79c0ff",
  spans: {
    wait: "#1d3f66",
    lock: "#6b3d1c",
    join: "#3f3563",
    yield: "#5c4a10",
    ready: "#5c4a10",
    run: "#1c5c30",
    outside: "#21262d",
    stuck: "#6e2329",
    block: "#161b22"
  }
}

const rules = (scope: string, colors: Colors): string =>
  [
    `.card{fill:${colors.card};stroke:${colors.edge}}`,
    `.text{fill:${colors.text}}`,
    `.faint{fill:${colors.faint}}`,
    `.grid{stroke:${colors.grid}}`,
    `.parting{stroke:${colors.faint}}`,
    `.step{fill:${colors.step}}`,
    `.bad{fill:${colors.bad}}`,
    `.cross{stroke:${colors.bad};fill:none}`,
    `.on-bad{fill:${colors.onBad}}`,
    `.note{fill:${colors.note}}`,
    `.wake{stroke:${colors.wake};fill:none}`,
    `.head{fill:${colors.wake}}`,
    `.block{stroke:${colors.faint}}`,
    ...Object.entries(colors.spans).map(([kind, color]) => `.${kind}{fill:${color}}`)
  ].map((rule) => `${scope} ${rule}`).join("")

/** Scoped, for pages with several pictures. */
export const styleOf = (theme: "light" | "dark" | "auto"): string => {
  const scope = `.lanes-${theme}`
  const base = rules(scope, theme === "dark" ? dark : light)
  return theme === "auto" ? `${base}@media (prefers-color-scheme:dark){${rules(scope, dark)}}` : base
}
