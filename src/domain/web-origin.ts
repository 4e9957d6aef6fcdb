// Whose pages may call the API from a browser: origins (RFC 6454), each spelled as browsers send it, so that comparing texts is
// comparing origins. There is no pattern and no `*`: whoever may read accounts is named.
import * as z from "zod";

const ORIGINS_MAX = 20;
const PORT_MAX = 65_535;

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/** The port that the scheme has anyway is never written (RFC 6454 section 6.2). */
const portBut = (own: number) => `(?::(?!${own}$)([1-9]\\d{0,4}))?`;
const ENCRYPTED = new RegExp(`^https://${LABEL}(?:\\.${LABEL}){0,8}${portBut(443)}$`);
/** Pages of this machine: their requests reach no wire. */
const LOOPBACK = new RegExp(`^http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])${portBut(80)}$`);

/** `"https://app.example.com,https://desk.example.com"`, or the same as a list. Nobody where nothing is set. */
export const WebOrigins = z
  .union([z.string(), z.array(z.string())], { error: "must be origins, separated by commas" })
  .default([])
  .transform((setting) => (typeof setting === "string" ? itemsOf(setting) : setting))
  .superRefine((origins, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    if (origins.length > ORIGINS_MAX) refuse(`must hold at most ${ORIGINS_MAX} origins`);
    for (const [index, origin] of origins.entries()) {
      if (!isOrigin(origin)) refuse(`item ${index + 1} must be an origin, like https://app.example.com`);
    }
  });

/** Whether the pages come from this machine, and so without encryption. */
export const isLoopback = (origin: string): boolean => LOOPBACK.test(origin);

const itemsOf = (text: string): string[] => (text.trim() === "" ? [] : text.split(",").map((item) => item.trim()));

function isOrigin(text: string): boolean {
  const [origin, port = "0"] = ENCRYPTED.exec(text) ?? LOOPBACK.exec(text) ?? [];
  return origin !== undefined && Number(port) <= PORT_MAX;
}
