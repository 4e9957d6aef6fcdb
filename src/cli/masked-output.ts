// What wrangler prints, without the secrets in it. It prints the path of each request, and some paths let in whoever has them: the
// address of a source that cannot sign, and the link to a held order.

/** Behind the source, or the order, stands the token. A colon is a route's in the gateway's own log, which has no paths. */
const SECRET_PATH = /(\/(?:webhooks|approvals)\/[^\s/]+\/)(?!:)[^\s"]+/g;

/** Passes lines on as they get complete: output comes in pieces, and a path may stand on two of them. */
export class MaskedOutput {
  readonly #write: (text: string) => void;
  #rest = "";

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    const whole = this.#rest + text;
    const end = whole.lastIndexOf("\n") + 1;
    this.#rest = whole.slice(end);
    this.#pass(whole.slice(0, end));
  }

  /** A last line may have no end. */
  end(): void {
    this.#pass(this.#rest);
    this.#rest = "";
  }

  #pass(lines: string): void {
    if (lines !== "") this.#write(lines.replace(SECRET_PATH, "$1…"));
  }
}
