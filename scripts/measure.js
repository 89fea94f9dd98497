/* Runs in the page of verify-pictures.ts: what is wrong with each of its pictures, by where their texts are. */
const measured = Array.from(document.querySelectorAll("figure"), (figure) => {
  const svg = figure.querySelector("svg")
  const frame = svg.getBoundingClientRect()
  const boxes = Array.from(svg.querySelectorAll("text"), (text) => ({
    text: text.textContent,
    box: text.getBoundingClientRect()
  }))
  const problems = []
  for (const [i, { box, text }] of boxes.entries()) {
    if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) {
      problems.push(`"${text}" reaches out of the picture`)
    }
    for (const other of boxes.slice(i + 1)) {
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left)
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top)
      // A line's box has some room above and below its letters.
      if (across > 0.5 && down > 0.25 * box.height) problems.push(`"${text}" lies upon "${other.text}"`)
    }
  }
  const card = svg.querySelector(".card")
  return { name: figure.id, texts: boxes.length, card: card === null ? "" : getComputedStyle(card).fill, problems }
})
document.body.dataset.measured = encodeURIComponent(JSON.stringify(measured))
