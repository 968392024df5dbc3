/** A simulated service failed on purpose; another attempt may succeed. */
export class SimulatedFailureError extends Error {
  readonly code = "SIMULATED_FAILURE";
  override readonly name = "SimulatedFailureError";

  constructor(service: string) {
    super(
      `The simulated ${service} service failed on purpose, as its failure rate says; another attempt may succeed`,
    );
  }
}
