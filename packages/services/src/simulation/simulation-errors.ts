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

/** A production process would have used a service that is only simulated. */
export class SimulationRefusedError extends Error {
  readonly code = "SIMULATION_REFUSED";
  override readonly name = "SimulationRefusedError";

  /**
   * @param service the simulated service, e.g. `e-mail`
   * @param setting the environment variable that would choose the real one
   */
  constructor(service: string, setting: string) {
    super(
      `The ${service} service would only be simulated in production: set ${setting}, or ALLOW_SIMULATED=1 to accept it`,
    );
  }
}
