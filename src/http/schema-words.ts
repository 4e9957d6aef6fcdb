// JSON Schema in words, for the reference page. Knows what the document uses, and shows anything else as `any value`.

export type Schema = Readonly<Record<string, unknown>>;

export type Field = {
  /** With the path to it: `reason.code`, `verdicts[].rule`. */
  readonly name: string;
  readonly required: boolean;
  readonly description: string | undefined;
  readonly schema: Schema;
};

/** The schemas that a value may have one of; most often the one. */
export const variantsOf = (schema: Schema): readonly Schema[] =>
  Array.isArray(schema["oneOf"]) ? schema["oneOf"].filter(isSchema) : [schema];

/** An object's fields, and right after each the fields inside it. */
export function fieldsOf(schema: Schema, prefix = ""): Field[] {
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  return Object.entries(schemasIn(schema["properties"])).flatMap(([key, property]) => {
    const name = `${prefix}${key}`;
    const description = textOf(property["description"]);
    const inner = isSchema(property["items"])
      ? fieldsOf(property["items"], `${name}[].`)
      : fieldsOf(property, `${name}.`);
    return [{ name, required: required.has(key), description, schema: property }, ...inner];
  });
}

/** The name of the schema that a reference points to. */
export function nameOf(schema: Schema): string | undefined {
  const reference = textOf(schema["$ref"]);
  return reference?.slice(reference.lastIndexOf("/") + 1);
}

/** The allowed values where they are listed, else the type. Code stands in backticks. */
export function wordsOf(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  const { type, anyOf, items } = schema;
  const values = schema["enum"];
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (Array.isArray(anyOf)) return [...new Set(anyOf.filter(isSchema).map(wordsOf))].join(" or ");
  if (isSchema(items)) return `array of ${wordsOf(items)}`;
  if (Array.isArray(type)) return type.join(" or ");
  return textOf(type) ?? "any value";
}

/** What else a value has to be, as the rest of the sentence that `wordsOf` begins. */
export function limitsOf(schema: Schema): string {
  const { format, pattern, minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const given: readonly (readonly [value: unknown, words: string])[] = [
    [format, `, ${String(format)}`],
    [pattern, `, \`${String(pattern)}\``],
    [minimum, `, from ${String(minimum)}`],
    [maximum, ` to ${String(maximum)}`],
    [minLength, `, at least ${String(minLength)} characters`],
    [maxLength, `, at most ${String(maxLength)} characters`],
    [minItems, `, from ${String(minItems)}`],
    [maxItems, ` to ${String(maxItems)} of them`],
    [schema["default"], `, ${String(schema["default"])} when absent`],
  ];
  return given.map(([value, words]) => (value === undefined ? "" : words)).join("");
}

const schemasIn = (value: unknown): Readonly<Record<string, Schema>> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a JSON Schema's properties are schemas
  isSchema(value) ? (value as Readonly<Record<string, Schema>>) : {};

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
