/** CPU per call of every row as a bar, for documents. SVG without scripts or outside fonts. */
import type { RowReport } from './report.ts'

const WIDTH_PX = 900
const LABEL_PX = 400
const VALUE_PX = 90
const BAR_PX = 18
const STEP_PX = 28
const HEAD_PX = 44

export function plotSvg(rows: readonly RowReport[]): string {
  const longest = Math.max(...rows.map(({ cpuUs }) => cpuUs))
  const scale = (WIDTH_PX - LABEL_PX - VALUE_PX) / longest
  const height = HEAD_PX + rows.length * STEP_PX
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="12" y="24" font-weight="bold">CPU µs per call (bare workerd, one core, 32 connections)</text>`,
    ...rows.map((row, index) => bar(row, HEAD_PX + index * STEP_PX, scale)),
    '</svg>',
    '',
  ].join('\n')
}

function bar({ id, title, cpuUs }: RowReport, y: number, scale: number): string {
  const length = Math.max(1, Math.round(cpuUs * scale))
  const ours = id.startsWith('platform') || id === 'engine'
  return [
    `<text x="12" y="${y + BAR_PX - 4}">${escape(title)}</text>`,
    `<rect x="${LABEL_PX}" y="${y}" width="${length}" height="${BAR_PX}" fill="${ours ? '#f6821f' : '#888'}"/>`,
    `<text x="${LABEL_PX + length + 6}" y="${y + BAR_PX - 4}">${cpuUs.toFixed(0)}</text>`,
  ].join('')
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
