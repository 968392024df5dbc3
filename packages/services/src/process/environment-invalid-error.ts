/** The environment cannot be used; the message lists everything that is wrong with it, one line each. */
export class EnvironmentInvalidError extends Error {
  readonly code = "ENVIRONMENT_INVALID";
  override readonly name = "EnvironmentInvalidError";
  /** One line per problem: the variable's name, what is expected, what was found. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      ["The environment is not valid:", ...problems.map((problem) => `  ${problem}`)].join("\n"),
      options,
    );
    this.problems = problems;
  }
}
