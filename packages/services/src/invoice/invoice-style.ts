import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type PDFDocument from "pdfkit";

// Lengths are in points: 72 to the inch.

/** US Letter, since invoices are in dollars. */
export const PAGE = { width: 612, height: 792, margin: 54 } as const;

export const LEFT = PAGE.margin;
export const RIGHT = PAGE.width - PAGE.margin;
export const CONTENT_WIDTH = RIGHT - LEFT;

/** What belongs to the page's content ends here; the footer stands below. */
export const BOTTOM = PAGE.height - 84;

export const COLOR = {
  ink: "#101828",
  muted: "#667085",
  line: "#e4e7ec",
  shade: "#f5f6f8",
  accent: "#12263f",
  paid: "#067647",
  paidShade: "#e7f8ef",
} as const;

/** The document that the parts of an invoice draw on. */
export type Sheet = InstanceType<typeof PDFDocument>;

/** How a piece of text looks. */
export interface TextStyle {
  readonly font: "regular" | "bold";
  readonly size: number;
  readonly color: string;
  /** Figures of equal width, which line up in a column. */
  readonly isTabular?: boolean;
}

export const TEXT = {
  shop: { font: "bold", size: 15, color: "#ffffff" },
  title: { font: "bold", size: 24, color: COLOR.ink },
  label: { font: "bold", size: 7.5, color: COLOR.muted },
  body: { font: "regular", size: 9.5, color: COLOR.ink },
  number: { font: "regular", size: 9.5, color: COLOR.ink, isTabular: true },
  strong: { font: "bold", size: 9.5, color: COLOR.ink },
  total: { font: "bold", size: 13, color: COLOR.ink, isTabular: true },
  note: { font: "regular", size: 8, color: COLOR.muted },
} as const satisfies Record<string, TextStyle>;

let fonts: { readonly regular: Buffer; readonly bold: Buffer } | undefined;

/**
 * Embeds Inter: Latin, Greek, Cyrillic and Vietnamese. The fonts that every PDF reader has know Latin-1 only and would
 * turn other names into garbage; a character that Inter lacks becomes an empty box.
 */
export function registerFonts(sheet: Sheet): void {
  fonts ??= {
    regular: read(import.meta.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf")),
    bold: read(import.meta.resolve("@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf")),
  };
  sheet.registerFont("regular", fonts.regular);
  sheet.registerFont("bold", fonts.bold);
}

function read(url: string): Buffer {
  return readFileSync(fileURLToPath(url));
}
