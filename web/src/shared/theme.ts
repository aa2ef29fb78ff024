/** Every token of the look: colour, type, radius, spacing. Stylesheets read them as `--pb-…`, Ant Design by `antdTheme`. */

export type ThemeMode = "light" | "dark";

const light = {
  canvas: "#f2f5f5",
  surface: "#ffffff",
  sunken: "#e9eeee",
  hover: "#edf2f2",
  selected: "#dcebea",
  border: "#d9e0e0",
  borderStrong: "#7e8b89",
  text: "#15201f",
  textSecondary: "#4c5957",
  textTertiary: "#5d6a68",
  accent: "#0f6b70",
  accentHover: "#0b5a5e",
  onAccent: "#ffffff",
  link: "#0f6b70",
  ownBubble: "#d5ebe8",
  otherBubble: "#ffffff",
  mention: "#c7e4e1",
  rail: "#15292c",
  railText: "#b7c7c8",
  railActive: "#2a4347",
  onRail: "#ffffff",
  badge: "#b42318",
  onBadge: "#ffffff",
  danger: "#b42318",
  warning: "#8a5300",
  warningSurface: "#fdf3dc",
  success: "#1d6b3a",
  successSurface: "#e4f3e8",
  dangerSurface: "#fdecea",
  highlight: "#fff1c2",
  scrim: "rgba(10, 20, 20, 0.45)",
  shadow: "0 6px 24px rgba(15, 35, 35, 0.16)",
};

const dark: typeof light = {
  canvas: "#13181a",
  surface: "#1b2224",
  sunken: "#0f1415",
  hover: "#232b2d",
  selected: "#1f3a3b",
  border: "#30393b",
  borderStrong: "#74817f",
  text: "#e5eae9",
  textSecondary: "#aab5b3",
  textTertiary: "#95a19f",
  accent: "#55bbb6",
  accentHover: "#71cbc6",
  onAccent: "#04201f",
  link: "#74cdc8",
  ownBubble: "#173d3d",
  otherBubble: "#222a2c",
  mention: "#1f4f4f",
  rail: "#0c1112",
  railText: "#9fb0b1",
  railActive: "#213234",
  onRail: "#f2f6f6",
  badge: "#f0776a",
  onBadge: "#2a0602",
  danger: "#f58c80",
  warning: "#e3b261",
  warningSurface: "#332a17",
  success: "#7ccb98",
  successSurface: "#17301f",
  dangerSurface: "#3a1d1a",
  highlight: "#4a3f17",
  scrim: "rgba(0, 0, 0, 0.6)",
  shadow: "0 6px 24px rgba(0, 0, 0, 0.5)",
};

export type Palette = typeof light;
export const palettes: Record<ThemeMode, Palette> = { light, dark };

/** Behind white initials; each keeps 4.5:1 against white. */
export const avatarColours = [
  "#0f6b70",
  "#3f5bb0",
  "#7a4a9e",
  "#a13d63",
  "#a4502a",
  "#7d6200",
  "#4a7023",
  "#1d6f52",
  "#2b6a96",
  "#5c6470",
] as const;

const cjkTraditional = '"Noto Sans CJK TC", "Noto Sans TC", "PingFang TC", "Microsoft JhengHei"';
const cjkSimplified = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei"';
const latin = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export const type = {
  family: `${cjkTraditional}, ${cjkSimplified}, ${latin}`,
  familySimplified: `${cjkSimplified}, ${cjkTraditional}, ${latin}`,
  familyMono: 'ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK TC", monospace',
  sizeSmall: 12,
  size: 14,
  sizeRead: 15,
  sizeTitle: 16,
  lineHeight: 1.6,
} as const;

export const radius = { small: 4, medium: 6, large: 10 } as const;
export const spacing = { xs: 4, s: 8, m: 12, l: 16, xl: 24 } as const;
export const layout = { rail: 72, list: 300, panel: 340, reading: 980, phoneMax: 767 } as const;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The custom properties for a mode, as the stylesheets know them. */
export function themeVariables(mode: ThemeMode, simplified: boolean): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(palettes[mode])) variables[`--pb-${kebab(name)}`] = value;
  for (const [name, value] of Object.entries(radius)) variables[`--pb-radius-${name}`] = `${value}px`;
  for (const [name, value] of Object.entries(spacing)) variables[`--pb-space-${name}`] = `${value}px`;
  variables["--pb-font"] = simplified ? type.familySimplified : type.family;
  variables["--pb-font-mono"] = type.familyMono;
  variables["--pb-size-small"] = `${type.sizeSmall}px`;
  variables["--pb-size"] = `${type.size}px`;
  variables["--pb-size-read"] = `${type.sizeRead}px`;
  variables["--pb-size-title"] = `${type.sizeTitle}px`;
  variables["--pb-line-height"] = String(type.lineHeight);
  variables["--pb-rail"] = palettes[mode].rail;
  variables["--pb-width-rail"] = `${layout.rail}px`;
  variables["--pb-width-list"] = `${layout.list}px`;
  variables["--pb-width-panel"] = `${layout.panel}px`;
  variables["--pb-width-reading"] = `${layout.reading}px`;
  return variables;
}

export function applyTheme(mode: ThemeMode, simplified: boolean): void {
  const root = document.documentElement;
  for (const [name, value] of Object.entries(themeVariables(mode, simplified))) {
    root.style.setProperty(name, value);
  }
  root.style.colorScheme = mode;
  root.dataset.theme = mode;
}

/** Tokens for Ant Design's ConfigProvider; the algorithm (dark or light) is added by the provider. */
export function antdTokens(mode: ThemeMode, simplified: boolean) {
  const palette = palettes[mode];
  return {
    token: {
      colorPrimary: palette.accent,
      colorInfo: palette.accent,
      colorLink: palette.link,
      colorError: palette.danger,
      colorSuccess: palette.success,
      colorWarning: palette.warning,
      colorPrimaryBg: palette.selected,
      colorPrimaryBgHover: palette.selected,
      colorWarningBg: palette.warningSurface,
      colorWarningBorder: palette.warning,
      colorSuccessBg: palette.successSurface,
      colorSuccessBorder: palette.success,
      colorErrorBg: palette.dangerSurface,
      colorErrorBorder: palette.danger,
      colorBgBase: palette.surface,
      colorBgContainer: palette.surface,
      colorBgElevated: palette.surface,
      colorBgLayout: palette.canvas,
      colorTextBase: palette.text,
      colorText: palette.text,
      colorTextSecondary: palette.textSecondary,
      colorTextTertiary: palette.textTertiary,
      colorTextDescription: palette.textTertiary,
      colorTextPlaceholder: palette.textTertiary,
      colorBorder: palette.border,
      colorBorderSecondary: palette.border,
      fontFamily: simplified ? type.familySimplified : type.family,
      fontSize: type.size,
      borderRadius: radius.medium,
      motionDurationFast: "0.1s",
      motionDurationMid: "0.15s",
      motionDurationSlow: "0.2s",
      wireframe: false,
    },
    components: {
      Button: {
        primaryColor: palette.onAccent,
        colorPrimary: palette.accent,
        colorPrimaryHover: palette.accentHover,
        colorPrimaryActive: palette.accentHover,
        primaryShadow: "none",
        defaultShadow: "none",
        dangerShadow: "none",
      },
      Tabs: { colorPrimary: palette.link, itemHoverColor: palette.link, itemSelectedColor: palette.link },
    },
  };
}
