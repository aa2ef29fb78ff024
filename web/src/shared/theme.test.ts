import { describe, expect, it } from "vitest";
import { avatarColours, type Palette, palettes } from "./theme";

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2, contrast ratio. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const pairs: [keyof Palette, keyof Palette][] = [
  ["text", "surface"],
  ["text", "canvas"],
  ["text", "ownBubble"],
  ["text", "otherBubble"],
  ["text", "highlight"],
  ["textSecondary", "surface"],
  ["textSecondary", "canvas"],
  ["textSecondary", "selected"],
  ["textSecondary", "sunken"],
  ["textSecondary", "hover"],
  ["textSecondary", "ownBubble"],
  ["textTertiary", "surface"],
  ["textTertiary", "canvas"],
  ["textTertiary", "hover"],
  ["textTertiary", "otherBubble"],
  ["link", "surface"],
  ["link", "canvas"],
  ["link", "selected"],
  ["link", "ownBubble"],
  ["link", "otherBubble"],
  ["link", "mention"],
  ["onAccent", "accent"],
  ["onAccent", "accentHover"],
  ["railText", "rail"],
  ["onRail", "railActive"],
  ["onBadge", "badge"],
  ["danger", "surface"],
  ["danger", "canvas"],
  ["warning", "warningSurface"],
];

describe.each(["light", "dark"] as const)("%s", (mode) => {
  it.each(pairs)("%s on %s keeps AA", (front, back) => {
    expect(contrast(palettes[mode][front], palettes[mode][back])).toBeGreaterThanOrEqual(4.5);
  });

  it("shows where a field ends", () => {
    expect(contrast(palettes[mode].borderStrong, palettes[mode].surface)).toBeGreaterThanOrEqual(3);
  });
});

it.each(avatarColours)("white initials can be read on %s", (colour) => {
  expect(contrast("#ffffff", colour)).toBeGreaterThanOrEqual(4.5);
});
